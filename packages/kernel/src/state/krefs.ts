/**
 * Kernel references: one safe integer that says object or promise, and which.
 *
 * Objects are even, promises odd: `ko7` is 14, `kp7` is 15. Numbers make cheap map keys and short
 * frames; `showKRef` spells them for people.
 */
import type { Brand } from '@heirloom/store';

export type KRef = Brand<number, 'KRef'>;

/** A reference as our own keys and slots have it: a number, or its digits. Not looked at. */
export const storedKRef = (kref: number | string): KRef => Number(kref) as KRef;

export const objectKRef = (n: number): KRef => storedKRef(n * 2);
export const promiseKRef = (n: number): KRef => storedKRef(n * 2 + 1);
export const isPromiseKRef = (kref: KRef): boolean => kref % 2 === 1;
export const krefNumber = (kref: KRef): number => Math.floor(kref / 2);
/** In the order of keys that begin with a reference: objects first. */
export const compareStored = (a: KRef, b: KRef): number => (a % 2) - (b % 2) || a - b;
/** The greatest number of an object or a promise that a key can spell. */
const NUMBER_MAX = 2 ** 48 - 1;
const SHOWN = /^k([op])(0|[1-9]\d{0,14})$/;

/** What `showKRef` spells so; undefined for any other text. */
export const parseKRef = (text: string): KRef | undefined => {
  const [, kind, digits] = SHOWN.exec(text) ?? [];
  const n = Number(digits);
  if (digits === undefined || n > NUMBER_MAX) return undefined;
  return kind === 'p' ? promiseKRef(n) : objectKRef(n);
};

export const showKRef = (kref: KRef): string =>
  `${isPromiseKRef(kref) ? 'kp' : 'ko'}${krefNumber(kref)}`;
