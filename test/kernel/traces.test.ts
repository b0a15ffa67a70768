/** What authors see of errors: files, lines and columns, whatever way an error goes. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  exportState,
  importState,
  openKernel,
  type Isolation,
  type Kernel,
  type KernelLogEntry,
  type KernelOptions,
  type VatReference,
} from '@heirloom/kernel';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { errorOf } from '../support/suite/rejections.js';
import { mappedBundle, placeOf } from '../support/bundles/mapped-bundle.js';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const ENTRY = 'typescript/traced.ts';
const STEPS = 'typescript/traced-steps.ts';

/** Where every error of the vat's is thrown, the innermost call first. */
const CALLS = [
  `at last (${placeOf(STEPS, 'error(assert')}`,
  `at fourth (${placeOf(STEPS, 'last(each)')}`,
  `at <anonymous> (${placeOf(STEPS, 'fourth(step))')}`,
  `at Steps.second (${placeOf(STEPS, 'map(step')}`,
  `at check (${placeOf(STEPS, 'second();')}`,
];

/** All calls in order, the places of ours among them nowhere. */
const expectTrace = (text: string | undefined, head: string, from: string): void => {
  expect(text).toContain(head);
  const frames = text!.split('\n').map(line => line.trim()).filter(line => line.startsWith('at '));
  const own = frames.filter(frame => !frame.includes('Array.map'));
  const shown = [...CALLS, from].map((call, i) => (own[i]!.includes(call) ? call : own[i]));
  expect(shown).toEqual([...CALLS, from]);
  expect(text).not.toMatch(/heirloom[:-]|node:|b1-/);
};

const said = (depth: number): string => `RangeError: step ${depth} of many, the last`;

interface Scene {
  readonly kernel: Kernel;
  readonly log: KernelLogEntry[];
  readonly root: VatReference;
  readonly vatId: string;
  readonly bundleId: string;
  readonly directory: string;
}

const begin = async (options: Partial<KernelOptions> = {}): Promise<Scene> => {
  const log: KernelLogEntry[] = [];
  const directory = await freshDirectory();
  const kernel = await kernelOver({ log: entry => log.push(entry), ...options, directory });
  const bundleId = await kernel.installBundle(await mappedBundle(ENTRY));
  const { root, vatId } = await kernel.createVat({ name: 'traced', bundleId });
  return { kernel, log, root, vatId, bundleId, directory };
};

const only = (log: KernelLogEntry[]): KernelLogEntry => {
  expect(log.length).toBe(1);
  return log[0]!;
};

/** Whatever way an error of the vat `traced` goes: rejected, logged, unhandled, an upgrade. */
const expectEveryTrace = async (options: Partial<KernelOptions>): Promise<void> => {
  const log: KernelLogEntry[] = [];
  const kernel = await kernelOver({ ...options, log: entry => log.push(entry) });
  const { root, bundleId, vatId } = kernel.vat('traced');
  const { stack } = await errorOf(kernel.call(root, 'fail', [3]));
  expectTrace(stack, said(3), `at traced.fail (${placeOf(ENTRY, 'check(depth)')}`);
  await kernel.call(root, 'say', []);
  expectTrace(log[0]?.text, said(2), `at traced.say (${placeOf(ENTRY, 'check(2)')}`);
  await kernel.call(root, 'forget', []);
  await vi.waitFor(() => expect(log.length).toBe(2));
  const unhandled = `Unhandled rejection: ${said(5)}`;
  expectTrace(log[1]?.text, unhandled, `at <anonymous> (${placeOf(ENTRY, 'check(5)')}`);
  const vatParameters = { startsWrong: true };
  const upgrade = await errorOf(kernel.upgradeVat(vatId, { bundleId, vatParameters }));
  const from = `at buildRootObject (${placeOf(ENTRY, 'check(1)')}`;
  expectTrace(upgrade.stack, said(1), from);
  expectTrace(log[2]?.text, `UPGRADE_FAILED, START_FAILED: ${said(1)}`, from);
};

