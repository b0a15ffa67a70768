// Releases that do not start; `how` says which.
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const rename = baggage => {
  const handle = VatData.makeKindHandle('Ticket');
  baggage.init('Ticket2', handle);
  VatData.defineDurableKind(handle, () => ({}), {}); // HANDLE_NOT_KEPT
};

const renameKind = baggage => {
  for (const name of ['Heard', 'Ride_kindHandle']) {
    VatData.defineDurableKind(baggage.get(name), () => ({}), { onFulfilled: () => 1 });
  }
  const handle = VatData.makeKindHandle('Pass');
  VatData.defineDurableKind(handle, () => ({}), {}); // KIND_RENAMED
};

const wait = async baggage => {
  await E(baggage.get('directory')).swallow('here'); // START_WAITS
};

export const buildRootObject = async (_vatPowers, { how }, baggage) => {
  if (how === 'waits') await wait(baggage);
  else if (how === 'renames the kind') renameKind(baggage);
  else rename(baggage);
  return Far('fair', {});
};
