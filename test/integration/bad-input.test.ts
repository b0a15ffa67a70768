/** Bad input gets a clear error and loses nothing. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  auditTables,
  bundleVat,
  exportState,
  importState,
  inspectStore,
  jsonLines,
  migrateStore,
  openKernel,
  verifyStore,
} from '@heirloom/kernel';
import type { Kernel, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const shared = useSharedKernel({
  begin: async ({ kernel: fresh }) => {
    const bundleId = await shared.install('relay.js');
    await fresh.createVat({ name: 'relay', bundleId });
  },
});

let kernel: Kernel;
let root: VatReference;

beforeEach(() => {
  ({ kernel } = shared);
  ({ root } = kernel.vat('relay'));
});

/** After every refusal the kernel still works, and on the same state. */
const stillWorks = async (): Promise<void> => {
  expect(await kernel.call(root, 'add', [1, 2])).toBe(3);
};

describe('bundles', () => {
  test('a missing file -> BAD_BUNDLE names it', async () => {
    const missing = bundleVat('/nowhere/vat.js');
    await expect(missing).rejects.toMatchObject({
      code: 'BAD_BUNDLE',
      message: expect.stringMatching(/nowhere/),
    });
  });

  test('no JavaScript or TypeScript file -> BAD_BUNDLE', async () => {
    await expect(bundleVat('package.json')).rejects.toMatchObject({ code: 'BAD_BUNDLE' });
  });

  test('an entry as a URL, or its text -> the same bundle as by its path', async () => {
    const path = join(await freshDirectory(), 'vat #1.js');
    await writeFile(path, 'export const buildRootObject = () => 1;');
    const bundle = await bundleVat(path);
    expect(await bundleVat(pathToFileURL(path))).toEqual(bundle);
    expect(await bundleVat(pathToFileURL(path).href)).toEqual(bundle);
  });

  test.each([
    [new URL('https://vats.example/vat.js'), /is a file, not https:\/\/vats\.example\/vat\.js: /],
    ['file://there/vat.js', /is a file, not file:\/\/there\/vat\.js: /],
    [7, /a path or a URL, not number/],
    [undefined, /a path or a URL, not undefined/],
  ])('%s as an entry -> BAD_ARGUMENT', async (entry, message) => {
    const bundling = bundleVat(entry as string);
    await expect(bundling).rejects.toMatchObject({ code: 'BAD_ARGUMENT', message });
  });

  test('an option that there is not -> BAD_OPTION names those that there are', async () => {
    const bundling = bundleVat('/nowhere/vat.js', { fromat: 'getExport' } as never);
    const message = 'bundleVat: unknown option fromat; options: format, warn';
    await expect(bundling).rejects.toMatchObject({ code: 'BAD_OPTION', message });
  });

  test('a syntax error -> BAD_BUNDLE', async () => {
    const path = join(await freshDirectory(), 'broken.js');
    await writeFile(path, 'export const buildRootObject = () => {');
    await expect(bundleVat(path)).rejects.toMatchObject({
      code: 'BAD_BUNDLE',
      message: expect.stringMatching(/broken/),
    });
  });

  test.each([
    [undefined, /no object/],
    [{}, /must be strings/],
    [{ moduleFormat: 'tarball', source: '' }, /tarball is not supported/],
    [{ moduleFormat: 'endoScript', source: '(() => {' }, /does not parse/],
  ])('a corrupt bundle (%o) -> BAD_BUNDLE', async (bundle, message) => {
    const install = kernel.installBundle(bundle as never);
    await expect(install).rejects.toMatchObject({ code: 'BAD_BUNDLE', message });
    await stillWorks();
  });

  test('an unknown bundle id -> UNKNOWN_BUNDLE', async () => {
    const create = kernel.createVat({ name: 'x', bundleId: 'b1-0' });
    await expect(create).rejects.toMatchObject({ code: 'UNKNOWN_BUNDLE' });
    await stillWorks();
  });

  test.each(['false', 1, null])('createVat: critical %o -> BAD_OPTION', async critical => {
    const { bundleId } = kernel.vat('relay');
    const create = kernel.createVat({ name: 'x', bundleId, critical } as never);
    const message = 'createVat: critical must be true or false';
    await expect(create).rejects.toMatchObject({ code: 'BAD_OPTION', message });
    await stillWorks();
  });
});

