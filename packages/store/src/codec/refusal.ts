/**
 * How the codec says no: texts close to endo's, with the place of the offence.
 *
 * Describing a value runs no code of a vat: no getter, no trap, no `toString`.
 */
import { types } from 'node:util';
import { isErrorLike } from './error-prototypes.js';

const { isProxy } = types;
const { isView } = ArrayBuffer;
const { getOwnPropertyDescriptor } = Object;
const { stringify } = JSON;
const { isArray } = Array;

/** How many of the innermost steps a message shows, and how many characters of any name. */
const PLACE_STEPS_MAX = 12;
const NAME_CHARS_MAX = 60;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** For whoever tells an author more than the message does. */
const refused = new WeakMap<object, object>();

/** The value within the one that was encoded for which `error` was thrown, where that is known. */
export function refusedValue(error: object): object | undefined {
  return refused.get(error);
}

/** Thrown inside the encoder; every container on the way out adds its step. */
export class Refusal {
  readonly #text: string;
  readonly #value: object | undefined;
  readonly #steps: (string | number)[] = [];

  constructor(text: string, value?: object) {
    this.#text = text;
    this.#value = value;
  }

  addStep(step: string | number): void {
    this.#steps.push(step);
  }

  /** The error for the caller: `TEXT (at [1].amount)`; the root has no place. */
  toTypeError(): TypeError {
    const shown = this.#steps.slice(0, PLACE_STEPS_MAX).reverse();
    const place = shown.map(spellStep).join('');
    const cut = this.#steps.length > PLACE_STEPS_MAX ? '...' : '';
    const text = place === '' ? this.#text : `${this.#text} (at ${cut}${place})`;
    const error = new TypeError(text);
    if (this.#value !== undefined) refused.set(error, this.#value);
    return error;
  }
}

function spellStep(step: string | number): string {
  if (typeof step === 'number') {
    return `[${step}]`;
  }
  const name = shorten(step);
  return IDENTIFIER.test(name) ? `.${name}` : `[${stringify(name)}]`;
}

function shorten(name: string): string {
  return name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}...` : name;
}

/** The place a name takes in a message. */
export function quote(name: string | number): string {
  return stringify(typeof name === 'string' ? shorten(name) : name);
}

/** Adds `step` if `error` is a refusal; returns it to be thrown on. */
export function located(error: unknown, step: string | number): unknown {
  if (error instanceof Refusal) {
    error.addStep(step);
  }
  return error;
}

/** A value in a message: as endo redacts it, but for functions, which endo quotes by name. */
export function describe(value: object): string {
  if (isProxy(value)) {
    return '(a proxy)';
  }
  if (typeof value === 'function') {
    const name: unknown = getOwnPropertyDescriptor(value, 'name')?.value;
    return `"[Function ${typeof name === 'string' && name !== '' ? shorten(name) : '<anon>'}]"`;
  }
  return isArray(value) ? '(an array)' : '(an object)';
}

export function refuseProxy(proxy: object): Refusal {
  return new Refusal('Cannot pass proxies', proxy);
}

export function refuseThenable(): Refusal {
  return new Refusal('Cannot pass non-promise thenables');
}

export function refuseAccessor(name: string | number): Refusal {
  return new Refusal(`${quote(name)} must not be an accessor property: (an object)`);
}

export function refuseHidden(name: string | number): Refusal {
  return new Refusal(`${quote(name)} must be an enumerable property: (an object)`);
}

export function refuseSymbol(symbol: symbol): Refusal {
  const shown = stringify(`[${shorten(String(symbol))}]`);
  return new Refusal(`Only registered symbols or well-known symbols are passable: ${shown}`);
}

export function refuseUnfrozen(value: object): Refusal {
  const shown = describe(value);
  return isView(value)
    ? new Refusal(`Cannot pass mutable typed arrays like ${shown}.`)
    : new Refusal(`Cannot pass non-frozen objects like ${shown}. Use harden()`);
}

/** A hole, or a property that is no index. */
export function refuseArrayKeys(array: readonly unknown[]): Refusal {
  const count = array.length;
  for (let i = 0; i < count; i += 1) {
    if (getOwnPropertyDescriptor(array, i) === undefined) {
      return new Refusal(`${i} property expected: (an array)`);
    }
  }
  return new Refusal('Arrays must not have non-indexes: (an array)');
}

/** An object that is neither copy data nor passes by reference. */
export function refuseObject(value: object): Refusal {
  if (isErrorLike(value)) {
    return new Refusal(
      `Passable Error must inherit from an error class .prototype: ${describe(value)}`,
    );
  }
  if (typeof getOwnPropertyDescriptor(value, 'then')?.value === 'function') {
    return refuseThenable();
  }
  return new Refusal(`Remotables must be explicitly declared: ${describe(value)}`, value);
}
