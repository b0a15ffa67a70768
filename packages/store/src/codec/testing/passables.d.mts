import type { Arbitrary } from 'fast-check';

export const PASS_STYLE: unique symbol;
export const strings: Arbitrary<string>;
export const numbers: Arbitrary<number>;
export const bigints: Arbitrary<bigint>;
export function makeTagged(tag: string, payload: unknown): object;
export function makeRecord(entries: readonly (readonly [string, unknown])[]): object;
export function makeByteArray(bytes: readonly number[]): object;
export function passables(references: readonly object[]): Arbitrary<unknown>;
export function makeSame(
  sameReference: (a: unknown, b: unknown) => boolean,
): (a: unknown, b: unknown) => boolean;