describe('vats that do not start', () => {
  test.each([
    ['throw', /version is broken/],
    ['never', /buildRootObject unresolved/],
    ['plain', /not Far/],
  ])('buildRootObject: %s -> createVat rejects, nothing is left', async (fail, reason) => {
    const bundleId = await shared.install('bank.js');
    const create = () => kernel.createVat({ name: 'bank', bundleId, vatParameters: { fail } });
    await expect(create()).rejects.toThrow(reason);
    expect(kernel.vats().map(({ name }) => name)).toEqual(['relay']);
    await expect(create()).rejects.toThrow(reason);
    await kernel.createVat({ name: 'bank', bundleId });
    await stillWorks();
  });

  test('no buildRootObject -> createVat says so', async () => {
    const bundleId = await shared.install('faulty/empty.js');
    const create = kernel.createVat({ name: 'empty', bundleId });
    await expect(create).rejects.toThrow('vat source bundle lacks buildRootObject() function');
  });

  test('an exception while the module is evaluated -> createVat rejects with it', async () => {
    const source = "(() => { throw Error('at once'); })()";
    const bundleId = await kernel.installBundle({ moduleFormat: 'endoScript', source });
    await expect(kernel.createVat({ name: 'x', bundleId })).rejects.toThrow('at once');
    await stillWorks();
  });

  test('VatData called while the module is evaluated -> evaluated in the crank (U4)', async () => {
    const bundleId = await shared.install('faulty/slow-start.js');
    const early = await kernel.createVat({ name: 'early', bundleId });
    expect(await kernel.call(early.root, 'ping')).toBe('pong');
    await kernel.createVat({ name: 'again', bundleId });
    await stillWorks();
  });
});

describe('arguments', () => {
  test.each([
    ['a function', () => 1],
    ['a promise', Promise.resolve(1)],
    ['a class instance', new Map()],
    ['a unique symbol', Symbol('unique')],
  ])('%s -> BAD_ARGUMENT before anything is queued', async (_, value) => {
    const input = kernel.lastInput;
    const call = kernel.call(root, 'echo', [value]);
    await expect(call).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    expect(kernel.lastInput).toBe(input);
    await stillWorks();
  });

  test('a reference of another kernel, a forged or released one -> UNKNOWN_REFERENCE', async () => {
    const other = await kernelOver();
    const bundleId = await install(other, 'relay.js');
    const foreign = (await other.createVat({ name: 'relay', bundleId })).root;
    const unknown = { code: 'UNKNOWN_REFERENCE' };
    await expect(kernel.call(foreign, 'echo', [1])).rejects.toMatchObject(unknown);
    await expect(kernel.call(root, 'echo', [foreign])).rejects.toMatchObject(unknown);
    const forged = { kref: 'ko20', type: 'object' } as VatReference;
    await expect(kernel.call(forged, 'echo', [1])).rejects.toMatchObject(unknown);
    const echo = (await kernel.call(root, 'makeEcho')) as VatReference;
    kernel.release(echo);
    await expect(kernel.call(echo, 'echo', [1])).rejects.toMatchObject(unknown);
    await stillWorks();
  });

  test.each([[undefined, 'nothing'], [null, 'null'], ['a/store', '"a/store"']])(
    'options that are %o -> BAD_OPTION, what was called',
    async (given, told) => {
      const { vatId } = kernel.vat('relay');
      const options = given as never;
      const calls: Readonly<Record<string, () => unknown>> = {
        openKernel: () => openKernel(options),
        exportState: () => exportState(options),
        importState: () => importState(options),
        verifyStore: () => verifyStore(options),
        migrateStore: () => migrateStore(options),
        createVat: () => kernel.createVat(options),
        upgradeVat: () => kernel.upgradeVat(vatId, options),
        cancelItem: () => kernel.cancelItem(options),
      };
      for (const [name, call] of Object.entries(calls)) {
        const message = `${name} takes a record of options, not ${told}`;
        await expect((async () => call())()).rejects.toMatchObject({ code: 'BAD_OPTION', message });
      }
      await stillWorks();
    },
  );

  test('wrong options and names -> the error names the right ones', async () => {
    const open = openKernel({ directory: '/tmp/never', colour: 'red' } as never);
    await expect(open).rejects.toThrow(/unknown option colour; options: directory/);
    const bundleId = await shared.install('relay.js');
    const create = kernel.createVat({ name: 'bad name', bundleId });
    await expect(create).rejects.toThrow(/bad vat name/);
    await expect(kernel.createVat({ name: 'relay', bundleId })).rejects.toMatchObject({
      code: 'NAME_TAKEN',
    });
    expect(() => kernel.vat('nobody')).toThrow(/there are relay/);
    await expect(kernel.upgradeVat('v99' as never, { bundleId })).rejects.toMatchObject({
      code: 'UNKNOWN_VAT',
    });
    await stillWorks();
  });
});

