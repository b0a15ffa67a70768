/**
 * `vatPowers.makeKind` and `vatPowers.replaceKind`: durable kinds that their name finds again, so
 * that no handle need be kept in baggage.
 *
 * A named kind is a durable kind like any other: its tag is its name, and every later incarnation
 * has to define it again. Invariant: a name is given away once, whatever became of its kind's code.
 */
import { ROW_KIND_NAME_PREFIX, prefixEnd, rowKindName } from '@heirloom/store/keys';
import { Fail, q } from './fail.js';
import { packNumber, unpackNumber } from './frames.js';
import { checkName, namesIn } from './names.js';
import type { Core } from './core.js';
import type { Definition, KindDefinitions, Maker } from './kind-definitions.js';

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
    const kind = this.find(name);
    if (kind === undefined) {
      throw Fail`replaceKind: no kind is named ${q(name)}; there are ${q(this.names())}`;
    }
    return this.#kinds.define(this.#kinds.handles.read(kind), definition);
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
