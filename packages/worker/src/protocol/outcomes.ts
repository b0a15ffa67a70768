/** What can be told of a packed crank without reading it whole. */
import { AssertionError } from 'node:assert';
import { partOf } from '@heirloom/store/bytes';
import { FrameCursor } from './frame-cursor.js';
import { Syscall } from './opcodes.js';
import { crankWeight } from './parts.js';

/** A `CrankTuple` is an array of four: one byte; its outcome follows. */
export const CRANK_HEAD = 0x94;
const OUTCOME_AT = 1;
const NIL = 0xc0;

/** Has the crank faulted? True for what is no crank: merging it ends the vat all the same. */
const hasFaulted = (packed: Uint8Array): boolean => packed[OUTCOME_AT] !== NIL;

/** Behind an outcome that is null; of what is no crank, whatever. */
const syscallsIn = (packed: Uint8Array): number => {
  try {
    return new FrameCursor(partOf(packed, OUTCOME_AT + 1)).list();
  } catch (error) {
    if (error instanceof AssertionError) return 0;
    throw error;
  }
};

/** What a packed crank counts for in its vat's part of a wave. */
export const packedWeight = (packed: Uint8Array): number =>
  crankWeight(packed.length, hasFaulted(packed) ? 0 : syscallsIn(packed));

/** Does the vat exit in it? What is no crank does not: merging it ends the vat all the same. */
const hasExited = (packed: Uint8Array): boolean => {
  const cursor = new FrameCursor(partOf(packed, OUTCOME_AT + 1));
  try {
    for (let left = cursor.list(); left > 0; left -= 1) {
      const fields = cursor.list();
      if (fields === 0) return false;
      if (cursor.integer() === Syscall.exit) return true;
      for (let i = 1; i < fields; i += 1) cursor.skip();
    }
    return false;
  } catch (error) {
    if (error instanceof AssertionError) return false;
    throw error;
  }
};

/**
 * Does the vat's part of a wave end with this crank? Its vat ends, whatever comes of the crank: a
 * worker of this release runs nothing behind it, one on an older image runs on behind an exit.
 */
export const endsPart = (packed: Uint8Array): boolean => hasFaulted(packed) || hasExited(packed);
