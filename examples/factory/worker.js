import { Far } from '@endo/far';

export const buildRootObject = (_vatPowers, { number }) =>
  Far('worker', { hello: () => `worker ${number} at work` });
