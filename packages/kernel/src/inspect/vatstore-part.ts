/** The rows of vats: by space, by what they are, by kind. Row keys: docs/tables.md. */
import { readU32, readU8, type StoredRow } from '@heirloom/store';
import {
  describeKind,
  stateVersion,
  type KindDescription,
  type Space,
  type Spaces,
} from '@heirloom/worker';
import { readSpace } from '../state/kernel-keys.js';
import { bodyOf } from '../state/row-table.js';
import type { KindInspection, Size, TableSize } from './report.js';
import { addSizes, byBytes, Sizes } from './sizes.js';

const SPACE_BYTES = 4;
const VIRTUAL = 0x80;
/** No table of rows: what hides a row of a space below. */
const TOMBSTONES = 0;
const KIND = 0x10;
const OBJECT = 0x20;
const OBJECT_STATE = 0x21;

const ROW_TABLES: ReadonlyMap<number, string> = new Map([
  [TOMBSTONES, 'tombstones'],
  [0x01, 'vat'],
  [0x02, 'next named export'],
  [0x03, 'resolver kind'],
  [0x04, 'fork'],
  [KIND, 'kinds'],
  [0x11, 'next instances'],
  [0x12, 'kind names'],
  [0x13, 'export names'],
  [0x14, 'dismissed kinds'],
  [OBJECT, 'objects'],
  [OBJECT_STATE, 'large states'],
  [0x30, 'collections'],
  [0x31, 'collection counts'],
  [0x32, 'entries'],
  [0x33, 'entries by reference'],
  [0x40, 'imports'],
  [0x50, 'recognizers'],
  [0x60, 'zero counts'],
  [0x70, 'watches'],
  [0x71, 'watchers'],
  [0x72, 'durable promises'],
  [OBJECT + VIRTUAL, 'virtual objects'],
  [OBJECT_STATE + VIRTUAL, 'virtual large states'],
  [0xb0, 'virtual collections'],
  [0xb1, 'virtual collection counts'],
  [0xb2, 'virtual entries'],
  [0xb3, 'virtual entries by reference'],
  [0xc0, 'virtual counts'],
  [0xd0, 'virtual recognizers'],
]);

const MERELY_VIRTUAL = { tag: null, durable: false, facets: null, version: null, states: [] };

/** One space of rows. */
class SpacePart {
  readonly tables = new Sizes<number>();
  /** By `kind`, and `kind` with the virtual bit. */
  readonly durable = new Sizes<number>();
  readonly virtual = new Sizes<number>();
  readonly described = new Map<number, KindDescription>();
  /** Of each durable kind, instances by version. */
  readonly #states = new Map<number, Map<number, number>>();

  visit(row: string, value: Uint8Array, bytes: number): void {
    const body = bodyOf(value);
    if (body === undefined) return this.tables.add(TOMBSTONES, bytes);
    const table = readU8(row, 0);
    this.tables.add(table, bytes);
    if (table === KIND) this.described.set(readU32(row, 1), describeKind(body));
    else if (table === OBJECT || table === OBJECT_STATE) {
      this.durable.add(readU32(row, 1), bytes);
      if (table === OBJECT) this.#count(readU32(row, 1), body);
    } else if (table === OBJECT + VIRTUAL || table === OBJECT_STATE + VIRTUAL) {
      this.virtual.add(readU32(row, 1 + 4), bytes); // the incarnation comes first
    }
  }

  kinds(): KindInspection[] {
    const numbers = new Set([...this.described.keys(), ...this.durable.entries().map(first)]);
    const durable = [...numbers]
      .sort((a, b) => a - b)
      .map((kind): KindInspection => {
        const { tag = null, facets = null, version = null } = this.described.get(kind) ?? {};
        const states = this.#statesOf(kind);
        return { kind, tag, durable: true, facets, version, states, ...this.durable.of(kind) };
      });
    const virtual = this.virtual
      .entries()
      .sort(([a], [b]) => a - b)
      .map(([kind, size]): KindInspection => {
        return { kind, ...MERELY_VIRTUAL, ...size };
      });
    return [...durable, ...virtual];
  }

  rowTables(): TableSize[] {
    return byBytes(
      this.tables.entries().map(([table, size]) => ({
        table: table.toString(16).padStart(2, '0'),
        part: ROW_TABLES.get(table) ?? 'unknown',
        ...size,
      })),
    );
  }

  #count(kind: number, row: Uint8Array): void {
    const counts = this.#states.get(kind) ?? new Map<number, number>();
    this.#states.set(kind, counts);
    const version = stateVersion(row);
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }

  #statesOf(kind: number): KindInspection['states'] {
    return [...(this.#states.get(kind) ?? [])]
      .sort(([a], [b]) => a - b)
      .map(([version, instances]) => ({ version, instances }));
  }
}

/** In order of first mention. */
const grouped = <T>(all: readonly T[], nameOf: (one: T) => string): [T, ...T[]][] => {
  const groups = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const group = groups.get(nameOf(one));
    if (group === undefined) groups.set(nameOf(one), [one]);
    else group.push(one);
  }
  return [...groups.values()];
};

/** One kind as several spaces have it: what the upper ones say of it holds. */
const mergeKinds = (kinds: readonly [KindInspection, ...KindInspection[]]): KindInspection => {
  const described = kinds.find(({ tag }) => tag !== null) ?? kinds[0];
  const versions = grouped(
    kinds.flatMap(({ states }) => states),
    ({ version }) => String(version),
  );
  const states = versions
    .map(([one, ...more]) => ({
      version: one.version,
      instances: more.reduce((sum, { instances }) => sum + instances, one.instances),
    }))
    .sort((a, b) => a.version - b.version);
  return { ...described, states, ...addSizes(kinds) };
};

const first = ([number]: [number, Size]): number => number;

export class VatstorePart {
  readonly #spaces = new Map<Space, SpacePart>();
  readonly #sizes = new Sizes<Space>();

  visit({ key, value }: StoredRow): void {
    const space = readSpace(key, 0);
    const bytes = key.length + value.length;
    this.#sizes.add(space, bytes);
    let part = this.#spaces.get(space);
    if (part === undefined) {
      part = new SpacePart();
      this.#spaces.set(space, part);
    }
    part.visit(key.slice(SPACE_BYTES), value, bytes);
  }

  /** Of all of them, also what several vats list. */
  size(spaces: Spaces): Size {
    return addSizes(spaces.map(space => this.#sizes.of(space)));
  }

  sizes(): [space: Space, size: Size][] {
    return this.#sizes.entries();
  }

  kinds(spaces: Spaces): KindInspection[] {
    const found = this.#parts(spaces).flatMap(part => part.kinds());
    return grouped(found, ({ kind, durable }) => `${durable}/${kind}`).map(mergeKinds);
  }

  rowTables(spaces: Spaces): TableSize[] {
    const found = this.#parts(spaces).flatMap(part => part.rowTables());
    const tables = grouped(found, ({ table }) => table);
    return byBytes(tables.map(sizes => ({ ...sizes[0], ...addSizes(sizes) })));
  }

  #parts(spaces: Spaces): SpacePart[] {
    return spaces.flatMap(space => this.#spaces.get(space) ?? []);
  }
}
