/** `heirloom verify`: every transcript replays, or the report says where it does not. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { verifyStore, type StoreVerification } from '@heirloom/kernel';
import {
  blockKey,
  decodeChunk,
  heightAfter,
  objectKey,
  openReader,
  packFrame,
  prefixEnd,
  readU48,
  stateChunks,
  Store,
  StoreImport,
  transcriptPrefix,
  unpackBlockRecord,
  unpackFrame,
  type BinaryKey,
  type FrameValue,
  type RowChange,
  type StoredRow,
} from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

/** The waves of an incarnation, as keys of the transcript, and their first positions. */
const wavesOf = async (directory: string, vat: number, incarnation: number) => {
  const prefix = transcriptPrefix(vat, incarnation);
  const store = await Store.open({ directory, readersMax: 8 });
  const keys = store.keysAfter('transcript', prefix, prefixEnd(prefix), 100);
  await store.close();
  return keys.map(key => ({ key, position: readU48(key, prefix.length) }));
};

/** A bank in its second incarnation and a relay in its first, each with a few deliveries. */
const writtenStore = preparedStore(async directory => {
  const kernel = await kernelOver({ directory });
  const bundleId = await install(kernel, 'bank.js');
  const bank = await kernel.createVat({ name: 'bank', bundleId });
  const relayBundle = await install(kernel, 'relay.js');
  const relay = await kernel.createVat({ name: 'relay', bundleId: relayBundle });
  await kernel.call(bank.root, 'makePurse', ['alice', 1n]);
  await kernel.upgradeVat(bank.vatId, { bundleId });
  for (const name of ['bob', 'carol', 'dave']) {
    await kernel.call(bank.root, 'makePurse', [name, 1n]);
  }
  await kernel.call(relay.root, 'forward', [bank.root, 'getNames', []]);
  await kernel.close();
});

const damage = async (
  directory: string,
  change: (store: Store) => RowChange,
): Promise<void> => {
  const store = await Store.open({ directory, readersMax: 8 });
  const height = heightAfter(store.head.height);
  await store.commit({ height, changes: [change(store)], unhashed: [] });
  await store.close();
};

/** Another check for the first crank of a wave. */
const damageCheck = (key: BinaryKey) => (store: Store) => {
  const row = [...unpackFrame(store.get('transcript', key)!)] as FrameValue[];
  const checks = Uint8Array.from(row[3] as Uint8Array);
  checks[0]! ^= 1;
  row[3] = checks;
  return { table: 'transcript', key, value: packFrame(row) } as const;
};

/** The same store with a row more among the bundles, under the same block hash. */
const copyWith = async (directory: string, to: string, extra: StoredRow): Promise<void> => {
  const reader = openReader({ directory, readersMax: 8 });
  const snapshot = reader.begin();
  const { height } = snapshot;
  const record = unpackBlockRecord(snapshot.get('blocks', blockKey(height))!)!;
  const store = new StoreImport(to);
  for (const { table, bytes } of stateChunks(snapshot)) {
    await store.put(table, decodeChunk(table, bytes, ''));
  }
  await store.put('bundles', [extra]);
  await store.finish(height, record);
  snapshot.done();
  await reader.close();
};

