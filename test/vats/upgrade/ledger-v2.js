import { makeBuild } from './ledger.js';

export const buildRootObject = makeBuild({ fee: 2n, isLoud: true, hasTotal: true });
