/** Goes wrong as it is loaded, before there is a vat. */
import { Far } from '@endo/far';
import { check } from './traced-steps.ts';

check(31);

export const buildRootObject = () => Far('never', {});