describe('functions that need no kernel', () => {
  const wrongs: Readonly<Record<string, (directory: string) => unknown>> = {
    'exportState: directory must be the path of a directory, not nothing': () =>
      exportState({} as never),
    'exportState: to must be the path of a directory, not an object': directory =>
      exportState({ directory, to: {} as never }),
    'exportState: progress must be a function, not true': directory =>
      exportState({ directory, to: join(directory, 'out'), progress: true as never }),
    'exportState: unknown option out; options: directory, to, progress': directory =>
      exportState({ directory, out: 'out' } as never),
    'importState: from must be the path of a directory, not nothing': directory =>
      importState({ directory } as never),
    'importState: directory must be the path of a directory, not 7': directory =>
      importState({ from: directory, directory: 7 as never }),
    'importState: unknown option height; options: from, directory, root, hash, progress': from =>
      importState({ from, directory: from, height: 1 } as never),
    'verifyStore: directory must be the path of a directory, not ""': () =>
      verifyStore({ directory: '' }),
    'verifyStore: threads must be an integer of at least 1: 0': directory =>
      verifyStore({ directory, threads: 0 }),
    'verifyStore: progress must be a function, not null': directory =>
      verifyStore({ directory, progress: null as never }),
    'migrateStore: backup must be the path of a directory, not a function': directory =>
      migrateStore({ directory, backup: (() => 1) as never }),
    'inspectStore: directory must be the path of a directory, not nothing': () =>
      inspectStore(undefined as never),
    'inspectStore: directory must be the path of a directory, not an object': directory =>
      inspectStore({ directory } as never),
    'inspectStore: progress must be a function, not 1': directory =>
      inspectStore(directory, 1 as never),
  };

  test.each(Object.entries(wrongs))('%s', async (message, call) => {
    const directory = await freshDirectory();
    const refused = (async () => call(directory))();
    await expect(refused).rejects.toMatchObject({ code: 'BAD_OPTION', message });
    expect(await readdir(directory)).toEqual([]);
  });

  test('auditTables, jsonLines, bundleVat of what is none -> what they take', async () => {
    const view = { get: () => undefined };
    const why = { code: 'BAD_ARGUMENT' };
    const lacksKeys = 'auditTables takes an object with a method keysAfter, not an object';
    expect(() => auditTables(view as never)).toThrow(lacksKeys);
    expect(() => auditTables(undefined as never)).toThrow(expect.objectContaining(why));
    const rest = 'unknown option row; options: rows';
    expect(() => kernel.audit({ row: true } as never)).toThrow(rest);
    const lacksWrite = 'jsonLines takes an object with a method write, not nothing';
    expect(() => jsonLines(undefined as never)).toThrow(lacksWrite);
    await expect(bundleVat(undefined as never)).rejects.toMatchObject(why);
    const options = bundleVat('vat.js', null as never);
    await expect(options).rejects.toThrow('bundleVat takes a record of options, not null');
  });
});

describe('directories', () => {
  test('a second kernel, in this process -> STORE_LOCKED', async () => {
    const directory = await freshDirectory();
    await kernelOver({ directory });
    await expect(openKernel({ directory })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  test('a directory with something else in it, or a file -> NOT_A_STORE', async () => {
    const directory = await freshDirectory();
    await mkdir(join(directory, 'photos'));
    await expect(openKernel({ directory })).rejects.toMatchObject({ code: 'NOT_A_STORE' });
    const file = join(directory, 'letter.txt');
    await writeFile(file, 'dear');
    await expect(openKernel({ directory: file })).rejects.toMatchObject({ code: 'NOT_A_STORE' });
  });

  test('a closed kernel -> every call says so', async () => {
    const closed = await kernelOver();
    const bundle = await fixture('relay.js');
    await closed.close();
    await expect(closed.installBundle(bundle)).rejects.toMatchObject({ code: 'KERNEL_CLOSED' });
    await closed.close();
  });
});
