/** Data of vat code as it crosses: canonical bytes, and the references that they mention. */
import type { VRef } from './refs.js';

/** Canonical bytes of a passable. */
export type Body = Uint8Array;
export type Slots = readonly VRef[];
export type Resolution = readonly [vpid: VRef, rejected: boolean, body: Body, slots: Slots];