describe.each(['thread', 'process'] as const)('traces, vats in a %s', (isolation: Isolation) => {
  test('console.error(error) -> the whole trace, and which call wrote it', async () => {
    const { kernel, log, root, vatId } = await begin({ isolation });
    await kernel.call(root, 'say', []);
    const entry = only(log);
    expectTrace(entry.text, `told: ${said(2)}`, `at traced.say (${placeOf(ENTRY, 'check(2)')}`);
    expect(entry).toMatchObject({ vatId, level: 'error', name: 'traced' });
    expect(entry.crank).toEqual({ incarnation: 0, position: 1, method: 'say' });
  });

  test('a rejected result -> the stack of the error that the host gets', async () => {
    const { kernel, log, root } = await begin({ isolation });
    const error = await errorOf(kernel.call(root, 'fail', [3]));
    expect(error.message).toBe('step (a number) of (a string), the last');
    expectTrace(error.stack, said(3), `at traced.fail (${placeOf(ENTRY, 'check(depth)')}`);
    const later = await errorOf(kernel.call(root, 'failLater', []));
    expectTrace(later.stack, said(4), `at traced.failLater (${placeOf(ENTRY, 'check(4)')}`);
    expect(log).toEqual([]);
  });

  test('a rejection that nobody handles -> in the log', async () => {
    const { kernel, log, root } = await begin({ isolation });
    await kernel.call(root, 'forget', []);
    await vi.waitFor(() => expect(log.length).toBe(1));
    const from = `at <anonymous> (${placeOf(ENTRY, 'check(5)')}`;
    expectTrace(only(log).text, `Unhandled rejection: ${said(5)}`, from);
  });

  test('a worker that dies -> in the cause of the HostError, which names the call', async () => {
    const { kernel, log, root, vatId } = await begin({ isolation });
    const error = await errorOf(kernel.call(root, 'overflow', []));
    expect(error).toMatchObject({ name: 'HostError', code: 'WORKER_DIED' });
    expect(error).toMatchObject({ vat: vatId, incarnation: 0, position: 1, method: 'overflow' });
    expect(error.message).toContain(`traced (${vatId}), incarnation 0, position 1 (overflow): `);
    const { stack } = error.cause as Error;
    const place = placeOf(ENTRY, 'again }: Again');
    expect(stack).toContain('RangeError: Maximum call stack size exceeded');
    const frame = `at Object.overflowing [as get] (${place}`;
    expect(stack).toContain(`    ${frame}`);
    const { level, text } = only(log);
    expect(level).toBe('fault');
    expect(text).toContain('\n    cause: RangeError: Maximum call stack size exceeded\n');
    expect(text).toContain(`\n        ${frame}`);
  });

  test('a start or an upgrade that fails -> in the log, and in the error', async () => {
    const { kernel, log, vatId, bundleId } = await begin({ isolation });
    const vatParameters = { startsWrong: true };
    const from = `at buildRootObject (${placeOf(ENTRY, 'check(1)')}`;
    const failed = await errorOf(kernel.createVat({ name: 'wrong', bundleId, vatParameters }));
    expectTrace(failed.stack, said(1), from);
    expectTrace(log[0]?.text, `START_FAILED: ${said(1)}`, from);
    const upgrade = await errorOf(kernel.upgradeVat(vatId, { bundleId, vatParameters }));
    expectTrace(upgrade.stack, said(1), from);
    expectTrace(log[1]?.text, `UPGRADE_FAILED, START_FAILED: ${said(1)}`, from);
    expect(log.map(({ name, level }) => `${name} ${level}`)).toEqual([
      'wrong error',
      'traced error',
    ]);
  });
});

