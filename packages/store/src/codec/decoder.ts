/**
 * Reads one body back into fresh, born-hardened values.
 *
 * Invariants: nothing in the body or the slots is trusted; what the encoder would not write again
 * byte for byte is refused. Recursion is bounded by `nestingMax`.
 * Shape: a slot is revived once, at its first mention, in slot order.
 */
import { makeByteArray } from './byte-arrays.js';
import { ByteReader } from './byte-reader.js';
import { isStandardErrorName } from './error-prototypes.js';
import { makeError } from './errors.js';
import * as f from './format.js';
import type { PassableLimits } from './format.js';
import type { PassableHooks } from './hooks.js';
import { defineData, makeTagged } from './records.js';
import { hasDuplicate } from './slot-collector.js';
import type { Steps } from '../steps/stepwise.js';
import { symbolOfName } from './symbols.js';

const objectPrototype: object = Object.prototype;
/** Values and names that are read in one step. */
const READ_PER_STEP = 16;

const isArrayTag = (tag: number): boolean =>
  (tag >= f.TAG_FIXARRAY && tag < f.TAG_FIXSTR) || tag === f.TAG_ARRAY16 || tag === f.TAG_ARRAY32;

const isExtensionTag = (tag: number): boolean =>
  (tag >= f.TAG_FIXEXT1 && tag <= f.TAG_FIXEXT16) || (tag >= f.TAG_EXT8 && tag <= f.TAG_EXT32);

/** What an error begins with. */
interface ErrorHead {
  /** Of all that the error has: its name, its message, a cause, a list of errors. */
  readonly count: number;
  readonly name: string;
  readonly message: string;
}

export class Decoder<Slot extends string> {
  readonly #hooks: PassableHooks<Slot>;
  readonly #nestingMax: number;
  readonly #reader: ByteReader;
  readonly #slots: readonly Slot[];
  readonly #revived: unknown[] = [];
  /** Values and names that were read in steps. */
  #read = 0;

  /** Throws RangeError if body or slots are past a limit, TypeError if a slot stands twice. */
  constructor(
    hooks: PassableHooks<Slot>,
    limits: PassableLimits,
    body: Uint8Array,
    slots: readonly Slot[],
  ) {
    if (body.length > limits.bodyBytesMax || slots.length > limits.slotsMax) {
      throw f.tooLarge();
    }
    this.#hooks = hooks;
    this.#nestingMax = limits.nestingMax;
    this.#reader = new ByteReader(body);
    this.#slots = slots;
    if (hasDuplicate(slots)) {
      throw this.#reader.fail('a slot stands twice');
    }
  }

  decode(): unknown {
    const value = this.#value(0);
    this.#assertAllRead();
    return value;
  }

  /** The same in steps. */
  *decoding(): Steps<unknown> {
    const value = yield* this.#reading(0);
    this.#assertAllRead();
    return value;
  }

