import { makeBuild } from './ledger.js';

export const buildRootObject = makeBuild({ fee: 1n });
