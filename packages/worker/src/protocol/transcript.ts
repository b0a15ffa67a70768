/**
 * What a row of the transcript says about how a wave went: a check for every crank and one digest
 * over all of them (see `TranscriptTuple`). The kernel writes it, a replay compares.
 *
 * Theory of operation. The digest is what counts (rules.md#t3); the checks only name the crank that
 * differs. Cranks are short, so they are gathered into a buffer: updating the hash twice a crank
 * would cost more than the hash.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { atOnce, type Steps } from '@heirloom/store/steps';
import type { Height } from '@heirloom/store/types';

/** In Node since 20.15; `@types/node` has none. */
const crc32: unknown = Reflect.get(zlib, 'crc32');
assert(typeof crc32 === 'function', 'node:zlib has no crc32: Node 20.15 or later is needed');

const GATHERED_BYTES_MAX = 64 * 1024;
/** Of a crank that is not gathered, a step takes so much. */
const SLICE_BYTES = 512 * 1024;
const LENGTH_BYTES = 4;
export const CHECK_BYTES = 4;

/**
 * A row of the transcript table, key (vat, incarnation, position of its first delivery): what one
 * wave delivered to the vat and how that went. One row per vat and wave: a row per crank costs more
 * in rows and hashes than the cranks themselves.
 */
export type TranscriptTuple = readonly [
  height: Height,
  wave: number,
  deliveries: readonly Uint8Array[],
  /** CRC-32 of each packed `CrankTuple`, u32 big-endian, in order: they name what diverged. */
  checks: Uint8Array,
  /** sha256 over every packed `CrankTuple`, each behind its length as u32 big-endian. */
  digest: Uint8Array,
];

/** The CRC-32 of a packed crank, or of what stands behind the bytes whose CRC-32 is `before`. */
export const transcriptCheck = (packed: Uint8Array, before = 0): number => crc32(packed, before);

/** The check of the `index`th crank of a row's `checks`. */
export const checkAt = (checks: Uint8Array, index: number): number =>
  Buffer.from(checks.buffer, checks.byteOffset, checks.length).readUInt32BE(index * CHECK_BYTES);

export interface TranscriptSums {
  readonly checks: Uint8Array;
  readonly digest: Uint8Array;
}

const lengthOf = (packed: Uint8Array): Uint8Array => {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(packed.length);
  return length;
};

/** The sums of one row: `add` every packed crank in order, then `finish` once. */
export class TranscriptDigest {
  readonly #hash = createHash('sha256');
  readonly #checks: number[] = [];
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;

  /** Keeps `packed` until a later call: it must not change. Returns its check. */
  add(packed: Uint8Array): number {
    if (packed.length > GATHERED_BYTES_MAX) return atOnce(this.adding(packed));
    const check = transcriptCheck(packed);
    this.#checks.push(check);
    this.#gathered.push(packed);
    this.#gatheredBytes += LENGTH_BYTES + packed.length;
    if (this.#gatheredBytes >= GATHERED_BYTES_MAX) this.#flush();
    return check;
  }

  /** The same in steps: a crank may have a hundred megabytes. */
  *adding(packed: Uint8Array): Steps<number> {
    if (packed.length <= GATHERED_BYTES_MAX) return this.add(packed);
    this.#flush();
    this.#hash.update(lengthOf(packed));
    let check = 0;
    for (let at = 0; at < packed.length; at += SLICE_BYTES) {
      const slice = packed.subarray(at, at + SLICE_BYTES);
      check = transcriptCheck(slice, check);
      this.#hash.update(slice);
      yield;
    }
    this.#checks.push(check);
    return check;
  }

  finish(): TranscriptSums {
    this.#flush();
    const checks = Buffer.alloc(this.#checks.length * CHECK_BYTES);
    this.#checks.forEach((check, i) => checks.writeUInt32BE(check, i * CHECK_BYTES));
    return { checks: new Uint8Array(checks), digest: new Uint8Array(this.#hash.digest()) };
  }

  #flush(): void {
    const bytes = Buffer.allocUnsafe(this.#gatheredBytes);
    let end = 0;
    for (const packed of this.#gathered) {
      end = bytes.writeUInt32BE(packed.length, end);
      bytes.set(packed, end);
      end += packed.length;
    }
    this.#hash.update(bytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}

/** The sums of a row whose cranks are all at hand. */
export const transcriptSums = (cranks: Iterable<Uint8Array>): TranscriptSums => {
  const sums = new TranscriptDigest();
  for (const packed of cranks) sums.add(packed);
  return sums.finish();
};
