/** The structured log: what happened, as plain records that JSON can carry. */
import type { Height } from '@heirloom/store';
import { checkMethods } from '../base/arguments.js';

/**
 * What a record is about.
 *
 * | category   | one record for                                                            |
 * | ---------- | ------------------------------------------------------------------------- |
 * | `block`    | a block that became durable                                               |
 * | `wave`     | a wave                                                                    |
 * | `crank`    | a crank that was merged, or that counts for nothing                       |
 * | `delivery` | what a vat was given                                                      |
 * | `syscall`  | each thing that a vat asked for                                           |
 * | `vat`      | a vat that came to be, did not, or ended                                  |
 * | `upgrade`  | an upgrade that succeeded or failed                                       |
 * | `gc`       | garbage that a vat was told of, a reap, a sweep                           |
 */
export const LOG_CATEGORIES = [
  'block',
  'wave',
  'crank',
  'delivery',
  'syscall',
  'vat',
  'upgrade',
  'gc',
] as const;
export type LogCategory = (typeof LOG_CATEGORIES)[number];

const NAMES: readonly unknown[] = LOG_CATEGORIES;
export const isLogCategory = (name: unknown): name is LogCategory => NAMES.includes(name);

export type LogValue = string | number | boolean | null | readonly LogValue[];

export interface LogRecord {
  /** When it was written, ISO 8601, UTC. */
  readonly time: string;
  readonly category: LogCategory;
  readonly event: string;
  /** The block that is being made; for `block` the one that was. */
  readonly height: Height;
  readonly [field: string]: LogValue;
}

export interface LogOptions {
  readonly categories: readonly LogCategory[] | 'all';
  /** Takes each record, in order. What it throws switches the log off, with a process warning. */
  readonly write: (record: LogRecord) => void;
}

/** Writes records as JSON lines to anything that takes text. Errors: KernelError BAD_ARGUMENT. */
export const jsonLines = (stream: { write(text: string): unknown }): LogOptions['write'] => {
  checkMethods('jsonLines', stream, ['write']);
  return record => {
    stream.write(`${JSON.stringify(record)}\n`);
  };
};
