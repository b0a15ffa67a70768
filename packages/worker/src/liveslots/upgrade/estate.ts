/**
 * `vatPowers.estate`, of an emergency upgrade only: what the predecessors left and the new code
 * does not define, for code that has to find out what there is before it can take it over.
 *
 * An emergency start does not fail for kinds that nobody defined. They stay *suspended*: their
 * instances keep rows, references and holders; messages to them are rejected with an error that
 * says why; a later incarnation can define or dismiss them. Invariants: reading changes nothing;
 * references in raw state are told, never made; all of it is over when the start is.
 */
import { PassableCodec } from '@heirloom/store/codec';
import {
  ROW_KIND_PREFIX,
  prefixEnd,
  readU32,
  readU48,
  rowKind,
  rowObject,
  rowObjectPrefix,
  rowObjectState,
} from '@heirloom/store/keys';
import { isNatural } from '@heirloom/store/types';
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import { Syscall } from '../../protocol/opcodes.js';
import { durableRef, parseVRef, type VRef } from '../../protocol/refs.js';
import { b, Fail, q } from '../contract/fail.js';
import type { DefineOptions, KindDefinitions, Maker } from '../kinds/kind-definitions.js';
import type { Core } from '../objects/core.js';
import { layoutNamesOf, listOf, namesOf, textOf } from '../rows/decoded.js';
import { bytesAt, rowAt, type KindRow } from '../rows/frames.js';

const ESTATE_ROWS_MAX = 1_000;
const DEFAULT_ROWS = 100;
const INSTANCE_AT = 5;
const REACHES = { r: 'reachable', s: 'recognizable' } as const;

interface Page {
  /** Instances with greater numbers. */
  readonly after?: number;
  readonly limit?: number;
}

interface HeldExport {
  readonly ref: VRef;
  readonly instance: number;
  /** Its name; undefined for a single-facet kind. */
  readonly facet: string | undefined;
  readonly reach: (typeof REACHES)[keyof typeof REACHES];
}

interface NewDefinition {
  readonly init: unknown;
  /** Whatever vat code has given: what is no object has no methods to add. */
  readonly behavior: object;
  readonly options: DefineOptions;
}

interface EstateOptions {
  readonly core: Core;
  readonly kinds: KindDefinitions;
  readonly crank: CrankSink;
  /** Is the start over? */
  readonly isOver: () => boolean;
}

type Power = (...args: never[]) => unknown;

export class Estate {
  readonly #options: EstateOptions;
  /** References of raw state are records that say which. */
  readonly #raw: PassableCodec;

