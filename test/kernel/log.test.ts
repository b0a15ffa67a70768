/** The structured log: what it tells, that it can be switched while the kernel runs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  jsonLines,
  LOG_CATEGORIES,
  type Kernel,
  type KernelOptions,
  type LogCategory,
  type LogRecord,
} from '@heirloom/kernel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { beginHistory, runBlocks } from '../support/kernels/history.js';

const logged = (kernel: Kernel, categories: readonly LogCategory[] | 'all' = 'all') => {
  const records: LogRecord[] = [];
  kernel.setLog({ categories, write: record => records.push(record) });
  return records;
};

const withRelay = async () => {
  const kernel = await kernelOver();
  const bundleId = await install(kernel, 'relay.js');
  const { root, vatId } = await kernel.createVat({ name: 'relay', bundleId });
  return { kernel, root, vatId, bundleId };
};

const told = (records: readonly LogRecord[], category: LogCategory) =>
  records.filter(record => record.category === category);

/** A busy history, and what was told of it. */
interface History {
  readonly hashes: readonly string[];
  readonly records: readonly LogRecord[];
  /** The same as JSON lines. */
  readonly text: string;
}

const historyOf = async (
  options: Partial<KernelOptions>,
  start?: (kernel: Kernel) => void,
): Promise<History> => {
  const kernel = await kernelOver({ blocks: 'host', ...options });
  const records: LogRecord[] = [];
  let text = '';
  const writeText = jsonLines({ write: more => (text += more) });
  const write = (record: LogRecord): void => {
    records.push(record);
    writeText(record);
  };
  if (start === undefined) kernel.setLog({ categories: 'all', write });
  else start(kernel);
  await beginHistory(kernel);
  const hashes = await runBlocks(kernel, 1, 4);
  return { hashes, records, text };
};

/** Each is run once, for whichever tests compare it. */
const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};
const histories = {
  logged: once(() => historyOf({ threads: 8 })),
  oneThread: once(() => historyOf({ threads: 1 })),
};

