/**
 * Reads packed cranks by their shape, and checks what they hold while it does.
 *
 * The kernel trusts no worker. Invariants: nothing is made of a crank that its shape does not ask
 * for, and every list is counted before its first element is read, so that reading costs memory in
 * proportion to a crank that keeps the limits; what breaks one, or is no crank, is a VatFault that
 * undoes the crank. Ownership of references is checked where they are used: syscalls.ts.
 */
import { AssertionError } from 'node:assert';
import { atOnce, isNatural, type Steps } from '@heirloom/store';
import {
  BODY_BYTES_MAX,
  CRANK_BYTES_MAX,
  CRANK_HEAD,
  ELEMENTS_PER_CRANK_MAX,
  FrameCursor,
  isReference,
  limitedWeight,
  MIGRATION_FAILURES_MAX,
  MIGRATION_REASON_CHARS_MAX,
  readAsciiText,
  readInterface,
  readTag,
  REFERENCES_PER_CRANK_MAX,
  REPORT_CHARS_MAX,
  ROW_BYTES_MAX,
  ROW_KEY_BYTES_MAX,
  ROWS_PER_CRANK_MAX,
  SLOTS_MAX,
  Syscall,
  SYSCALLS_PER_CRANK_MAX,
  tooHeavy,
  VatFault,
  VREF_LENGTH_MAX,
  type CrankReport,
  type CrankTuple,
  type FailedMigration,
  type MigrationReport,
  type Outcome,
  type Resolution,
  type RowWrite,
  type SyscallTuple,
  type VRef,
} from '@heirloom/worker';
import { checkDismissal } from '../objects/dismissed-kinds.js';
import type { CrankRights } from './syscalls.js';

/** More than any code, tag or interface takes: each has a limit of its own besides. */
const WORD_CHARS_MAX = 1_000;
/** A reason as a JSON string: six characters for one that is not ASCII. */
const REASON_TEXT_CHARS_MAX = 6 * MIGRATION_REASON_CHARS_MAX + 2;

/** Elements of a list between two places where reading may stop. */
const READ_AT_ONCE = 64;

const fault = (what: string): never => {
  throw new VatFault('BAD_SYSCALL', what);
};

const limit = (what: string): never => {
  throw new VatFault('LIMIT', what);
};

/** One that is a list, which may be long. */
interface LongSyscall {
  readonly op:
    | typeof Syscall.resolve
    | typeof Syscall.dropImports
    | typeof Syscall.retireImports
    | typeof Syscall.retireExports
    | typeof Syscall.abandonExports
    | typeof Syscall.allege;
  readonly count: number;
}

type ReaderRights = Pick<CrankRights, 'migrates' | 'weightMax'>;

class CrankReader {
  readonly #bytes: number;
  readonly #cursor: FrameCursor;
  /** That may still come, in all syscalls together. */
  #elementsLeft = ELEMENTS_PER_CRANK_MAX;
  /** The syscall that is read in steps, and how many elements its list has. */
  #long: LongSyscall = { op: Syscall.resolve, count: 0 };
  #referencesLeft = REFERENCES_PER_CRANK_MAX;
  /** Of the row before. */
  #rowKey: Uint8Array | undefined;

  constructor(packed: Uint8Array) {
    this.#bytes = packed.length;
    this.#cursor = new FrameCursor(packed);
  }