describe('traces', () => {
  test('a dry run that fails, of code that is not installed -> in its report', async () => {
    const { kernel, log, vatId } = await begin();
    const { source, ...more } = await mappedBundle(ENTRY);
    const bundle = { ...more, source: `${source}\n\n` };
    const vatParameters = { startsWrong: true };
    const { ok, errors, trace } = await kernel.checkUpgrade(vatId, { bundle, vatParameters });
    expect([ok, errors]).toEqual([false, ['RangeError: step (a number) of (a string), the last']]);
    expectTrace(trace, said(1), `at buildRootObject (${placeOf(ENTRY, 'check(1)')}`);
    expect(log).toEqual([]);
  });

  test('a vat ends by its own will -> the log says where', async () => {
    const { kernel, log, root } = await begin();
    const { message } = await errorOf(kernel.call(root, 'leave', []));
    expect(message).toBe('vat terminated');
    const from = `at traced.leave (${placeOf(ENTRY, 'check(10)')}`;
    expectTrace(only(log).text, `EXIT_FAILURE: ${said(10)}`, from);
    expect(only(log)).toMatchObject({ level: 'fault', name: 'traced' });
  });

  test('a vat breaks a limit -> the log says in which call', async () => {
    const { kernel, log, root } = await begin();
    await errorOf(kernel.call(root, 'sink', []));
    const [head, ...frames] = only(log).text.split('\n');
    expect(head).toBe('LIMIT: VatFault: calls of vat code nest at most 10000 deep');
    expect(frames.length).toBeGreaterThan(3);
    expect(frames[1]!.trim()).toBe(`at sink (${placeOf(ENTRY, 'sink(depth + 1)')})`);
  });

  test('an error that another vat has passed on -> where it was thrown', async () => {
    const { kernel, root, bundleId } = await begin();
    const other = await kernel.createVat({ name: 'other', bundleId });
    const error = await errorOf(kernel.call(root, 'pass', [other.root]));
    expectTrace(error.stack, said(6), `at traced.fail (${placeOf(ENTRY, 'check(depth)')}`);
  });

  test('after a restart -> the same', async () => {
    const { kernel, directory } = await begin();
    await kernel.close();
    await expectEveryTrace({ directory });
  });

  test('on a replica that a state has made -> the same; a changed map is refused', async () => {
    const { kernel, directory, bundleId } = await begin();
    await kernel.close();
    const out = path.join(await freshDirectory(), 'out');
    const { stateRoot, sourceMaps } = await exportState({ directory, to: out });
    expect(sourceMaps).toMatchObject([{ bundleId, file: `${bundleId}.map` }]);
    const copy = path.join(await freshDirectory(), 'copy');
    await importState({ from: out, directory: copy, root: stateRoot });
    await expectEveryTrace({ directory: copy, isolation: 'process' });
    const map = path.join(out, `${bundleId}.map`);
    const text = await readFile(map, 'utf8');
    await writeFile(map, text.replace('traced-steps', 'forged-steps'));
    const again = path.join(await freshDirectory(), 'again');
    await expect(importState({ from: out, directory: again })).rejects.toMatchObject({
      code: 'SNAPSHOT_INVALID',
    });
    await rm(map);
    const manifestFile = path.join(out, 'manifest.json');
    const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as Record<string, unknown>;
    const { sourceMaps: _, ...older } = manifest;
    await writeFile(manifestFile, JSON.stringify(older));
    const { height } = await importState({ from: out, directory: again, root: stateRoot });
    expect(height).toBe(manifest['height']);
  });

  test('causes and notes -> below the error, with nothing redacted', async () => {
    const { kernel, log, root } = await begin();
    await kernel.call(root, 'explain', []);
    const lines = only(log).text.split('\n').map(line => line.trim());
    expect(lines).toEqual([
      'Error: the error [cause: Error: the cause]',
      `at traced.explain (${placeOf(ENTRY, "Error('the error'")})`,
      'note: noted { deep: [1, "x"] }',
      'cause: Error: the cause',
      `at traced.explain (${placeOf(ENTRY, "Error('the cause'")})`,
    ]);
  });

  test('errors that come of each other -> each is told once', async () => {
    const { kernel, log, root } = await begin();
    await kernel.call(root, 'circle', []);
    const lines = only(log).text.split('\n').map(line => line.trim());
    expect(lines.filter(line => line.startsWith('at ')).length).toBe(2);
    expect(lines.slice(2, 4)).toEqual([
      expect.stringMatching(/^note: of AggregateError: and around \[cause: Error: around/),
      'cause: AggregateError: and around',
    ]);
  });

  test('code that a vat evaluates itself -> its line; around it, the file', async () => {
    const { kernel, log, root } = await begin();
    await kernel.call(root, 'names', []);
    const lines = only(log).text.split('\n').map(line => line.trim());
    expect(lines[1]).toMatch(/^at <anonymous> \(<anonymous>:1:\d+\)$/);
    expect(lines[2]).toBe(`at traced.names (${placeOf(ENTRY, 'evaluated as')})`);
    expect(lines.length).toBe(3);
  });

  test('no source map -> the place in the bundle, until the map comes', async () => {
    const { kernel } = await begin();
    const { source: given, sourceMap } = await mappedBundle(ENTRY);
    const plain = { moduleFormat: 'endoScript', source: `${given}\n` } as const;
    const bundleId = await kernel.installBundle(plain);
    const { root } = await kernel.createVat({ name: 'plain', bundleId });
    const error = await errorOf(kernel.call(root, 'fail', [8]));
    const lines = plain.source.split('\n');
    const line = lines.findIndex(each => each.includes('throw assert.error'));
    const place = `${line + 1}:${lines[line]!.indexOf('error(assert') + 1}`;
    expect(error.stack).toContain(`at last (${bundleId.slice(0, 15)}:${place})`);
    await kernel.installBundle({ ...plain, sourceMap });
    const mapped = await errorOf(kernel.call(root, 'fail', [9]));
    expectTrace(mapped.stack, said(9), `at traced.fail (${placeOf(ENTRY, 'check(depth)')}`);
  });

  test('a source map that is none -> refused', async () => {
    const kernel = await kernelOver();
    const { source } = await mappedBundle(ENTRY);
    for (const sourceMap of ['{', '{}', '{"version":2}', 7 as unknown as string]) {
      const given = { moduleFormat: 'endoScript', source, sourceMap } as const;
      const installed = kernel.installBundle(given);
      await expect(installed).rejects.toMatchObject({ code: 'BAD_BUNDLE' });
    }
  });
});

describe('traces, wherever vat code is called', () => {
  const DURABLE = 'typescript/traced-durable.ts';
  const LOAD = 'typescript/traced-load.ts';

  const beginDurable = async (): Promise<Scene> => {
    const log: KernelLogEntry[] = [];
    const directory = await freshDirectory();
    const kernel = await kernelOver({ log: entry => log.push(entry), directory });
    const bundleId = await kernel.installBundle(await mappedBundle(DURABLE));
    const { root, vatId } = await kernel.createVat({ name: 'boxes', bundleId });
    return { kernel, log, root, vatId, bundleId, directory };
  };

  test('a method of a durable object, in this incarnation or the next -> the stack', async () => {
    const { kernel, root, vatId, bundleId } = await beginDurable();
    const box = (await kernel.call(root, 'make', [20])) as VatReference;
    const from = `at open (${placeOf(DURABLE, 'check(state.n)')}`;
    expectTrace((await errorOf(kernel.call(box, 'open', []))).stack, said(20), from);
    await kernel.upgradeVat(vatId, { bundleId });
    expectTrace((await errorOf(kernel.call(box, 'open', []))).stack, said(20), from);
  });

  test('the initial state of an object -> the stack', async () => {
    const { kernel, root } = await beginDurable();
    const { stack } = await errorOf(kernel.call(root, 'make', [-1]));
    expectTrace(stack, said(21), placeOf(DURABLE, 'check(21)'));
  });

  test('async functions that wait for each other -> all of them', async () => {
    const { kernel, root } = await beginDurable();
    const { stack } = await errorOf(kernel.call(root, 'chain', []));
    expect(stack!.split('\n').map(line => line.trim()).slice(0, 5)).toEqual([
      'RangeError: too late',
      `at inner (${placeOf(DURABLE, "RangeError('too late')")})`,
      `at async middle (${placeOf(DURABLE, 'await inner')})`,
      `at async outer (${placeOf(DURABLE, 'await middle')})`,
      expect.stringMatching(/^at chain of .+ \(ko\d+ of vat boxes\)$/),
    ]);
  });

  test('watchers of promises, or none for a rejection -> unhandled, in the log', async () => {
    const { kernel, root, log } = await beginDurable();
    const told = async (method: string, args: unknown[]): Promise<string> => {
      await kernel.call(root, method, args);
      await vi.waitFor(() => expect(log.length).toBe(1));
      return log.pop()!.text;
    };
    const head = (depth: number): string => `Unhandled rejection: ${said(depth)}`;
    expectTrace(await told('watch', [false]), head(24), placeOf(DURABLE, 'check(24)'));
    expectTrace(await told('watch', [true]), head(25), placeOf(DURABLE, 'check(25)'));
    expectTrace(await told('reject', []), head(27), placeOf(DURABLE, 'check(depth)'));
  });

  test('a migration -> in what the call rejects with', async () => {
    const { kernel, root, vatId, bundleId } = await beginDurable();
    const box = (await kernel.call(root, 'make', [20])) as VatReference;
    await kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2 } });
    const { stack, message } = await errorOf(kernel.call(box, 'open', []));
    expect(message).toContain('cannot be migrated from version 0 to 2: RangeError: step');
    const [outer, noted] = stack!.split('\n  noted: ');
    expect(outer).toMatch(/at open of Box \(ko\d+ of vat boxes\)/);
    expectTrace(noted, said(22), placeOf(DURABLE, 'check(22)'));
  });

  test('as the bundle is loaded -> in the log and in the error', async () => {
    const log: KernelLogEntry[] = [];
    const kernel = await kernelOver({ log: entry => log.push(entry) });
    const bundleId = await kernel.installBundle(await mappedBundle(LOAD));
    const error = await errorOf(kernel.createVat({ name: 'never', bundleId }));
    const from = placeOf(LOAD, 'check(31)');
    expectTrace(error.stack, said(31), from);
    expectTrace(only(log).text, `EVALUATION_FAILED: ${said(31)}`, from);
    // The call that evaluates the script is the bundler's.
    const outermost = `at <anonymous> (${placeOf(LOAD, 'check(31)')})`;
    expect(only(log).text.split('\n').at(-1)!.trim()).toBe(outermost);
  });
});

