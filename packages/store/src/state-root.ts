/**
 * The state root: one hash over the whole state, and how a block's hash can contain it.
 *
 *   leaf  = sha256(00 ‖ sha256(chunk))            chunks in order: state-chunks.ts
 *   node  = sha256(01 ‖ left ‖ right)             level by level; one without a partner rises
 *   sealed block hash = sha256(SEAL ‖ plain block hash ‖ state root after the block)
 *
 * A *sealed* block is one whose hash contains the state root: whoever knows its hash can check the
 * whole state. Every other block's hash is plain (rules.md#t6).
 *
 * Cost: every row of the state is read; docs/state-sync.md has figures.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { HASH_BYTES } from './block-hash.js';
import { chunkingState } from './state-chunks.js';
import { atOnce, required, type RowScan, type Steps } from './types.js';

const SEAL = Buffer.from('heirloom sealed block 1\n', 'ascii');
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
};

export const chunkHash = (bytes: Uint8Array): Uint8Array => sha256(bytes);

/** The root over the hashes of all chunks, in order. */
export function rootOfChunks(chunkHashes: readonly Uint8Array[]): Uint8Array {
  assert(chunkHashes.length > 0, 'a state has rows');
  let level = chunkHashes.map((hash) => {
    assert.equal(hash.length, HASH_BYTES, 'a chunk hash');
    return sha256(LEAF, hash);
  });
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [required(level[i], 'a hash'), level[i + 1]];
      above.push(right === undefined ? left : sha256(NODE, left, right));
    }
    level = above;
  }
  return required(level[0], 'the root');
}

/** The root of the state that the view shows. */
export const stateRoot = (view: RowScan): Uint8Array => atOnce(hashingState(view));

/** The same in steps. */
export function* hashingState(view: RowScan): Steps<Uint8Array> {
  const hashes: Uint8Array[] = [];
  for (const chunk of chunkingState(view)) {
    if (chunk !== undefined) hashes.push(chunkHash(chunk.bytes));
    yield;
  }
  return rootOfChunks(hashes);
}

/** The hash of a block that contains the state root. */
export function sealedHash(plain: Uint8Array, root: Uint8Array): Uint8Array {
  assert(plain.length === HASH_BYTES && root.length === HASH_BYTES, 'two hashes');
  return sha256(SEAL, plain, root);
}

/** What a block's row in `blocks` says: its hash, and for a sealed block what that is made of. */
export interface BlockRecord {
  readonly hash: Uint8Array;
  readonly seal?: Seal;
}

export interface Seal {
  readonly plain: Uint8Array;
  readonly root: Uint8Array;
}

export function packBlockRecord({ hash, seal }: BlockRecord): Uint8Array {
  return seal === undefined ? hash : Uint8Array.from(
    Buffer.concat([hash, seal.plain, seal.root]),
  );
}

/** `undefined`: the bytes are no such row. */
export function unpackBlockRecord(bytes: Uint8Array): BlockRecord | undefined {
  if (bytes.length === HASH_BYTES) return { hash: bytes };
  if (bytes.length !== 3 * HASH_BYTES) return undefined;
  return {
    hash: bytes.slice(0, HASH_BYTES),
    seal: {
      plain: bytes.slice(HASH_BYTES, 2 * HASH_BYTES),
      root: bytes.slice(2 * HASH_BYTES),
    },
  };
}