describe('log', () => {
  test('one call -> its delivery, syscalls, crank, wave and block, in this order', async () => {
    const { kernel, root, vatId } = await withRelay();
    const records = logged(kernel);
    await kernel.call(root, 'add', [1n, 2n]);
    const { height } = kernel;
    const shown = records.map(({ category, event }) => `${category} ${event}`);
    expect(shown).toEqual([
      'delivery message',
      'syscall resolve',
      'crank message',
      'wave ran',
      'block committed',
    ]);
    const [delivery, syscall, crank, wave, block] = records;
    const place = { height, wave: 0, vat: vatId, incarnation: 0, position: 1 };
    expect(delivery).toMatchObject({ ...place, target: 'o+0', method: 'add', slots: [] });
    expect(syscall).toMatchObject({ ...place, promises: [delivery!['result']], rejected: [] });
    expect(crank).toMatchObject({ ...place, ok: true, code: null, syscalls: 1, rows: 0 });
    expect(wave).toMatchObject({ height, wave: 0, items: 1, cranks: 1 });
    expect(block).toMatchObject({ height, hash: kernel.blockHash, sealed: false, waves: 1 });
    for (const { time } of records) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  test('creation, upgrades, faults, exits, ends -> told, with what went wrong', async () => {
    const { kernel, vatId, bundleId } = await withRelay();
    const records = logged(kernel, ['vat', 'upgrade']);
    const bankBundle = await install(kernel, 'bank.js');
    const bank = await kernel.createVat({ name: 'bank', bundleId: bankBundle });
    const broken = { bundleId: bankBundle, vatParameters: { fail: 'throw' } };
    await expect(kernel.upgradeVat(bank.vatId, broken)).rejects.toThrow();
    await kernel.upgradeVat(bank.vatId, { bundleId: broken.bundleId });
    await kernel.terminateVat(vatId);
    const leaver = await install(kernel, 'services/leaver.js');
    for (const exit of ['exitVat', 'exitVatWithFailure']) {
      const { root } = await kernel.createVat({ name: exit, bundleId: leaver });
      const how = exit === 'exitVat' ? 'well' : 'badly';
      await kernel.call(root, 'leave', [how, 'reason', root, 'any', [], []]).catch(() => undefined);
    }
    const shown = records.map(({ category, event, name, ok, code }) =>
      [category, event, name, ok ?? code].join(' '));
    expect(shown).toEqual([
      'vat created bank true',
      'upgrade upgraded bank false',
      'upgrade upgraded bank true',
      'vat terminated relay true',
      'vat created exitVat true',
      'vat exited exitVat EXIT',
      'vat created exitVatWithFailure true',
      'vat faulted exitVatWithFailure EXIT_FAILURE',
    ]);
    expect(records[1]).toMatchObject({ incarnation: 0, reason: 'Error: version is broken' });
    expect(records[2]).toMatchObject({ incarnation: 1, bundle: broken.bundleId, reason: null });
    expect(bundleId).not.toBe(broken.bundleId);
  });

  test('categories, changed while the kernel runs -> only those, from then on', async () => {
    const { kernel, root } = await withRelay();
    const deliveries = logged(kernel, ['delivery']);
    await kernel.call(root, 'echo', [1n]);
    const syscalls = logged(kernel, ['syscall']);
    await kernel.call(root, 'echo', [2n]);
    kernel.setLog(undefined);
    await kernel.call(root, 'echo', [3n]);
    expect(deliveries.map(({ event }) => event)).toEqual(['message']);
    expect(syscalls.map(({ event }) => event)).toEqual(['resolve']);
    const wrong = { categories: ['cranks' as LogCategory], write: () => undefined };
    expect(() => kernel.setLog(wrong)).toThrow(
      `unknown category cranks; categories: all, or of ${LOG_CATEGORIES.join(', ')}`,
    );
  });

  const jsonLines = 'JSON lines -> every record of a busy history survives JSON';
  test(jsonLines, { tags: ['thorough'] }, async () => {
    const { records, text } = await histories.logged();
    const lines = text.trimEnd().split('\n').map(line => JSON.parse(line) as LogRecord);
    expect(lines).toEqual(records);
    expect(told(lines, 'delivery').length).toBe(told(lines, 'crank').length);
    const seen = new Set(lines.map(({ category, event }) => `${category} ${event}`));
    for (const name of ['delivery startVat', 'delivery notify', 'syscall send', 'vat created']) {
      expect(seen).toContain(name);
    }
  });

  test('from the opening on, as an option -> also the first block; a wrong option is refused',
    async () => {
      const records: LogRecord[] = [];
      const structuredLog = {
        categories: ['vat', 'block'] as const,
        write: (record: LogRecord) => void records.push(record),
      };
      const kernel = await kernelOver({ structuredLog });
      await kernel.createVat({ name: 'relay', bundleId: await install(kernel, 'relay.js') });
      expect(told(records, 'vat').map(({ name }) => name)).toEqual(['relay']);
      expect(told(records, 'block').length).toBeGreaterThan(1);
      const wrong = { structuredLog: { ...structuredLog, categories: 'some' as 'all' } };
      await expect(kernelOver(wrong)).rejects.toMatchObject({ code: 'BAD_OPTION' });
    });

  test('heirloom run --log -> JSON lines on stderr', { tags: ['thorough'] }, async () => {
    const directory = await freshDirectory();
    const config = join(directory, 'config.json');
    await writeFile(join(directory, 'relay.json'), JSON.stringify(await fixture('relay.js')));
    await writeFile(config, JSON.stringify({ vats: { relay: { bundleSpec: 'relay.json' } } }));
    const { status, stdout, stderr } = await heirloom('run', config, '--log', 'vat,block');
    const lines = stderr.trimEnd().split('\n').map(line => JSON.parse(line) as LogRecord);
    expect([status, told(lines, 'vat').map(({ name }) => name)]).toEqual([0, ['relay']]);
    expect(stdout).toContain(String(told(lines, 'block').at(-1)!['hash']));
    const wrong = await heirloom('run', config, '--log', 'vats');
    expect([wrong.status, wrong.stderr.includes('It takes all, or of')]).toEqual([1, true]);
  });

  test('other threads -> the same records, but for the clock', { tags: ['thorough'] }, async () => {
    const withoutClock = ({ records }: History) =>
      records.map(({ time: _time, milliseconds: _ms, ...record }) => record);
    const [one, many] = [await histories.oneThread(), await histories.logged()];
    expect(withoutClock(many).length).toBeGreaterThan(100);
    expect(withoutClock(many)).toEqual(withoutClock(one));
  });

  test('a log, none, or one that throws -> the same block hashes', async () => {
    const warnings: string[] = [];
    const warn = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const { hashes: plain } = await historyOf({}, () => undefined);
    expect((await histories.logged()).hashes).toEqual(plain);
    let writes = 0;
    const throwing = await historyOf({}, kernel =>
      kernel.setLog({
        categories: 'all',
        write: () => {
          writes += 1;
          throw Error('no room');
        },
      }));
    expect(throwing.hashes).toEqual(plain);
    expect(writes).toBe(1);
    expect(warnings).toEqual(['the log is switched off: its write threw Error: no room']);
  });
});