describe('verify', () => {
  test('a sound store -> every vat ok, with its incarnation and positions', async () => {
    const directory = await writtenStore();
    const kernel = await kernelOver({ directory });
    const { tables } = kernel.stats();
    const { height, blockHash } = kernel;
    await kernel.close();
    const seen: number[] = [];
    const progress = (done: number, _total: number, phase: string): void => {
      if (phase === 'vats') seen.push(done);
    };
    const report = await verifyStore({ directory, progress });
    expect(report.ok).toBe(true);
    expect(report.audit).toEqual({ ok: true, findings: [], findingCount: 0 });
    expect(report.rootOk).toBe(null);
    expect(seen).toEqual([1, 2]);
    const [bank, relay] = report.vats;
    expect(bank).toMatchObject({ name: 'bank', incarnation: 1, ok: true });
    expect(bank!.positions).toBeGreaterThanOrEqual(5); // startVat, three purses, getNames
    expect(relay).toMatchObject({ name: 'relay', incarnation: 0, ok: true });
    const positions = report.vats.map(vat => vat.positions);
    expect(positions).toEqual(tables.vats.map(({ deliveries }) => deliveries));
    expect([report.height, report.blockHash]).toEqual([height, blockHash]);
  });

  test('a crank that comes out otherwise -> that vat, incarnation and position; exit status 1',
    async () => {
      const directory = await writtenStore();
      const { key, position } = (await wavesOf(directory, 1, 1))[2]!;
      await damage(directory, damageCheck(key));
      const report = await verifyStore({ directory });
      const [bank, relay] = report.vats;
      expect(report.ok).toBe(false);
      expect(bank).toMatchObject({ ok: false, code: 'REPLAY_DIVERGED', divergedAt: position });
      expect(bank!.reason).toContain(`bank (v1), incarnation 1, position ${position}: the replay`);
      expect(relay).toMatchObject({ ok: true, code: null, divergedAt: null, reason: null });
      const command = await heirloom('verify', directory, '--json');
      expect(command.status).toBe(1);
      const told = JSON.parse(command.stdout) as StoreVerification;
      expect(told.vats.map(({ divergedAt }) => divergedAt)).toEqual([position, null]);
      const table = await heirloom('verify', directory);
      expect(table.status).toBe(1);
      expect(table.stdout).toContain('REPLAY_DIVERGED');
      expect((await heirloom('verify', directory, '--vat', 'relay')).status).toBe(0);
    });

  test('a transcript with a gap -> diverges where the wave is missing, and the audit says so',
    async () => {
      const directory = await writtenStore();
      const { key, position } = (await wavesOf(directory, 1, 1))[1]!;
      await damage(directory, () => ({ table: 'transcript', key, value: undefined }));
      const report = await verifyStore({ directory });
      expect(report.vats[0]).toMatchObject({ ok: false, divergedAt: position });
      expect(report.audit.findings.map(({ rule }) => rule)).toContain('history');
    });

  const disagreeing = 'tables that disagree -> not ok, though every vat replays; exit status 1';
  test(disagreeing, { tags: ['thorough'] }, async () => {
    const directory = await writtenStore();
    await damage(directory, store => {
      const key = objectKey(20);
      const row = [...unpackFrame(store.get('kernel', key)!)] as FrameValue[];
      return { table: 'kernel', key, value: packFrame(row.with(2, 77)) };
    });
    const { status, stdout } = await heirloom('verify', directory, '--json');
    const report = JSON.parse(stdout) as StoreVerification;
    expect([status, report.ok, report.vats.every(({ ok }) => ok)]).toEqual([1, false, true]);
    expect(report.audit.findings[0]!.text).toContain('ko20 has counts 77');
  });

  const sealed = 'a sealed block whose state is another -> not ok, though all the rest is';
  test(sealed, { tags: ['thorough'] }, async () => {
    const directory = await freshDirectory();
    const kernel = await kernelOver({ directory, parameters: { stateRootInterval: 1 } });
    await kernel.createVat({ name: 'bank', bundleId: await install(kernel, 'bank.js') });
    await kernel.close();
    expect(await verifyStore({ directory })).toMatchObject({ ok: true, rootOk: true });
    const tampered = join(await freshDirectory(), 'tampered');
    await copyWith(directory, tampered, { key: 'extra', value: Uint8Array.of(1) });
    expect(await verifyStore({ directory: tampered })).toMatchObject({
      ok: false,
      rootOk: false,
      vats: [{ ok: true }],
      audit: { ok: true },
    });
  });

  test('a store that a kernel has open, none, an unknown vat -> errors, nothing made', async () => {
    const directory = await writtenStore();
    const kernel = await kernelOver({ directory });
    await expect(verifyStore({ directory })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await kernel.close();
    const other = await freshDirectory();
    await expect(verifyStore({ directory: other })).rejects.toMatchObject({ code: 'NOT_A_STORE' });
    expect(readdirSync(other)).toEqual([]);
    const unknown = verifyStore({ directory, vat: 'bnk' });
    await expect(unknown).rejects.toThrow('no vat "bnk" runs; there are: bank, relay');
  });
});
