/** `heirloom verify`: every transcript replays, or the report says where it does not. */
import { readdirSync } from 'node:fs';
import { verifyStore, type StoreVerification } from '@heirloom/kernel';
import {
  objectKey,
  packFrame,
  Store,
  transcriptKey,
  transcriptPrefix,
  prefixEnd,
  unpackFrame,
  type FrameValue,
  type RowChange,
} from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { heirloom } from '../support/command.js';
import { freshDirectory, install, kernelOver } from '../support/kernels.js';

/** A bank in its second incarnation and a relay in its first, each with a few deliveries. */
const writtenStore = async (): Promise<string> => {
  const directory = await freshDirectory();
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
  return directory;
};

const damage = async (
  directory: string,
  change: (store: Store) => RowChange,
): Promise<void> => {
  const store = await Store.open({ directory, readersMax: 8 });
  const height = store.head.height + 1;
  await store.commit({ height, changes: [change(store)], unhashed: [] });
  await store.close();
};

/** Another check for one crank of a wave. */
const damageCheck = (vat: number, incarnation: number, wave: number) => (store: Store) => {
  const prefix = transcriptPrefix(vat, incarnation);
  const key = store.keysAfter('transcript', prefix, prefixEnd(prefix), wave + 1)[wave]!;
  const row = [...unpackFrame(store.get('transcript', key)!)] as FrameValue[];
  const checks = Uint8Array.from(row[3] as Uint8Array);
  checks[0]! ^= 1;
  row[3] = checks;
  return { table: 'transcript', key, value: packFrame(row) } as const;
};

describe('verify', () => {
  test('a sound store -> every vat ok, with its incarnation and positions', async () => {
    const directory = await writtenStore();
    const seen: number[] = [];
    const report = await verifyStore({ directory, progress: done => seen.push(done) });
    expect(report.ok).toBe(true);
    expect(report.audit).toEqual({ ok: true, findings: [], findingCount: 0 });
    expect(seen).toEqual([1, 2]);
    const shown = report.vats.map(vat => [vat.name, vat.incarnation, vat.positions, vat.ok]);
    expect(shown).toEqual([
      ['bank', 1, 6, true], // startVat, a sweep, three purses, getNames
      ['relay', 0, 3, true], // startVat, forward, the answer
    ]);
    const kernel = await kernelOver({ directory });
    expect([report.height, report.blockHash]).toEqual([kernel.height, kernel.blockHash]);
  });

  test('a crank that comes out otherwise -> that vat, incarnation and position; exit status 1',
    async () => {
      const directory = await writtenStore();
      await damage(directory, damageCheck(1, 1, 2));
      const report = await verifyStore({ directory });
      const [bank, relay] = report.vats;
      expect(report.ok).toBe(false);
      expect(bank).toMatchObject({ ok: false, code: 'REPLAY_DIVERGED', divergedAt: 3 });
      expect(bank!.reason).toContain('v1, incarnation 1, position 3: the replay diverged');
      expect(relay).toMatchObject({ ok: true, code: null, divergedAt: null, reason: null });
      const command = await heirloom('verify', directory, '--json');
      expect(command.status).toBe(1);
      const told = JSON.parse(command.stdout) as StoreVerification;
      expect(told.vats.map(({ divergedAt }) => divergedAt)).toEqual([3, null]);
      const table = await heirloom('verify', directory);
      expect(table.status).toBe(1);
      expect(table.stdout).toContain('REPLAY_DIVERGED');
      expect((await heirloom('verify', directory, '--vat', 'relay')).status).toBe(0);
    });

  test('a transcript with a gap -> diverges where the wave is missing, and the audit says so',
    async () => {
      const directory = await writtenStore();
      const key = transcriptKey(1, 1, 1);
      await damage(directory, () => ({ table: 'transcript', key, value: undefined }));
      const report = await verifyStore({ directory });
      expect(report.vats[0]).toMatchObject({ ok: false, divergedAt: 1 });
      expect(report.audit.findings.map(({ rule }) => rule)).toContain('history');
    });

  test('tables that disagree -> not ok, though every vat replays; exit status 1', async () => {
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