  constructor(options: EstateOptions) {
    this.#options = options;
    const { hardening } = options.core.context;
    this.#raw = new PassableCodec({
      slotOf: () => undefined,
      valueOf: ref => hardening.harden({ ref }),
      isHardened: value => hardening.isHardened(value),
      bornHardened: value => hardening.bornHardened(value),
    });
  }

  /** The members of `vatPowers.estate`. */
  powers(): Readonly<Record<string, Power>> {
    const { harden } = this.#options.core.context.hardening;
    const members: Record<string, Power> = {
      kinds: () => this.#kinds(),
      rows: (kind: unknown, page?: Page) => this.#rows(this.#unclaimed(kind), page),
      exports: (kind: unknown, page?: Page) => this.#exports(this.#unclaimed(kind), page),
      handle: (kind: unknown) => {
        const ref = durableRef(1, this.#unclaimed(kind));
        return this.#options.core.context.references.valueOf(ref);
      },
      rebind: (kind: unknown, init: unknown, behavior: object, options: DefineOptions = {}) =>
        this.#rebind(this.#unclaimed(kind), { init, behavior, options }),
      revoke: (kind: unknown) =>
        void this.#options.kinds.dismiss(this.#options.crank, this.#unclaimed(kind)),
      revokeExport: (ref: unknown) => this.#revokeExport(ref),
    };
    const guarded = Object.entries(members).map(([name, member]): [string, Power] => [
      name,
      (...args) => {
        if (this.#options.isOver()) throw Fail`the estate is closed: the start is over`;
        return harden(member(...args));
      },
    ]);
    return Object.fromEntries(guarded);
  }

  #kinds(): unknown {
    return this.#unclaimedKinds().map(kind => {
      const row = this.#kindRow(kind);
      const facets = this.#facetsOf(row);
      const layouts = layoutNamesOf(this.#raw, row[5]);
      const tag = textOf(this.#raw, row[0]);
      return { kind, tag, facets, fields: [...new Set(layouts.flat())] };
    });
  }

  #unclaimedKinds(): number[] {
    const { core } = this.#options;
    const { rows } = core.context;
    const end = prefixEnd(ROW_KIND_PREFIX);
    const kinds: number[] = [];
    let key = rows.nextKey(ROW_KIND_PREFIX, end);
    for (; key !== undefined; key = rows.nextKey(key, end)) {
      const kind = readU32(key, ROW_KIND_PREFIX.length);
      if (!core.definedKinds.has(kind) && !core.dismissals.has(kind)) kinds.push(kind);
    }
    return kinds;
  }

  #unclaimed(given: unknown): number {
    const kinds = this.#unclaimedKinds();
    const kind = kinds.find(it => it === given);
    if (kind !== undefined) return kind;
    throw Fail`no kind ${given} is unclaimed; there are ${q(kinds)}`;
  }

  #kindRow(kind: number): KindRow {
    return rowAt('kind', this.#options.core.context.rows, rowKind(kind));
  }

  #facetsOf([, facets]: KindRow): readonly string[] | undefined {
    return facets === null ? undefined : namesOf(this.#raw, facets);
  }

  *#instances(kind: number, { after = 0, limit = DEFAULT_ROWS }: Page = {}): Generator<number> {
    if (!isNatural(after) || !isNatural(limit) || limit === 0 || limit > ESTATE_ROWS_MAX) {
      throw Fail`a page is { after, limit }, limit at most ${b(String(ESTATE_ROWS_MAX))}`;
    }
    const { rows } = this.#options.core.context;
    const end = prefixEnd(rowObjectPrefix(kind));
    let key = rows.nextKey(rowObject(kind, after), end);
    for (let n = 0; n < limit && key !== undefined; n += 1) {
      yield readU48(key, INSTANCE_AT);
      key = rows.nextKey(key, end);
    }
  }

  /** State by field, as it stands in the rows; `holders`: how many rows hold the instance. */
  #rows(kind: number, page: Page | undefined): unknown {
    const { rows } = this.#options.core.context;
    const layouts = layoutNamesOf(this.#raw, this.#kindRow(kind)[5]);
    return [...this.#instances(kind, page)].map(instance => {
      const row = rowAt('object', rows, rowObject(kind, instance));
      const [, layout, holders, , , , inline, slots] = row;
      const body = inline ?? bytesAt(rows, rowObjectState(kind, instance));
      const values = listOf(this.#raw, body, slots);
      const names = layouts[layout];
      check(names !== undefined, 'a layout of the kind');
      const fields = names.map((name, i) => [name, values[i]] as const);
      return { instance, holders, state: Object.fromEntries(fields) };
    });
  }

  /** What others hold of the instances of a page. */
  #exports(kind: number, page: Page | undefined): readonly HeldExport[] {
    const { ledger } = this.#options.core;
    const facets = this.#facetsOf(this.#kindRow(kind));
    return [...this.#instances(kind, page)].flatMap(instance => {
      const header = ledger.headerAfter(durableRef(kind, instance));
      check(header !== undefined, 'an instance with a row has a header');
      return [...header.es].flatMap((status, facet) => {
        if (status !== 'r' && status !== 's') return [];
        const ref = durableRef(kind, instance, facets === undefined ? undefined : facet);
        const name = facets?.[facet];
        return [{ ref, instance, facet: name, reach: REACHES[status] }];
      });
    });
  }

  /** Defines it whatever shape and facets it had: a facet that is not there has no methods. */
  #rebind(kind: number, definition: NewDefinition): Maker {
    const { kinds } = this.#options;
    const facets = this.#facetsOf(this.#kindRow(kind));
    const behavior =
      facets === undefined
        ? definition.behavior
        : { ...Object.fromEntries(facets.map(name => [name, {}])), ...definition.behavior };
    const whole = { ...definition, behavior, isMulti: facets !== undefined };
    return kinds.define(kinds.handles.read(kind), whole, { isForced: true });
  }

  /** Whoever holds it holds an orphan: its messages are rejected as those of a dead vat's. */
  #revokeExport(given: unknown): void {
    const { core, crank } = this.#options;
    const parsed = typeof given === 'string' ? parseVRef(given) : undefined;
    if (parsed?.type !== 'durable') throw Fail`no reference of the estate: ${given}`;
    this.#unclaimed(parsed.kind);
    const page = { after: parsed.instance - 1, limit: 1 };
    const held = this.#exports(parsed.kind, page).find(({ ref }) => ref === given);
    if (held === undefined) throw Fail`nobody holds ${given}`;
    core.ledger.exportChanged(held.ref, 'n');
    crank.syscall([Syscall.abandonExports, [held.ref]]);
  }
}
