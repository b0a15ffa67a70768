/** The audit of the kernel's tables: nothing to find at any block; every kind of damage found. */
import { auditTables, type AuditRule, type Kernel, type VatReference } from '@heirloom/kernel';
import {
  boundNameKey,
  clistKrefKey,
  clistVrefKey,
  KREF_OBJECT,
  OBJECT_PREFIX,
  openReader,
  packFrame,
  PIN_PREFIX,
  PROMISE_PREFIX,
  prefixEnd,
  rowImportRef,
  rowObject,
  runQueueKey,
  TABLE_END,
  unpackFrame,
  vatNameKey,
  vatstoreKey,
  virtualRow,
  type BinaryKey,
  type FrameValue,
  type ReadView,
  type TableName,
} from '@heirloom/store';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixture, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const expectSound = (kernel: Kernel): void => {
  const { findings, ok } = kernel.audit({ rows: true });
  expect(findings).toEqual([]);
  expect(ok).toBe(true);
};

const block = async (kernel: Kernel): Promise<void> => {
  await kernel.run({ waves: 1 });
  await kernel.commit();
};

/** Messages, promises in promises, pipelines, watches, failures, upgrades, ends of vats. */
const busyDay = async (kernel: Kernel, afterBlock: () => void): Promise<void> => {
  const settle = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const end = (): void => void (done = true);
    work.then(end, end);
    while (!done || kernel.stats().runQueueLength > 0) {
      await block(kernel);
      afterBlock();
    }
    return work;
  };
  const make = async (name: string, file: string, vatParameters: unknown = {}) => {
    const bundle = await fixture(file);
    const bundleId = await settle(kernel.installBundle(bundle));
    return settle(kernel.createVat({ name, bundleId, vatParameters }));
  };
  const call = (to: VatReference, method: string, args: unknown[] = []) =>
    settle(kernel.call(to, method, args));
  const bank = await make('bank', 'bank.js');
  const holder = await make('holder', 'promises/holder.js');
  const relay = await make('relay', 'relay.js', { friends: [bank.root, holder.root] });
  const purse = (await call(bank.root, 'makePurse', ['alice', 1n])) as VatReference;
  const open = (await call(holder.root, 'make', ['x'])) as { promise: VatReference };
  await call(relay.root, 'watch', ['open', open.promise]);
  await call(relay.root, 'send', ['waits', holder.root, 'result', ['y']]);
  const held = (await call(holder.root, 'make', ['y'])) as { promise: VatReference };
  const queued = kernel.send(held.promise, 'deposit', [1n]);
  kernel.send(relay.root, 'pipeline', [holder.root, 'result', 'y', 'getBalance']);
  kernel.send(relay.root, 'forward', [purse, 'deposit', [2n]]);
  await settle(Promise.resolve());
  await call(holder.root, 'settleWith', ['x', 'resolve', ['y', 'z']]);
  const failing = { bundleId: kernel.vat('bank').bundleId, vatParameters: { fail: 'throw' } };
  await expect(settle(kernel.upgradeVat(bank.vatId, failing))).rejects.toThrow();
  const next = { bundleId: kernel.vat('bank').bundleId, vatParameters: { with: relay.root } };
  await settle(kernel.upgradeVat(bank.vatId, next));
  await call(holder.root, 'settle', ['y', 'resolve', purse]);
  await queued.result;
  kernel.send(relay.root, 'send', ['never', holder.root, 'result', ['w']]);
  await settle(kernel.terminateVat(holder.vatId));
  await settle(kernel.terminateVat(relay.vatId));
  kernel.release(purse);
  for (let i = 0; i < 4; i += 1) await call(bank.root, 'getVersion');
};

describe('audit', () => {
  test('blocks of one wave, full of everything -> nothing is found after any of them', async () => {
    const kernel = await kernelOver({ blocks: 'host' });
    await busyDay(kernel, () => expectSound(kernel));
    const { counts } = kernel.audit();
    expect(counts.vats.map(({ name }) => name)).toEqual(['bank']);
    expect(counts.remainders).toBe(0);
  });

  test('the same calls again -> the same counts, but for what garbage there is', async () => {
    const kernel = await kernelOver();
    const bundleId = await install(kernel, 'relay.js');
    const { root } = await kernel.createVat({ name: 'relay', bundleId });
    await kernel.call(root, 'echo', [1n]);
    const { counts: before } = kernel.audit();
    await kernel.call(root, 'echo', [1n]);
    const { counts: after } = kernel.audit();
    expect({ ...after, vats: [] }).toEqual({ ...before, vats: [] });
    expect(after.vats[0]!.transcriptRows).toBe(before.vats[0]!.transcriptRows + 1);
  });
});

