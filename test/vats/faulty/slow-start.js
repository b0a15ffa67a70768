import { Far } from '@endo/far';

/**
 * Calls VatData while the module is evaluated: it can only be evaluated in the crank (rules.md#u4).
 */
const kind = VatData.makeKindHandle('Early');

export const buildRootObject = () => {
  VatData.defineDurableKind(kind, () => ({}), { ping: () => 'pong' });
  return Far('root', { ping: () => 'pong' });
};
