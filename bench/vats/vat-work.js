// A vat that only computes.
import { Far } from '@endo/far';

export const buildRootObject = () => {
  let state = 1;
  return Far('work', {
    /** Xorshift, `rounds` times; goes on where the last call ended. */
    spin(rounds) {
      for (let i = 0; i < rounds; i += 1) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
      }
      return state;
    },
  });
};
