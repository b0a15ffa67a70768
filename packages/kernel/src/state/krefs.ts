/**
 * Kernel references: one safe integer that says object or promise, and which.
 *
 * Objects are even, promises odd: `ko7` is 14, `kp7` is 15. Numbers make cheap map keys and short
 * frames; `showKRef` spells them for people.
 */
import assert from 'node:assert/strict';

declare const krefBrand: unique symbol;
export type KRef = number & { readonly [krefBrand]: true };

export const objectKRef = (n: number): KRef => (n * 2) as KRef;
export const promiseKRef = (n: number): KRef => (n * 2 + 1) as KRef;
export const isPromiseKRef = (kref: KRef): boolean => kref % 2 === 1;
export const krefNumber = (kref: KRef): number => Math.floor(kref / 2);
export const showKRef = (kref: KRef): string =>
  `${isPromiseKRef(kref) ? 'kp' : 'ko'}${krefNumber(kref)}`;

/** Reads `ko7` or `kp7`, as a person or a log spells it. */
export const parseKRef = (text: string): KRef | undefined => {
  const match = /^k([op])([0-9]{1,15})$/.exec(text);
  if (match === null) return undefined;
  const n = Number(match[2]);
  assert(Number.isSafeInteger(n));
  return match[1] === 'o' ? objectKRef(n) : promiseKRef(n);
};
