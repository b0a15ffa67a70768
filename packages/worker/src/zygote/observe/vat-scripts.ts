/**
 * Programs of observations that are vat code: woven, and evaluated in a compartment of the realm
 * with the globals of a vat, but for those that liveslots makes.
 */
import { check } from '../../check.js';
import type { VatCompartment } from '../../contracts/vat-environment.js';
import { weave } from '../../weave/weave.js';
import { makeVatCompartment } from '../vat-compartment.js';

type Evaluate = (source: string) => unknown;

const CHILD = '(() => { const child = new Compartment(); return text => child.evaluate(text); })()';

const isFunction = (value: unknown): value is Function => typeof value === 'function';

/** Made when they are needed: most workers serve a vat, and observe nothing. */
let compartment: VatCompartment | undefined;
let child: unknown;

/** What a script gives, in a compartment that all observations share. */
export const evaluateScript: Evaluate = source => {
  compartment ??= makeVatCompartment({}, () => undefined);
  return compartment.evaluate(weave(source));
};

/** What a function of a script gives. */
export const call = (value: unknown, ...args: readonly unknown[]): unknown => {
  check(isFunction(value), 'a script has given a function');
  return Reflect.apply(value, undefined, args);
};

/** As vat code evaluates: any text, in a child of its compartment. */
export const evaluateInChild: Evaluate = source => {
  child ??= evaluateScript(CHILD);
  return call(child, source);
};

/** The elements of what a script has given. */
export const elementsOf = (value: unknown): readonly unknown[] => {
  check(Array.isArray(value), 'a script has given a list');
  return value;
};
