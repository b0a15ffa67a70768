/**
 * Counts the references of a closed store anew, from docs/tables.md alone, and compares: every
 * object and promise has the counts that its holders make, every c-list is one both ways.
 */
import { prefixEnd, readU32, readU48, readU8, Store, unpackFrame } from '@heirloom/store';
import type { BinaryKey } from '@heirloom/store';

type Row = readonly unknown[];
type Krefs = readonly number[];

const PAGE = 1_000;
const SEND = 0;
const NOTIFY = 1;
const RECOGNIZABLE = 1;
const REACHABLE = 2;

const rowsUnder = (store: Store, prefix: BinaryKey): [BinaryKey, Row][] => {
  const rows: [BinaryKey, Row][] = [];
  const end = prefixEnd(prefix);
  for (let after = prefix; ; ) {
    const keys = store.keysAfter('kernel', after, end, PAGE);
    for (const key of keys) rows.push([key, unpackFrame(store.get('kernel', key)!)]);
    if (keys.length < PAGE) return rows;
    after = keys.at(-1)!;
  }
};

const isPromise = (kref: number): boolean => kref % 2 === 1;

class Counts {
  readonly reachable = new Map<number, number>();
  readonly recognizable = new Map<number, number>();

  hold(krefs: Krefs): void {
    for (const kref of krefs) {
      this.add(this.reachable, kref);
      this.add(this.recognizable, kref);
    }
  }

  add(counts: Map<number, number>, kref: number): void {
    counts.set(kref, (counts.get(kref) ?? 0) + 1);
  }
}

const countClists = (store: Store, counts: Counts): string[] => {
  const wrong: string[] = [];
  const names = new Map<string, number>();
  for (const [key, [kref]] of rowsUnder(store, '\x40')) {
    names.set(`${readU32(key, 1)} ${key.slice(5)}`, kref as number);
  }
  for (const [key, [vref, reach]] of rowsUnder(store, '\x41')) {
    const kref = readU48(key, 6) * 2 + readU8(key, 5);
    const name = `${readU32(key, 1)} ${String(vref)}`;
    if (names.get(name) !== kref) wrong.push(`${name} is not ${kref} both ways`);
    if (reach === REACHABLE) counts.hold([kref]);
    else if (reach === RECOGNIZABLE) counts.add(counts.recognizable, kref);
  }
  return wrong;
};

const countItem = (counts: Counts, [type, ...rest]: Row): void => {
  if (type === NOTIFY) return counts.hold([rest[1] as number]);
  if (type === SEND) {
    const [target, , slots, result] = rest as [number, unknown, Krefs, number | null];
    return counts.hold([target, ...slots, ...(result === null ? [] : [result])]);
  }
  const [, , , slots, , result] = rest as [unknown, unknown, unknown, Krefs, unknown, number];
  return counts.hold([...slots, result]);
};

const countHolders = (store: Store, counts: Counts): void => {
  for (const [, row] of rowsUnder(store, '\x20')) countItem(counts, row);
  for (const [, [, , slots, result]] of rowsUnder(store, '\x12')) {
    counts.hold([...(slots as Krefs), ...(result === null ? [] : [result as number])]);
  }
  for (const [, [state, , , , , slots]] of rowsUnder(store, '\x11')) {
    if (state !== 0) counts.hold(slots as Krefs);
  }
  for (const [, row] of rowsUnder(store, '\x30')) counts.hold(row[6] as Krefs);
  for (const [key] of rowsUnder(store, '\x60')) {
    counts.hold([readU48(key, 2) * 2 + readU8(key, 1)]);
  }
  for (const [, [promise]] of rowsUnder(store, '\x61')) counts.hold([promise as number]);
};

const compare = (store: Store, counts: Counts): string[] => {
  const wrong: string[] = [];
  const known = new Set<number>();
  const check = (kref: number, what: string, is: unknown, should: number | undefined): void => {
    known.add(kref);
    if (is !== (should ?? 0)) wrong.push(`${kref}: ${what} ${String(is)}, not ${should ?? 0}`);
  };
  for (const [key, [, , reachable, recognizable]] of rowsUnder(store, '\x10')) {
    const kref = readU48(key, 1) * 2;
    check(kref, 'reachable', reachable, counts.reachable.get(kref));
    check(kref, 'recognizable', recognizable, counts.recognizable.get(kref));
  }
  for (const [key, row] of rowsUnder(store, '\x11')) {
    const kref = readU48(key, 1) * 2 + 1;
    check(kref, 'references', row[3], counts.reachable.get(kref));
  }
  for (const kref of counts.recognizable.keys()) {
    if (!known.has(kref)) wrong.push(`${isPromise(kref) ? 'promise' : 'object'} ${kref} is gone`);
  }
  return wrong;
};

/** What is wrong with the references of a store that no kernel has open. */
export const auditStore = async (directory: string): Promise<string[]> => {
  const store = await Store.open({ directory, readersMax: 8 });
  try {
    const counts = new Counts();
    const wrong = countClists(store, counts);
    countHolders(store, counts);
    return [...wrong, ...compare(store, counts)];
  } finally {
    await store.close();
  }
};
