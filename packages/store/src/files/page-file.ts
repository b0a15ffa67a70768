/**
 * The pages of LMDB's data file, as bytes and as what they say: layout only, no judgement.
 *
 * Layout (lmdb-js 3, LMDB data format 2, little-endian). Every page begins with 24 bytes: its own
 * number u64 ‖ transaction u64 ‖ u16 ‖ flags u16 ‖ lower u16 ‖ upper u16; where an overflow page
 * begins, the last two are one u32, how many pages there are. Pages 0 and 1 are heads (*metas*):
 * magic u32 ‖ version u32 ‖ address u64 ‖ map size u64 ‖ two trees ‖ last page u64 ‖ transaction
 * u64. A tree is 48 bytes: u32 (of the first: the page size) ‖ flags u16 ‖ depth u16 ‖ branch pages
 * u64 ‖ leaf pages u64 ‖ overflow pages u64 ‖ entries u64 ‖ root u64. Branch and leaf pages have a
 * list of u16 behind the head, up to `lower`: where each node is, counted from behind the head. A
 * node is low u16 ‖ high u16 ‖ flags u16 ‖ key length u16 ‖ key ‖ value. In a branch, low, high and
 * flags are the number of a page; in a leaf, low and high are the length of the value, and the
 * value may be one of 24 bytes that names overflow pages: page u64 ‖ transaction u64 ‖ pages u64.
 *
 * Numbers past 2^53 of a damaged file lose their last bits: they are past every limit anyway.
 */
import fs from 'node:fs';
import { describeError, systemErrorCode } from '../host-error.js';

export const MAGIC = 0xbeefc0de;
export const HEAD_BYTES = 24;
const VERSION_AT = HEAD_BYTES + 4;
const FREE_TREE_AT = HEAD_BYTES + 24;
export const TREE_BYTES = 48;
const LAST_PAGE_AT = FREE_TREE_AT + 2 * TREE_BYTES;
const TRANSACTION_AT = LAST_PAGE_AT + 8;
const META_BYTES = TRANSACTION_AT + 8;
export const PAGE_BYTES_MIN = 256;
export const PAGE_BYTES_MAX = 65_536;
/** The root of a tree without rows. */
export const NO_PAGE = 2 ** 64;
/** Pages 0 and 1. */
export const META_PAGES = 2;

export const PageFlag = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;
/** A value that stands in overflow pages; a value that is the record of a tree. */
export const NodeFlag = { big: 1, tree: 2 } as const;
export const NODE_HEAD_BYTES = 8;
export const BIG_BYTES = 24;

export interface TreeRecord {
  readonly flags: number;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
  readonly root: number;
}

/** One of the two heads of the file. */
export interface MetaPage {
  readonly magic: number;
  readonly version: number;
  readonly pageBytes: number;
  readonly free: TreeRecord;
  readonly main: TreeRecord;
  readonly lastPage: number;
  readonly transaction: number;
}

/** What is wrong with a page: there is nothing more to be learnt from it. */
export class Unreadable extends Error {}

/** What a disk says of a sector that it cannot read. */
const BAD_SECTOR = 'EIO';

/** Reads as `fs.readSync`. Errors: Unreadable where the disk cannot; others of the system. */
const readAt = (fd: number, into: Buffer, done: number, at: number): number => {
  try {
    return fs.readSync(fd, into, done, into.length - done, at);
  } catch (error) {
    if (systemErrorCode(error) !== BAD_SECTOR) throw error;
    throw new Unreadable(`the disk cannot read it: ${describeError(error)}`);
  }
};

export const u64At = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;

export const treeAt = (bytes: Buffer, at: number): TreeRecord => ({
  flags: bytes.readUInt16LE(at + 4),
  depth: bytes.readUInt16LE(at + 6),
  branchPages: u64At(bytes, at + 8),
  leafPages: u64At(bytes, at + 16),
  overflowPages: u64At(bytes, at + 24),
  entries: u64At(bytes, at + 32),
  root: u64At(bytes, at + 40),
});

/**
 * The head that stands at a byte of the file; undefined where the file ends before it does.
 * Errors: Unreadable.
 */
export const readMeta = (fd: number, at: number): MetaPage | undefined => {
  const bytes = Buffer.alloc(META_BYTES);
  if (readAt(fd, bytes, 0, at) < META_BYTES) return undefined;
  return {
    magic: bytes.readUInt32LE(HEAD_BYTES),
    version: bytes.readUInt32LE(VERSION_AT),
    pageBytes: bytes.readUInt32LE(FREE_TREE_AT),
    free: treeAt(bytes, FREE_TREE_AT),
    main: treeAt(bytes, FREE_TREE_AT + TREE_BYTES),
    lastPage: u64At(bytes, LAST_PAGE_AT),
    transaction: u64At(bytes, TRANSACTION_AT),
  };
};

/** Gives pages, and parts of them. Errors: Unreadable. */
export class PageFile {
  readonly #fd: number;
  readonly pageBytes: number;
  /** Pages that the file has in full. */
  readonly pageCount: number;
  readonly #scratch: Buffer;

  constructor(fd: number, pageBytes: number) {
    this.#fd = fd;
    this.pageBytes = pageBytes;
    this.pageCount = Math.floor(fs.fstatSync(fd).size / pageBytes);
    this.#scratch = Buffer.allocUnsafeSlow(pageBytes);
  }

  /** A page that the file has. Without `isKept` it is valid until the next one is asked for. */
  page(number: number, isKept: boolean): Buffer {
    return this.#read(number, isKept ? Buffer.allocUnsafe(this.pageBytes) : this.#scratch);
  }

  /** What a page begins with. */
  head(number: number): Buffer {
    return this.#read(number, Buffer.allocUnsafe(HEAD_BYTES));
  }

  /** Consecutive pages. */
  pages(first: number, count: number): Buffer {
    return this.#read(first, Buffer.allocUnsafe(count * this.pageBytes));
  }

  #read(first: number, into: Buffer): Buffer {
    let done = 0;
    while (done < into.length) {
      const at = first * this.pageBytes + done;
      const read = readAt(this.#fd, into, done, at);
      if (read === 0) throw new RangeError(`page ${first} is past the end of the file`);
      done += read;
    }
    return into;
  }
}

/** The node at a place of the list of a branch or a leaf page. */
export class PageNode {
  /** First byte of the node within its page. */
  readonly at: number;
  readonly flags: number;
  readonly keyBytes: number;
  readonly #page: Buffer;

  constructor(page: Buffer, index: number) {
    this.#page = page;
    this.at = HEAD_BYTES + page.readUInt16LE(HEAD_BYTES + 2 * index);
    const isWithin = this.at + NODE_HEAD_BYTES <= page.length;
    this.flags = isWithin ? page.readUInt16LE(this.at + 4) : 0;
    this.keyBytes = isWithin ? page.readUInt16LE(this.at + 6) : 0;
  }

  get keyAt(): number {
    return this.at + NODE_HEAD_BYTES;
  }

  get valueAt(): number {
    return this.keyAt + this.keyBytes;
  }

  /** In a leaf: how long the value is, wherever it stands. */
  get valueBytes(): number {
    return this.#page.readUInt16LE(this.at) + this.#page.readUInt16LE(this.at + 2) * 0x10000;
  }

  /** In a branch: the page below. */
  get child(): number {
    return this.valueBytes + this.flags * 2 ** 32;
  }

  /** A view. */
  get key(): Buffer {
    return this.#page.subarray(this.keyAt, this.valueAt);
  }
}
