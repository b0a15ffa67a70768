/**
 * The globals that endo's libraries and vat bundles look for, without lockdown. Tests of the worker
 * import this before everything else: it decides which `harden` the libraries of the process use.
 *
 * `harden` freezes own properties all the way down and leaves prototypes alone, so that the test
 * runner's realm stays as it is.
 */
import type { Hardening } from '../contracts/hardening.js';
import { makeHandledPromises } from '../eventual-send/handled-promise.js';
import type { HandledPromises } from '../contracts/handled-promises.js';

const marks = new WeakSet<object>();

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

const visit = (value: unknown): void => {
  if (!isObject(value) || marks.has(value)) return;
  marks.add(value);
  if (ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    visit(property.value);
    visit(property.get);
    visit(property.set);
  }
};

export const plainHardening: Hardening = {
  harden: value => {
    visit(value);
    return value;
  },
  isHardened: value => !isObject(value) || marks.has(value),
  bornHardened: value => {
    marks.add(value);
    return Object.freeze(value);
  },
};

export const plainHandledPromises: HandledPromises = makeHandledPromises(plainHardening, error => {
  setImmediate(() => {
    throw error;
  });
});

const install = (target: object, key: PropertyKey, value: unknown): void => {
  Object.defineProperty(target, key, { value, writable: true, configurable: true });
};
install(Object, Symbol.for('harden'), plainHardening.harden);
install(globalThis, 'harden', plainHardening.harden);
install(globalThis, 'HandledPromise', plainHandledPromises.HandledPromise);
