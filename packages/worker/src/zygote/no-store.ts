import { FIRST_HEIGHT } from '@heirloom/store/types';

/** What a worker reads that serves no vat: a store without rows. */
export const NO_STORE = {
  begin: () => ({
    height: FIRST_HEIGHT,
    get: () => undefined,
    keysAfter: () => [],
    done: () => undefined,
  }),
  close: async () => undefined,
};
