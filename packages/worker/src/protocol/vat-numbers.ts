/**
 * Numbers that go with a vat: its own, and those of its incarnations, of the positions of their
 * deliveries and of the spaces of rows. Each is a type of its own, so that none is taken for
 * another; docs/internals/brands.md says where they are checked.
 *
 * What is called `stored...` takes a number as a key or a row of the store has it, without a look.
 */
import assert from 'node:assert/strict';
import { isNatural, type Brand } from '@heirloom/store/types';

/** A vat's number, from 1. */
export type VatNumber = Brand<number, 'VatNumber'>;
/** A vat's number as text: `v1`, `v2`, ... */
export type VatId = Brand<string, 'VatId'>;
/** The number of an incarnation of a vat, from 0. */
export type Incarnation = Brand<number, 'Incarnation'>;
/** The place of a delivery among those of its incarnation, from 0. */
export type Position = Brand<number, 'Position'>;
/** The number of a space: rows that one vat writes and others may share. */
export type Space = Brand<number, 'Space'>;

/** Is it a vat's number? A sentinel, which stands for no vat, is none. */
export const isVatNumber = (n: number): n is VatNumber => Number.isSafeInteger(n) && n > 0;

/** Errors: AssertionError for what is no vat's number. */
export const vatNumberFrom = (n: number): VatNumber => {
  assert(isVatNumber(n), `a vat's number expected, got ${n}`);
  return n;
};

export const storedVatNumber = (n: number): VatNumber => n as VatNumber;

export const FIRST_VAT = vatNumberFrom(1);

export const vatNumberAfter = (vat: VatNumber): VatNumber => storedVatNumber(vat + 1);

export const vatIdOf = (vat: VatNumber): VatId => `v${vat}` as VatId;

const VAT_ID = /^v([1-9][0-9]{0,14})$/;

/** The vat of an id; undefined for what is none. */
export const vatNumberOf = (vatId: string): VatNumber | undefined => {
  const digits = VAT_ID.exec(vatId)?.[1];
  return digits === undefined ? undefined : storedVatNumber(Number(digits));
};

export const storedIncarnation = (n: number): Incarnation => n as Incarnation;

/** Errors: AssertionError for what is no incarnation's number. */
export const incarnationFrom = (n: number): Incarnation => {
  assert(isNatural(n), `an incarnation's number expected, got ${n}`);
  return storedIncarnation(n);
};

export const FIRST_INCARNATION = incarnationFrom(0);

export const nextIncarnation = (incarnation: Incarnation): Incarnation =>
  storedIncarnation(incarnation + 1);

export const isPosition = (n: unknown): n is Position => isNatural(n);

/** Errors: AssertionError for what is no position. */
export const positionFrom = (n: number): Position => {
  assert(isPosition(n), `a position expected, got ${n}`);
  return n;
};

export const storedPosition = (n: number): Position => n as Position;

export const FIRST_POSITION = positionFrom(0);

/** The position that is `count` deliveries further on. */
export const positionAfter = (position: Position, count = 1): Position =>
  storedPosition(position + count);

export const storedSpace = (n: number): Space => n as Space;

/** The space that is made together with a vat, and has its number. */
export const spaceOf = (vat: VatNumber): Space => storedSpace(vat);

/** Errors: AssertionError for what is no space's number. */
export const spaceFrom = (n: number): Space => spaceOf(vatNumberFrom(n));

/** The spaces that a vat's rows stand in: its own, and those below that it shares. */
export type Spaces = readonly [own: Space, ...below: Space[]];

/** The one that is below all others. */
export const lowestOf = (spaces: Spaces): Space => spaces.at(-1) ?? spaces[0];
