import { Far } from '@endo/far';

export const buildRootObject = () => {
  const go = () => (() => { throw Error('here'); })();
  return Far('root', { go });
};