test('traces: no log given -> warnings, errors, faults go to stderr, no more', async () => {
  const written: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    written.push(String(text));
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const kernel = await openKernel({ directory: await freshDirectory(), spareThreads: 0 });
  onTestFinished(() => kernel.close());
  const bundleId = await kernel.installBundle(await mappedBundle(ENTRY));
  const { root } = await kernel.createVat({ name: 'traced', bundleId });
  for (const method of ['say', 'chat', 'explain']) await kernel.call(root, method, []);
  const [error, warning, ...others] = written.filter(text => text.startsWith('heirloom: '));
  const first = `heirloom: traced (v1), say, crank 0/1: error: told: ${said(2)}\n`;
  expect(error).toContain(first);
  expectTrace(error!.slice(first.length), '', `at traced.say (${placeOf(ENTRY, 'check(2)')}`);
  expect(warning).toContain('heirloom: traced (v1), explain, crank 0/3: warn: Error: the error');
  expect(others).toEqual([]);
});

describe('traces are for the host alone', () => {
  test('what the vat sees of the same error -> what it was', async () => {
    const { kernel, root } = await begin();
    expect(await kernel.call(root, 'look', [])).toEqual({
      message: 'step (a number) of (a string), the last',
      stack: '',
      keys: ['message', 'stack'],
    });
  });

  test('errors with getters, proxies -> no code of them runs, but for a message', async () => {
    const { kernel, log, root } = await begin();
    expect(await kernel.call(root, 'bait', [])).toBe(0);
    expect(log.length).toBe(2);
    const error = await errorOf(kernel.call(root, 'throwBait', []));
    expect(error.message).toBe('no');
    expect(await kernel.call(root, 'baitReads', [])).toBe(1);
  });

  test('the same run with maps or without, with a log or without -> the same hashes', async () => {
    const bundle = await mappedBundle(ENTRY);
    const run = async (withMap: boolean, log: KernelOptions['log']): Promise<string[]> => {
      const kernel = await kernelOver({ blocks: 'host', ...(log === undefined ? {} : { log }) });
      const hashes: string[] = [];
      const block = async (): Promise<void> => {
        await kernel.run();
        hashes.push(await kernel.commit());
      };
      const { sourceMap, ...plain } = bundle;
      const installed = kernel.installBundle(withMap ? { ...plain, sourceMap } : plain);
      await block();
      const made = kernel.createVat({ name: 'traced', bundleId: await installed });
      await block();
      const { root, vatId } = await made;
      for (const method of ['say', 'fail', 'failLater', 'forget', 'explain', 'bait']) {
        kernel.send(root, method, [1]).result.catch(() => undefined);
        await block();
      }
      const wrong = { bundleId: await installed, vatParameters: { startsWrong: true } };
      kernel.upgradeVat(vatId, wrong).catch(() => undefined);
      await block();
      return hashes;
    };
    const silent = await run(false, () => undefined);
    const log: KernelLogEntry[] = [];
    expect(await run(true, entry => log.push(entry))).toEqual(silent);
    expect(log.length).toBeGreaterThan(5);
    expect(silent.length).toBe(9);
  });
});
