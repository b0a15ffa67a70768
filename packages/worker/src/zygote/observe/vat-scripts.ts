/**
 * Programs of observations that are vat code: woven, and evaluated in a compartment of the realm
 * with the globals of a vat, but for those that liveslots makes.
 */
import type { VatCompartment } from '../../contracts/vat-environment.js';
import { weave } from '../../weave/weave.js';
import { makeVatCompartment } from '../vat-compartment.js';

type Evaluate = (source: string) => unknown;

const CHILD = '(() => { const child = new Compartment(); return text => child.evaluate(text); })()';

/** Made when they are needed: most workers serve a vat, and observe nothing. */
let compartment: VatCompartment | undefined;
let child: Evaluate | undefined;

/** What a script gives, in a compartment that all observations share. */
export const evaluateScript: Evaluate = source => {
  compartment ??= makeVatCompartment({}, () => undefined);
  return compartment.evaluate(weave(source));
};

/** As vat code evaluates: any text, in a child of its compartment. */
export const evaluateInChild: Evaluate = source => {
  child ??= evaluateScript(CHILD) as Evaluate;
  return child(source);
};