  *crank(rights: ReaderRights): Steps<CrankTuple> {
    this.#cursor.tuple(4);
    const outcome = this.#outcome();
    const syscalls: SyscallTuple[] = [];
    for (let left = this.#syscalls(); left > 0; left -= 1) {
      const before = this.#referencesLeft;
      const short = this.#syscall();
      syscalls.push(short ?? (yield* this.#longSyscall()));
      yield short === undefined ? 1 : this.#stepsSince(before);
    }
    const rows: RowWrite[] = [];
    for (let left = this.#rows(); left > 0; left -= 1) {
      rows.push(this.#row());
      if (left % READ_AT_ONCE === 0) yield;
    }
    return this.#ended(rights, outcome, syscalls, rows);
  }

  /** The same at a stretch. */
  crankAtOnce(rights: ReaderRights): CrankTuple {
    this.#cursor.tuple(4);
    const outcome = this.#outcome();
    const syscalls: SyscallTuple[] = [];
    for (let left = this.#syscalls(); left > 0; left -= 1) {
      syscalls.push(this.#syscall() ?? atOnce(this.#longSyscall()));
    }
    const rows: RowWrite[] = [];
    for (let left = this.#rows(); left > 0; left -= 1) rows.push(this.#row());
    return this.#ended(rights, outcome, syscalls, rows);
  }

  #ended(
    { migrates, weightMax }: ReaderRights,
    outcome: Outcome,
    syscalls: SyscallTuple[],
    rows: RowWrite[],
  ): CrankTuple {
    // A crank that faulted reports nothing.
    const report = migrates && outcome === null ? this.#migrationReport() : this.#report();
    this.#cursor.end();
    const mentions = this.#mentions();
    if (limitedWeight(this.#bytes, syscalls.length, mentions) > weightMax) {
      limit(tooHeavy(weightMax));
    }
    return [outcome, syscalls, rows, report];
  }

  #outcome(): Outcome {
    const cursor = this.#cursor;
    if (cursor.takesNull()) return null;
    cursor.tuple(2);
    const code = cursor.text(WORD_CHARS_MAX);
    const error = cursor.bytes();
    return error.length > BODY_BYTES_MAX ? limit('an error too large') : [code, error];
  }

  /** References, resolutions and interfaces that were read. */
  #mentions(): number {
    const references = REFERENCES_PER_CRANK_MAX - this.#referencesLeft;
    return references + ELEMENTS_PER_CRANK_MAX - this.#elementsLeft;
  }

  /** How many there are. */
  #syscalls(): number {
    const count = this.#cursor.list();
    return count > SYSCALLS_PER_CRANK_MAX ? limit('too many syscalls') : count;
  }

  /** Undefined, with `#long` set: it is read in steps. */
  #syscall(): SyscallTuple | undefined {
    const cursor = this.#cursor;
    const length = cursor.list();
    if (length === 0) fault('a syscall without an opcode');
    const op = cursor.integer();
    switch (op) {
      case Syscall.send: {
        if (length !== 5) fault('malformed send');
        const target = this.#reference();
        const body = this.#body();
        const slots = this.#slots();
        return [op, target, body, slots, cursor.takesNull() ? null : this.#reference()];
      }
      case Syscall.subscribe:
      case Syscall.keep:
        if (length !== 2) fault(op === Syscall.keep ? 'malformed keep' : 'malformed subscribe');
        return [op, this.#reference()];
      case Syscall.resolve: {
        if (length !== 2) fault('malformed resolve');
        const count = this.#elements();
        if (count === 1) return [op, [this.#resolution()]];
        this.#long = { op, count };
        return undefined;
      }
      case Syscall.exit:
        if (length !== 4) fault('malformed exit');
        return [op, cursor.boolean(), this.#body(), this.#slots()];
      case Syscall.dropImports:
      case Syscall.retireImports:
      case Syscall.retireExports:
      case Syscall.abandonExports:
        if (length !== 2) fault('malformed garbage syscall');
        this.#long = { op, count: this.#references(REFERENCES_PER_CRANK_MAX) };
        return undefined;
      case Syscall.dismissKind: {
        if (length !== 3) fault('malformed dismissal');
        const kind = cursor.integer();
        const tag = cursor.text(WORD_CHARS_MAX);
        checkDismissal(kind, tag);
        return [op, kind, tag];
      }
      case Syscall.allege:
        if (length !== 2) fault('malformed interfaces');
        this.#long = { op, count: this.#elements() };
        return undefined;
      default:
        return fault(`unknown syscall ${op}`);
    }
  }

  /** What vats decide the length of. */
  *#longSyscall(): Steps<SyscallTuple> {
    const { op, count } = this.#long;
    switch (op) {
      case Syscall.resolve:
        return [op, yield* this.#many(count, () => this.#resolution(), 1)];
      case Syscall.allege:
        return [op, yield* this.#many(count, () => this.#interface())];
      case Syscall.dropImports:
      case Syscall.retireImports:
      case Syscall.retireExports:
      case Syscall.abandonExports:
        return [op, yield* this.#many(count, () => this.#reference())];
      default:
        throw TypeError(`unknown syscall ${String(op satisfies never)}`);
    }
  }

  *#many<T>(count: number, read: () => T, atOnce = READ_AT_ONCE): Steps<T[]> {
    const list: T[] = [];
    let before = this.#referencesLeft;
    for (let i = 0; i < count; i += 1) {
      list.push(read());
      if (i % atOnce !== atOnce - 1) continue;
      yield this.#stepsSince(before);
      before = this.#referencesLeft;
    }
    return list;
  }

  /** What was read since there were so many references left: of one datum, up to ten thousand. */
  #stepsSince(referencesLeft: number): number {
    return 1 + (referencesLeft - this.#referencesLeft) / READ_AT_ONCE;
  }

  #reference(): VRef {
    const text = this.#cursor.text(VREF_LENGTH_MAX);
    return isReference(text) ? text : fault('no reference');
  }

  /** Of a list of at most `countMax` references, how many there are. */
  #references(countMax: number): number {
    const count = this.#cursor.list();
    if (count > countMax) limit('syscall capdata too large');
    this.#referencesLeft -= count;
    return this.#referencesLeft < 0 ? limit('too many references') : count;
  }

  #body(): Uint8Array {
    const body = this.#cursor.bytes();
    return body.length > BODY_BYTES_MAX ? limit('syscall capdata too large') : body;
  }

  /** Ten thousand at most: they are read at a stretch. */
  #slots(): VRef[] {
    const vrefs: VRef[] = [];
    for (let left = this.#references(SLOTS_MAX); left > 0; left -= 1) vrefs.push(this.#reference());
    return vrefs;
  }

  /** A list, each element of which is more than a reference. */
  #elements(): number {
    const count = this.#cursor.list();
    this.#elementsLeft -= count;
    return this.#elementsLeft < 0 ? limit('too many resolutions') : count;
  }

  #resolution(): Resolution {
    const cursor = this.#cursor;
    cursor.tuple(4);
    return [this.#reference(), cursor.boolean(), this.#body(), this.#slots()];
  }

  #interface(): readonly [VRef, string] {
    const cursor = this.#cursor;
    cursor.tuple(2);
    const vref = this.#reference();
    const spelled = cursor.text(WORD_CHARS_MAX);
    if (readInterface(spelled) === undefined) fault('malformed interfaces');
    return [vref, spelled];
  }

  /** How many there are. */
  #rows(): number {
    const count = this.#cursor.list();
    return count > ROWS_PER_CRANK_MAX ? limit('too many row writes') : count;
  }

  #row(): RowWrite {
    const cursor = this.#cursor;
    cursor.tuple(2);
    const key = cursor.bytes();
    if (key.length === 0) fault('a row without a key');
    if (key.length > ROW_KEY_BYTES_MAX) limit('row key too long');
    const value = cursor.takesNull() ? null : cursor.bytes();
    if (value !== null && value.length > ROW_BYTES_MAX) limit('row too large');
    if (this.#rowKey !== undefined && Buffer.compare(this.#rowKey, key) >= 0) {
      fault('row writes are not in order');
    }
    this.#rowKey = key;
    return [key, value];
  }

