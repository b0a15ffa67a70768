/**
 * A kind's `stateShape`: a record of patterns, one per state property.
 *
 * A shape fixes the properties of every instance. One that lacks a property of the shape (it was
 * added by an upgrade) reads it as undefined, which the pattern must allow.
 */
import { mustMatch } from '@endo/patterns';
import type { Pattern } from '@endo/patterns';
import type { Hardening } from '../../contracts/hardening.js';
import { Fail, q } from '../contract/fail.js';
import { assertPattern, isCopyRecord } from '../contract/patterns.js';
import type { Layout, Layouts } from './state.js';

export class StateShape {
  readonly names: readonly string[];
  readonly pattern: Readonly<Record<string, Pattern>>;
  readonly #tag: string;
  #layout: Layout | undefined;

  /** Throws unless `pattern` is a copyRecord of patterns. */
  constructor(pattern: unknown, tag: string, hardening: Hardening) {
    hardening.harden(pattern);
    if (!isCopyRecord(pattern)) throw Fail`A stateShape must be a copyRecord: ${q(pattern)}`;
    assertPattern(pattern);
    this.pattern = pattern;
    this.names = Object.keys(this.pattern);
    this.#tag = tag;
  }

  /** The layout of every record of the kind in this incarnation. */
  get layout(): Layout {
    return this.#layout ?? Fail`shape of ${q(this.#tag)} is not bound`;
  }

  bindTo(layouts: Layouts): void {
    this.#layout = layouts.find(this.names) ?? layouts.add(this.names);
  }

  assertHas(name: string): void {
    if (Object.hasOwn(this.pattern, name)) return;
    Fail`State must only have fields described by stateShape: ${q(this.names)}`;
  }

  check(name: string, value: unknown): void {
    const label = `${this.#tag}: state field ${String(q(name))}`;
    mustMatch(value, this.pattern[name], label);
  }
}