  #assertAllRead(): void {
    if (!this.#reader.isAtEnd) {
      throw this.#reader.fail('trailing bytes');
    }
    if (this.#revived.length !== this.#slots.length) {
      throw this.#reader.fail('a slot is never mentioned');
    }
  }

  /** One more is read: is it time for others? */
  #isStep(): boolean {
    this.#read += 1;
    return this.#read % READ_PER_STEP === 0;
  }

  /** As `#value`. */
  *#reading(depth: number): Steps<unknown> {
    if (this.#isStep()) yield;
    const reader = this.#reader;
    const tag = reader.peek() ?? 0;
    if (isArrayTag(tag)) return yield* this.#readingArray(reader.arrayCount(reader.byte()), depth);
    if (!isExtensionTag(tag)) return this.#value(depth);
    const { type, end } = reader.extHeader(reader.byte());
    const value = yield* this.#readingPayload(type, end, depth);
    this.#assertEndsAt(end);
    return value;
  }

  /** As `#payload`. */
  *#readingPayload(type: number, end: number, depth: number): Steps<unknown> {
    switch (type) {
      case f.EXT_RECORD:
        return yield* this.#readingRecord(depth);
      case f.EXT_TAGGED: {
        const tag = this.#tagOf(depth);
        return this.#hooks.bornHardened(makeTagged(tag, yield* this.#reading(depth + 1)));
      }
      case f.EXT_ERROR:
        return yield* this.#readingError(depth);
      default:
        return this.#payload(type, end, depth);
    }
  }

  *#readingArray(count: number, depth: number): Steps<readonly unknown[]> {
    this.#enter(depth);
    const elements: unknown[] = [];
    for (let i = 0; i < count; i += 1) {
      elements.push(yield* this.#reading(depth + 1));
    }
    return this.#hooks.bornHardened(elements);
  }

  *#readingRecord(depth: number): Steps<object> {
    this.#enter(depth);
    this.#pair();
    const names = yield* this.#readingNames(this.#arrayHeader());
    this.#assertAsMany(names);
    const record: Record<string, unknown> = {};
    for (const name of names) this.#put(record, name, yield* this.#reading(depth + 1));
    return this.#hooks.bornHardened(record);
  }

  *#readingNames(count: number): Steps<readonly string[]> {
    const names: string[] = [];
    for (let i = 0; i < count; i += 1) {
      names.push(this.#nameBehind(names.at(-1)));
      if (this.#isStep()) yield;
    }
    return names;
  }

  *#readingError(depth: number): Steps<Error> {
    this.#enter(depth);
    const head = this.#errorHead();
    const cause = this.#hasCause(head) ? yield* this.#readingErrorExtension(depth + 1) : undefined;
    const errors = head.count === 4 ? yield* this.#readingErrorList(depth + 1) : undefined;
    return this.#hooks.bornHardened(makeError({ ...head, cause, errors }));
  }

  *#readingErrorExtension(depth: number): Steps<Error> {
    if (this.#isStep()) yield;
    const end = this.#errorEnd();
    const error = yield* this.#readingError(depth);
    this.#assertEndsAt(end);
    return error;
  }

  *#readingErrorList(depth: number): Steps<readonly Error[]> {
    this.#enter(depth);
    const count = this.#arrayHeader();
    const errors: Error[] = [];
    for (let i = 0; i < count; i += 1) errors.push(yield* this.#readingErrorExtension(depth + 1));
    return this.#hooks.bornHardened(errors);
  }

  #value(depth: number): unknown {
    const reader = this.#reader;
    const tag = reader.byte();
    if (tag < 0x80) {
      return tag;
    }
    if (tag >= 0xe0) {
      return tag - 0x100;
    }
    if (tag >= f.TAG_FIXSTR && tag < f.TAG_NIL) {
      return reader.utf8(tag - f.TAG_FIXSTR);
    }
    switch (tag) {
      case f.TAG_NIL:
        return null;
      case f.TAG_FALSE:
        return false;
      case f.TAG_TRUE:
        return true;
      case f.TAG_FLOAT64:
        return reader.float64();
      case f.TAG_BIN8:
      case f.TAG_BIN16:
      case f.TAG_BIN32:
        return this.#byteArray(reader.length(tag, f.TAG_BIN8, 0));
      case f.TAG_STR8:
      case f.TAG_STR16:
      case f.TAG_STR32:
        return reader.utf8(reader.length(tag, f.TAG_STR8, f.FIXSTR_BYTES_MAX + 1));
      default:
        if (tag >= f.TAG_FIXARRAY && (tag < f.TAG_FIXSTR || tag >= f.TAG_ARRAY16)) {
          return this.#array(reader.arrayCount(tag), depth);
        }
        return tag >= f.TAG_UINT8 && tag <= f.TAG_INT64
          ? reader.integer(tag)
          : this.#extension(tag, depth);
    }
  }

  #extension(tag: number, depth: number): unknown {
    const { type, end } = this.#reader.extHeader(tag);
    const value = this.#payload(type, end, depth);
    this.#assertEndsAt(end);
    return value;
  }

  #assertEndsAt(end: number): void {
    if (this.#reader.position !== end) {
      throw this.#reader.fail('extension of another length');
    }
  }

  #payload(type: number, end: number, depth: number): unknown {
    const reader = this.#reader;
    switch (type) {
      case f.EXT_BIGINT:
        return reader.bigint(end);
      case f.EXT_REFERENCE:
        return this.#reference(reader.index(end));
      case f.EXT_UNDEFINED:
        if (reader.byte() !== 0) {
          throw reader.fail('undefined of another byte');
        }
        return undefined;
      case f.EXT_SYMBOL:
        return this.#symbol();
      case f.EXT_TAGGED:
        return this.#tagged(depth);
      case f.EXT_ERROR:
        return this.#error(depth);
      case f.EXT_RECORD:
        return this.#record(depth);
      case f.EXT_ILL_FORMED:
        return reader.illFormed(end);
      default:
        throw reader.fail(`unknown extension ${type}`);
    }
  }

  #reference(index: number): unknown {
    const revived = this.#revived;
    if (index < revived.length) {
      return revived[index];
    }
    const slot = this.#slots[index];
    if (slot === undefined || index !== revived.length) {
      throw this.#reader.fail('slot out of order or out of range');
    }
    const value = this.#hooks.valueOf(slot);
    revived.push(value);
    return value;
  }

  #symbol(): symbol {
    const symbol = symbolOfName(this.#reader.string());
    if (symbol === undefined) {
      throw this.#reader.fail('unknown symbol');
    }
    return symbol;
  }

  #byteArray(length: number): object {
    const bytes = this.#reader.copy(length);
    const { byteArrays } = this.#hooks;
    if (byteArrays !== undefined) return byteArrays.make(bytes);
    return this.#hooks.bornHardened(makeByteArray(bytes));
  }

  #array(count: number, depth: number): readonly unknown[] {
    this.#enter(depth);
    return this.#hooks.bornHardened(this.#elements(count, depth + 1));
  }

  /** Literals where possible: storing elements is slow in a locked-down realm. */
  #elements(count: number, depth: number): unknown[] {
    switch (count) {
      case 0:
        return [];
      case 1:
        return [this.#value(depth)];
      case 2:
        return [this.#value(depth), this.#value(depth)];
      case 3:
        return [this.#value(depth), this.#value(depth), this.#value(depth)];
      default: {
        const elements: unknown[] = [];
        for (let i = 0; i < count; i += 1) {
          elements.push(this.#value(depth));
        }
        return elements;
      }
    }
  }

  #pair(): void {
    if (this.#reader.byte() !== f.TAG_PAIR) {
      throw this.#reader.fail('pair expected');
    }
  }

  #arrayHeader(): number {
    return this.#reader.arrayCount(this.#reader.byte());
  }

  #record(depth: number): object {
    this.#enter(depth);
    this.#pair();
    const names = this.#names(this.#arrayHeader());
    this.#assertAsMany(names);
    const record: Record<string, unknown> = {};
    for (const name of names) this.#put(record, name, this.#value(depth + 1));
    return this.#hooks.bornHardened(record);
  }

  /** Behind the names of a record stand the values. */
  #assertAsMany(names: readonly string[]): void {
    if (this.#arrayHeader() !== names.length) {
      throw this.#reader.fail('as many values as names expected');
    }
  }

  #put(record: Record<string, unknown>, name: string, value: unknown): void {
    if (typeof value === 'function' && name === 'then') {
      throw this.#reader.fail('thenable record');
    }
    if (name in objectPrototype) {
      defineData(record, name, value, true);
    } else {
      record[name] = value;
    }
  }

  #names(count: number): readonly string[] {
    const names: string[] = [];
    let last: string | undefined;
    for (let i = 0; i < count; i += 1) {
      last = this.#nameBehind(last);
      names.push(last);
    }
    return names;
  }

  #nameBehind(last: string | undefined): string {
    const name = this.#reader.string();
    if (last !== undefined && last >= name) {
      throw this.#reader.fail('names out of order');
    }
    return name;
  }

  #tagged(depth: number): object {
    const tag = this.#tagOf(depth);
    const payload = this.#value(depth + 1);
    return this.#hooks.bornHardened(makeTagged(tag, payload));
  }

  /** The tag of what begins here; its payload is next. */
  #tagOf(depth: number): string {
    this.#enter(depth);
    this.#pair();
    return this.#reader.string();
  }

  /** An error where nothing else may stand. */
  #errorExtension(depth: number): Error {
    const end = this.#errorEnd();
    const error = this.#error(depth);
    this.#assertEndsAt(end);
    return error;
  }

  /** Where the error that begins here ends. */
  #errorEnd(): number {
    const { type, end } = this.#reader.extHeader(this.#reader.byte());
    if (type !== f.EXT_ERROR) {
      throw this.#reader.fail('error expected');
    }
    return end;
  }

  #error(depth: number): Error {
    this.#enter(depth);
    const head = this.#errorHead();
    const cause = this.#hasCause(head) ? this.#errorExtension(depth + 1) : undefined;
    const errors = head.count === 4 ? this.#errorList(depth + 1) : undefined;
    const error = makeError({ ...head, cause, errors });
    return this.#hooks.bornHardened(error);
  }

  #errorHead(): ErrorHead {
    const count = this.#arrayHeader();
    if (count < 2 || count > 4) {
      throw this.#reader.fail('error of another shape');
    }
    const name = this.#reader.string();
    if (!isStandardErrorName(name)) {
      throw this.#reader.fail('unknown error name');
    }
    return { count, name, message: this.#reader.string() };
  }

  /** Does a cause come next? What says that there is none is read. */
  #hasCause({ count }: ErrorHead): boolean {
    if (count === 4 && this.#reader.peek() === f.TAG_NIL) {
      this.#reader.byte();
      return false;
    }
    return count >= 3;
  }

  #errorList(depth: number): readonly Error[] {
    this.#enter(depth);
    const count = this.#arrayHeader();
    const errors: Error[] = [];
    for (let i = 0; i < count; i += 1) {
      errors.push(this.#errorExtension(depth + 1));
    }
    return this.#hooks.bornHardened(errors);
  }

  #enter(depth: number): void {
    if (depth >= this.#nestingMax) {
      throw f.tooDeep(this.#nestingMax);
    }
  }
}