const ROW_HEADER_BYTES = 8;

/** A store with some rows changed. */
class Damaged implements ReadView {
  readonly #view: ReadView;
  readonly #rows = new Map<string, Uint8Array | undefined>();

  constructor(view: ReadView) {
    this.#view = view;
  }

  put(table: TableName, key: BinaryKey, value: Uint8Array | undefined): void {
    this.#rows.set(`${table}/${key}`, value);
  }

  /** The first row of a range that `change` changes. */
  change(prefix: BinaryKey, change: (row: FrameValue[]) => FrameValue[] | undefined): void {
    for (const key of this.keysAfter('kernel', prefix, prefixEnd(prefix), 1000)) {
      const row = change([...unpackFrame(this.get('kernel', key)!)]);
      if (row === undefined) continue;
      this.put('kernel', key, packFrame(row));
      return;
    }
    throw Error('nothing to damage');
  }

  /** A row of a vat's space; what the kernel put before it stays. */
  changeRow(space: number, row: BinaryKey, change: (row: FrameValue[]) => FrameValue[]): void {
    const key = vatstoreKey(space, row);
    const bytes = this.get('vatstore', key)!;
    const frame = packFrame(change([...unpackFrame(bytes.subarray(ROW_HEADER_BYTES))]));
    this.put('vatstore', key, Buffer.concat([bytes.subarray(0, ROW_HEADER_BYTES), frame]));
  }

  copyRow(space: number, from: BinaryKey, to: BinaryKey): void {
    const bytes = this.get('vatstore', vatstoreKey(space, from))!;
    this.put('vatstore', vatstoreKey(space, to), Buffer.from(bytes));
  }

  get(table: TableName, key: BinaryKey): Uint8Array | undefined {
    const name = `${table}/${key}`;
    return this.#rows.has(name) ? this.#rows.get(name) : this.#view.get(table, key);
  }