  /** Reaps and sweeps say whether there is more to do, reaps also what V8 has let go of. */
  #report(): CrankReport {
    const cursor = this.#cursor;
    if (cursor.takesNull()) return null;
    cursor.tuple(3);
    const more = cursor.boolean();
    let charsLeft = REPORT_CHARS_MAX;
    const list = (): VRef[] => {
      const vrefs: VRef[] = [];
      for (let left = cursor.list(); left > 0; left -= 1) {
        const vref = this.#reference();
        charsLeft -= vref.length;
        if (charsLeft < 0) limit('a report of too many references');
        vrefs.push(vref);
      }
      return vrefs;
    };
    return [more, list(), list()];
  }

  /** A migration says how far it has come and what failed. */
  #migrationReport(): MigrationReport {
    const cursor = this.#cursor;
    cursor.tuple(5);
    const head = [cursor.boolean(), this.#natural(), this.#natural(), this.#natural()] as const;
    const count = cursor.list();
    if (count > MIGRATION_FAILURES_MAX) limit('too many failures');
    const failed: FailedMigration[] = [];
    for (let i = 0; i < count; i += 1) failed.push(this.#failure());
    return [...head, failed];
  }

  #failure(): FailedMigration {
    const cursor = this.#cursor;
    cursor.tuple(5);
    const numbers = [this.#natural(), this.#natural(), this.#natural()] as const;
    const tag = cursor.text(WORD_CHARS_MAX);
    const reason = cursor.text(REASON_TEXT_CHARS_MAX);
    const isReason = readAsciiText(reason, MIGRATION_REASON_CHARS_MAX) !== undefined;
    if (readTag(tag) === undefined || !isReason) fault('malformed report');
    return [...numbers, tag, reason];
  }

  #natural(): number {
    const value = this.#cursor.integer();
    return isNatural(value) ? value : fault('a negative number');
  }
}

/** One that is packed in another way than ours is refused: its first bytes do not tell its end. */
const readerOf = (packed: Uint8Array): CrankReader => {
  if (packed.length > CRANK_BYTES_MAX) limit('crank too large');
  if (packed[0] !== CRANK_HEAD) fault('malformed crank: not as a worker packs it');
  return new CrankReader(packed);
};

/** Gives back what is no vat's fault. */
const faultOf = (error: unknown): unknown =>
  error instanceof AssertionError
    ? new VatFault('BAD_SYSCALL', `malformed crank: ${error.message}`)
    : error;

/** Reads a packed crank in steps. Errors: VatFault. */
export function* readingCrank(packed: Uint8Array, rights: ReaderRights): Steps<CrankTuple> {
  const reader = readerOf(packed);
  try {
    return yield* reader.crank(rights);
  } catch (error) {
    throw faultOf(error);
  }
}

/** The same at a stretch. */
export const readCrank = (packed: Uint8Array, rights: ReaderRights): CrankTuple => {
  const reader = readerOf(packed);
  try {
    return reader.crankAtOnce(rights);
  } catch (error) {
    throw faultOf(error);
  }
};
