/**
 * A shop that watches promises, and what its upgrades let it hear: the independent model of
 * `npm run kills:watches`.
 *
 * It knows nothing of the product. A block follows from the seed, its number, and the model that
 * the blocks before have left. Releases alternate between code that cannot tell some watchers (the
 * kind has lost a method, `migrate` fails), code that does not start, and code that can.
 *
 * Invariants: what a watch was told, it was told once; a promise that is settled is heard as soon
 * as the code can tell its watcher, and no earlier.
 */
import { seededRandom, type Random } from '../support/suite/random.js';

const METHODS = ['onFulfilled', 'onRejected'] as const;
type Kind = 'plain' | 'aged';
type How = 'resolve' | 'reject';

/** What the shop's code can do. */
export interface Release {
  /** Of the kind "plain". */
  readonly methods: readonly string[];
  /** Of the kind "aged". */
  readonly version: number;
  readonly migrates: boolean;
  /** False: it throws as it starts, and the code before goes on. */
  readonly starts: boolean;
}

export type WatchCall =
  | { readonly op: 'watch'; readonly name: string; readonly watches: [number, Kind][] }
  | { readonly op: 'watchOwn'; readonly watches: [number, Kind][] }
  | { readonly op: 'settle'; readonly name: string; readonly how: How; readonly deep: boolean }
  | { readonly op: 'upgrade'; readonly release: Release };

interface Watch {
  readonly number: number;
  readonly kind: Kind;
  /** The version of "aged" that made its watcher. */
  readonly version: number;
  /** The promise; undefined: the shop's own, until an upgrade. */
  readonly name: string | undefined;
  /** `maybe`: the block had an upgrade too, and one of its two releases cannot tell. */
  heard: 'no' | 'yes' | 'maybe';
  /** It was settled in code that could not tell it. */
  hasWaited: boolean;
}

export const FIRST_RELEASE: Release = {
  ...{ methods: METHODS, version: 1, migrates: true, starts: true },
};
/** The name of what an upgrade rejects a promise of its vat with. */
const UPGRADED = 'vatUpgraded';
const WATCHES_MAX = 40;

/** What the shop says that its watches were told: how, and of what. */
export type Heard = readonly (readonly [number, readonly (readonly [How, string])[]])[];

export class Watches {
  readonly #seed: number;
  readonly #watches: Watch[] = [];
  /** How each promise that is settled was. */
  readonly #settled = new Map<string, How>();
  #promises = 0;
  #release = FIRST_RELEASE;
  #blocks = 0;
  upgrades = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  get blocks(): number {
    return this.#blocks;
  }

  get release(): Release {
    return this.#release;
  }

  get watches(): number {
    return this.#watches.length;
  }

  /** Watches whose settlement waited for a release that can tell it. */
  get waited(): number {
    return this.#watches.filter(({ hasWaited }) => hasWaited).length;
  }

