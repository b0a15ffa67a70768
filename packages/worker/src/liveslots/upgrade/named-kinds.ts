/**
 * `vatPowers.makeKind` and `vatPowers.replaceKind`: durable kinds that their name finds again, so
 * that no handle need be kept in baggage.
 *
 * A named kind is a durable kind like any other: its tag is its name, and every later incarnation
 * has to define it again or dismiss it. Invariant: a name is given away once, and free again only
 * when its kind is dismissed.
 */
import { ROW_KIND_NAME_PREFIX, prefixEnd, rowKindName } from '@heirloom/store/keys';
import type { CrankSink } from '../../contracts/crank-sink.js';
import { b, Fail, q } from '../contract/fail.js';
import type { Definition, KindDefinitions, Maker } from '../kinds/kind-definitions.js';
import type { Core } from '../objects/core.js';
import { packNumber, unpackNumber } from '../rows/frames.js';
import { checkName, isName, namesIn } from './names.js';

export class NamedKinds {
  readonly #core: Core;
  readonly #kinds: KindDefinitions;

  constructor(core: Core, kinds: KindDefinitions) {
    this.#core = core;
    this.#kinds = kinds;
  }

  /** A new kind. Throws if the name is taken. */
  make(given: unknown, definition: Definition): Maker {
    const name = checkName(given);
    if (this.find(name) !== undefined) {
      throw Fail`makeKind: there is a kind ${q(name)} already; replaceKind defines it again`;
    }
    const { kind, maker } = this.#kinds.defineNew(name, definition);
    this.#core.context.rows.set(rowKindName(name), packNumber(kind));
    return maker;
  }

  /** Defines a kind again that an earlier incarnation made under this name. */
  replace(given: unknown, definition: Definition): Maker {
    const name = checkName(given);
    const kind = this.#need('replaceKind', name);
    return this.#kinds.define(this.#kinds.handles.read(kind), definition);
  }

  /** Dismisses a kind by its name or its handle. Its name is free. */
  dismiss(crank: CrankSink, given: unknown): void {
    const kind =
      typeof given === 'string'
        ? this.#need('dismissKind', given)
        : this.#kinds.handles.use(given).kind;
    const tag = this.#kinds.dismiss(crank, kind);
    if (isName(tag) && this.find(tag) === kind) this.#core.context.rows.delete(rowKindName(tag));
  }

  #need(power: string, name: string): number {
    const kind = isName(name) ? this.find(name) : undefined;
    if (kind !== undefined) return kind;
    throw Fail`${b(power)}: no kind is named ${q(name)}; there are ${q(this.names())}`;
  }

  find(name: string): number | undefined {
    const bytes = this.#core.context.rows.get(rowKindName(name));
    return bytes === undefined ? undefined : unpackNumber(bytes);
  }

  names(): string[] {
    const { rows } = this.#core.context;
    return namesIn(rows, ROW_KIND_NAME_PREFIX, prefixEnd(ROW_KIND_NAME_PREFIX));
  }
}