  keysAfter(table: TableName, after: BinaryKey, end: BinaryKey, limit: number): BinaryKey[] {
    const keys = new Set(this.#view.keysAfter(table, after, end, limit + this.#rows.size));
    for (const [name, value] of this.#rows) {
      const key = name.slice(table.length + 1);
      if (!name.startsWith(`${table}/`)) continue;
      if (value === undefined) keys.delete(key);
      else if (key > after && key < end) keys.add(key);
    }
    return [...keys].sort().slice(0, limit);
  }
}

describe('audit of a damaged store', () => {
  const damages: readonly [string, AuditRule, string, (store: Damaged) => void][] = [
    ['an object that counts one holder too many', 'count', 'has counts', store =>
      store.change(OBJECT_PREFIX, ([o, v, r, g, e]) =>
        [o!, v!, (r as number) + 1, (g as number) + 1, e!])],
    ['a promise that counts one holder too few', 'count', 'has count', store =>
      store.change(PROMISE_PREFIX, row =>
        row.with(3, (row[3] as number) - 1) as FrameValue[])],
    ['an object of another vat', 'owner', 'does not have it', store =>
      store.change(OBJECT_PREFIX, row => row.with(0, 2) as FrameValue[])],
    ['an import that lost its way back', 'c-list', 'has no entry', store => {
      const [key] = store.keysAfter('kernel', clistKrefKey(2, KREF_OBJECT, 0), TABLE_END, 1);
      store.put('kernel', key!, undefined);
    }],
    ['a name of nothing', 'owner', 'which is not there', store =>
      store.put('kernel', clistVrefKey(1, 'o+e0/99'), packFrame([4000]))],
    ['a decider that has forgotten', 'promise', 'which does not have it', store =>
      store.change(PROMISE_PREFIX, row =>
        row[0] === 0 && row[1] === 2 ? (row.with(1, 1) as FrameValue[]) : undefined)],
    ['a run queue item from the future', 'queue', 'past the end', store =>
      store.put('kernel', runQueueKey(2 ** 40), packFrame([1, 1, 81]))],
    ['a vat without a name', 'vat', 'vat names', store =>
      store.put('kernel', vatNameKey('relay'), undefined)],
    ['a transcript with a gap', 'history', 'is followed by', store => {
      const [, second] = store.keysAfter('transcript', '', TABLE_END, 2);
      store.put('transcript', second!, undefined);
    }],
    ['rows of no vat', 'history', 'is no vat', store =>
      store.put('vatstore', '\0\0\0\x77row', packFrame([0]))],
    ['an object whose owner takes it for dropped', 'garbage', 'takes it for dropped', store =>
      store.change(OBJECT_PREFIX, row =>
        row[0] === 1 && row[1] !== 'o+0' ? (row.with(4, 1) as FrameValue[]) : undefined)],
    ['an object that nobody reaches', 'garbage', 'is not to be told (0)', store =>
      store.change(OBJECT_PREFIX, ([o, v, , , e]) =>
        o === 1 && v !== 'o+0' ? [o, v!, 0, 0, e!] : undefined)],
    ['an import without a row', 'rows', 'has no row', store => {
      store.put('vatstore', vatstoreKey(2, rowImportRef(1)), undefined);
    }],
    ['an import that the vat takes for dropped', 'rows', 'dropped is true', store =>
      store.changeRow(2, rowImportRef(1), row => row.with(3, true) as FrameValue[])],
    ['an import under another interface', 'rows', 'is called purse, not', store =>
      store.changeRow(2, rowImportRef(1), row => row.with(4, 'purse') as FrameValue[])],
    ['an interface that is none', 'table', 'has no interface', store =>
      store.change(OBJECT_PREFIX, row =>
        row.length === 6 ? (row.with(5, '!purse') as FrameValue[]) : undefined)],
    ['an import that the kernel does not know', 'rows', 'is not in the c-list', store =>
      store.copyRow(2, rowImportRef(1), rowImportRef(99))],
    ['an export that the vat takes for dropped', 'rows', 'is s, not r', store =>
      store.changeRow(1, rowObject(10, 1), row => row.with(3, 's') as FrameValue[])],
    ['an export that is in no c-list', 'rows', 'not in the c-list', store =>
      store.changeRow(1, rowObject(10, 1), row => row.with(3, 'rs') as FrameValue[])],
    ['a row with a count too many', 'rows', 'rows hold it, its count is', store =>
      store.changeRow(1, rowObject(10, 1), row => row.with(2, 7) as FrameValue[])],
    ['a row of an ended incarnation', 'rows', 'is left of before', store =>
      store.put('vatstore', vatstoreKey(1, virtualRow(9, rowObject(10, 1))), Buffer.alloc(9))],
    ['a row that is no frame', 'rows', 'cannot be read', store =>
      store.put('vatstore', vatstoreKey(1, rowObject(10, 1)), Buffer.alloc(9))],
    ['a pin of nothing', 'table', 'is pinned with 0', store =>
      store.change(PIN_PREFIX, () => [0])],
    ['a pin that counts a name too many', 'table', 'is pinned with 5, and 1 names', store =>
      store.change(PIN_PREFIX, ([pin]) => (pin === 3 ? [5] : undefined))],
    ['a name that is bound to what is not pinned', 'table', 'which is not pinned', store =>
      store.put('kernel', boundNameKey('other'), packFrame([4000]))],
    ['a name that is bound to something else', 'table', 'is pinned with 3, and 0 names', store =>
      store.put('kernel', boundNameKey('treasury'), packFrame([4000]))],
    ['rows that the audit does not know', 'table', 'rows f7 of the kernel', store =>
      store.put('kernel', '\xf7any', packFrame([0]))],
  ];

  /** The store is the same for all: a test damages what it sees of it, not what is on disk. */
  const shared = useSharedKernel();

  beforeAll(async () => {
    const { kernel } = shared;
    const make = async (name: string) =>
      kernel.createVat({ name, bundleId: await shared.install(`${name}.js`) });
    const bank = await make('bank');
    const relay = await make('relay');
    await kernel.call(relay.root, 'forward', [bank.root, 'getVersion', []]);
    kernel.send(relay.root, 'open');
    await kernel.call(bank.root, 'makePurse', ['alice', 1n]);
    await kernel.bind('treasury', bank.root);
  });

  test.each(damages)('%s -> found: %s', async (_name, rule, text, damage) => {
    expectSound(shared.kernel);
    const reader = openReader({ directory: shared.directory, readersMax: 8 });
    const snapshot = reader.begin();
    try {
      const store = new Damaged(snapshot);
      expect(auditTables(store, { rows: true }).findings).toEqual([]);
      damage(store);
      const { ok, findings } = auditTables(store, { rows: true });
      expect(ok).toBe(false);
      const matching = findings.filter(found => found.rule === rule && found.text.includes(text));
      expect(matching, JSON.stringify(findings)).not.toEqual([]);
    } finally {
      snapshot.done();
      await reader.close();
    }
  });
});