  /** The next block: runs of calls that are queued together. The model is then as it leaves it. */
  next(): WatchCall[][] {
    this.#blocks += 1;
    const mixed = Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(this.#blocks, 0x85ebca6b);
    const random = seededRandom(mixed);
    const watches = this.#planWatches(random);
    const before = this.#planSettlements(random, random.below(4));
    const release = random.chance(0.8) ? [this.#planRelease(random)] : [];
    const after = this.#planSettlements(random, random.below(4));
    const settlements = [...before, ...after];
    this.#settle(settlements, release[0]);
    const upgrade = release.map(next => ({ op: 'upgrade' as const, release: next }));
    return [watches, [...before, ...upgrade, ...after]];
  }

  /** The last block of all: a release that can tell everything, and every promise settles. */
  end(): WatchCall[][] {
    this.#blocks += 1;
    const release = { ...FIRST_RELEASE, version: this.#release.version };
    const open = new Set(this.#watches.flatMap(({ name }) => name ?? []));
    const calls = [...open]
      .filter(name => !this.#settled.has(name))
      .map(name => ({ op: 'settle' as const, name, how: 'resolve' as const, deep: false }));
    this.#settle([], release);
    this.#settle(calls, undefined);
    return [[{ op: 'upgrade', release }], calls];
  }

  /** Errors: says which watch was told what it should not have been, or not what it should. */
  compare(heard: Heard): void {
    const told = new Map(heard);
    for (const watch of this.#watches) {
      const { number } = watch;
      const found = told.get(number) ?? [];
      told.delete(number);
      const where = `watch ${number} of ${watch.kind}, block ${this.#blocks}`;
      if (found.length > 1) throw Error(`${where}: told ${found.length} times`);
      if (watch.heard === 'yes' && found.length === 0) throw Error(`${where}: never told`);
      if (watch.heard === 'no' && found.length > 0) throw Error(`${where}: told too early`);
      if (watch.heard === 'maybe') watch.heard = found.length > 0 ? 'yes' : 'no';
      this.#compareTold(watch, found[0], where);
    }
    if (told.size > 0) throw Error(`nobody has made the watches ${[...told.keys()].join(', ')}`);
  }

  #compareTold({ name }: Watch, told: readonly [How, string] | undefined, where: string): void {
    if (told === undefined) return;
    const [how, of] = told;
    const isRight =
      name === undefined
        ? how === 'reject' && of === UPGRADED
        : how === this.#settled.get(name) && of === name;
    if (!isRight) throw Error(`${where}: told ${how} of ${of}`);
  }

  #planWatches(random: Random): WatchCall[] {
    if (this.#watches.length >= WATCHES_MAX) return [];
    const calls: WatchCall[] = [];
    for (let n = 1 + random.below(3); n > 0; n -= 1) {
      this.#promises += 1;
      const name = `p${this.#promises}`;
      const watches = this.#addWatches(name, random, 1 + random.below(3));
      calls.push({ op: 'watch', name, watches });
    }
    if (random.chance(0.3)) {
      calls.push({ op: 'watchOwn', watches: this.#addWatches(undefined, random, 1) });
    }
    return calls;
  }

  /** A watcher without the methods that it had in the model's head would be no loss. */
  #addWatches(name: string | undefined, random: Random, count: number): [number, Kind][] {
    const { methods, version } = this.#release;
    return Array.from({ length: count }, () => {
      const number = this.#watches.length;
      const isPlain = methods.length === METHODS.length && random.chance(0.5);
      const kind = isPlain ? 'plain' : 'aged';
      this.#watches.push({ number, kind, version, name, heard: 'no', hasWaited: false });
      return [number, kind];
    });
  }

  #planSettlements(random: Random, count: number): WatchCall[] {
    const names = new Set(this.#watches.flatMap(({ name }) => name ?? []));
    const open = [...names].filter(name => !this.#settled.has(name));
    return Array.from({ length: Math.min(count, open.length) }, (): WatchCall => {
      const [name] = open.splice(random.below(open.length), 1);
      const how = random.chance(0.7) ? 'resolve' : 'reject';
      this.#settled.set(name!, how);
      return { op: 'settle', name: name!, how, deep: random.chance(0.4) };
    });
  }

  #planRelease(random: Random): Release {
    this.upgrades += 1;
    const { version } = this.#release;
    const what = random.below(6);
    const repaired = { ...FIRST_RELEASE, version };
    if (what === 0) return { ...repaired, methods: [] };
    if (what === 1) return { ...repaired, methods: [METHODS[random.below(2)]!] };
    if (what === 2) return { ...repaired, version: version + 1, migrates: false };
    if (what === 3) return { ...repaired, methods: [], version: version + 1, migrates: false };
    if (what === 4) return { ...repaired, starts: false };
    return repaired;
  }

  /** What is told by the end of a block. `next`: the release of its upgrade. */
  #settle(calls: readonly WatchCall[], next: Release | undefined): void {
    for (const call of calls) if (call.op === 'settle') this.#settled.set(call.name, call.how);
    const present = new Set(calls.flatMap(call => (call.op === 'settle' ? call.name : [])));
    const before = this.#release;
    const isUpgraded = next?.starts === true;
    if (isUpgraded) this.#release = next;
    for (const watch of this.#watches) {
      if (watch.heard !== 'no') continue;
      const { name } = watch;
      if (name === undefined && isUpgraded && !this.#settled.has(ownName(watch))) {
        this.#settled.set(ownName(watch), 'reject');
      }
      const how = this.#settled.get(name ?? ownName(watch));
      if (how === undefined) continue;
      const canNow = canTell(this.#release, watch, how);
      const couldBefore = name !== undefined && present.has(name) && canTell(before, watch, how);
      if (canNow) watch.heard = 'yes';
      else if (couldBefore) watch.heard = 'maybe';
      watch.hasWaited ||= !canNow;
    }
  }
}

const ownName = ({ number }: Watch): string => `own ${number}`;

const canTell = ({ methods, migrates, version }: Release, watch: Watch, how: How): boolean =>
  watch.kind === 'plain'
    ? methods.includes(how === 'resolve' ? 'onFulfilled' : 'onRejected')
    : migrates || watch.version === version;
