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
import { symbolOfName } from './symbols.js';

const objectPrototype: object = Object.prototype;

export class Decoder<Slot extends string> {
  readonly #hooks: PassableHooks<Slot>;
  readonly #nestingMax: number;
  readonly #reader: ByteReader;
  readonly #slots: readonly Slot[];
  readonly #revived: unknown[] = [];

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
    if (!this.#reader.isAtEnd) {
      throw this.#reader.fail('trailing bytes');
    }
    if (this.#revived.length !== this.#slots.length) {
      throw this.#reader.fail('a slot is never mentioned');
    }
    return value;
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
    if (this.#reader.position !== end) {
      throw this.#reader.fail('extension of another length');
    }
    return value;
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
    if (this.#arrayHeader() !== names.length) {
      throw this.#reader.fail('as many values as names expected');
    }
    const record: Record<string, unknown> = {};
    for (const name of names) {
      const value = this.#value(depth + 1);
      if (typeof value === 'function' && name === 'then') {
        throw this.#reader.fail('thenable record');
      }
      if (name in objectPrototype) {
        defineData(record, name, value, true);
      } else {
        record[name] = value;
      }
    }
    return this.#hooks.bornHardened(record);
  }

  #names(count: number): readonly string[] {
    const names: string[] = [];
    let last: string | undefined;
    for (let i = 0; i < count; i += 1) {
      const name = this.#reader.string();
      if (last !== undefined && last >= name) {
        throw this.#reader.fail('names out of order');
      }
      names.push(name);
      last = name;
    }
    return names;
  }

  #tagged(depth: number): object {
    this.#enter(depth);
    this.#pair();
    const tag = this.#reader.string();
    const payload = this.#value(depth + 1);
    return this.#hooks.bornHardened(makeTagged(tag, payload));
  }

  /** An error where nothing else may stand. */
  #errorExtension(depth: number): Error {
    const { type, end } = this.#reader.extHeader(this.#reader.byte());
    if (type !== f.EXT_ERROR) {
      throw this.#reader.fail('error expected');
    }
    const error = this.#error(depth);
    if (this.#reader.position !== end) {
      throw this.#reader.fail('extension of another length');
    }
    return error;
  }

  #error(depth: number): Error {
    this.#enter(depth);
    const count = this.#arrayHeader();
    if (count < 2 || count > 4) {
      throw this.#reader.fail('error of another shape');
    }
    const name = this.#reader.string();
    if (!isStandardErrorName(name)) {
      throw this.#reader.fail('unknown error name');
    }
    const message = this.#reader.string();
    let cause: Error | undefined;
    if (count === 4 && this.#reader.peek() === f.TAG_NIL) {
      this.#reader.byte();
    } else if (count >= 3) {
      cause = this.#errorExtension(depth + 1);
    }
    const errors = count === 4 ? this.#errorList(depth + 1) : undefined;
    const error = makeError({ name, message, cause, errors });
    return this.#hooks.bornHardened(error);
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
