/** Static configuration and its bootstrap message (sections 1.1 and 1.14 of README.md). */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectStore, openKernel, type Kernel, type KernelConfig } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const vatPath = (name: string): string =>
  fileURLToPath(new URL(`../vats/${name}`, import.meta.url));

/** Source of a function that makes a remotable of methods: these vats import nothing. */
const REMOTABLE = `methods => harden(Object.setPrototypeOf(methods, Object.create({}.__proto__, {
  [Symbol.for('passStyle')]: { value: 'remotable' },
  [Symbol.toStringTag]: { value: 'Alleged: root' },
})))`;

let directory: string;
beforeEach(async () => {
  directory = await freshDirectory();
});

const starter = async (parameters: unknown = {}): Promise<KernelConfig> => ({
  bootstrap: 'starter',
  vats: {
    starter: { bundle: await fixture('services/starter.js'), parameters },
    worker: { bundle: await fixture('services/worker.js'), parameters: { size: 3 } },
  },
});
/** With one more vat, whose name comes first. */
const withAlpha = async (parameters: unknown = {}): Promise<KernelConfig> => {
  const config = await starter(parameters);
  const alpha = { bundle: await fixture('services/worker.js') };
  return { ...config, vats: { ...config.vats, alpha } };
};
interface Started {
  readonly vats: Readonly<Record<string, unknown>>;
  readonly devices: readonly string[];
  readonly parameters: unknown;
  readonly answer: unknown;
}
const started = async (kernel: Kernel): Promise<Started> =>
  (await kernel.bootstrapResult) as Started;

describe('bootstrap', () => {
  test('vats -> all roots and vatAdmin; devices -> clock, host objects', async () => {
    const config = { ...(await withAlpha({ x: 1 })), hostObjects: ['net'], argv: ['a', 'b'] };
    const kernel = await kernelOver({ directory, config });
    const { vats, devices, parameters } = await started(kernel);
    expect(Object.keys(vats).sort()).toEqual(['alpha', 'starter', 'vatAdmin', 'worker']);
    expect(vats['worker']).toBe(kernel.vat('worker').root);
    expect(vats['vatAdmin']).toBe(kernel.services.vatAdmin);
    expect([...devices].sort()).toEqual(['clock', 'net', 'vatAdmin']);
    expect(parameters).toEqual({ x: 1, argv: ['a', 'b'] });
    const { root } = kernel.vat('worker');
    expect(await kernel.call(root, 'getParameters')).toEqual({ size: 3 });
  });

  test('a vat and parameters that are named __proto__ -> like any other', async () => {
    const { vats } = await starter(JSON.parse('{"__proto__":{"x":1},"size":3}'));
    const config = {
      bootstrap: '__proto__',
      vats: Object.fromEntries([
        ['__proto__', vats!['starter']!],
        ['worker', vats!['worker']!],
      ]),
    };
    const kernel = await kernelOver({ directory, config });
    const { vats: told, parameters } = await started(kernel);
    expect(Object.keys(told).sort()).toEqual(['__proto__', 'vatAdmin', 'worker']);
    expect(Object.entries(parameters as object)).toContainEqual(['__proto__', { x: 1 }]);
    for (const bootstrap of ['__proto__', 'constructor']) {
      const without = { bootstrap, vats: { worker: vats!['worker']! } };
      const opened = openKernel({ directory: await freshDirectory(), config: without });
      await expect(opened).rejects.toMatchObject({ code: 'BAD_CONFIG' });
    }
  });

  const order = 'the order of vats -> bootstrap, mailbox, timer, the others by name';
  test(order, { tags: ['thorough'] }, async () => {
    const config = { ...(await withAlpha()), timer: true, mailbox: true };
    const kernel = await kernelOver({ directory, config });
    const names = kernel.vats().map(({ vatId, name }) => `${vatId} ${name}`);
    expect(names).toEqual(['v1 starter', 'v2 mailbox', 'v3 timer', 'v4 alpha', 'v5 worker']);
    // Both were given the clock.
    void kernel.beginBlock({ time: 7 });
    const now = await kernel.call(kernel.vat('timer').root, 'getCurrentTimestamp');
    expect(now).toMatchObject({ absValue: 7n });
  });

  test('a host object that is called in bootstrap -> answers', async () => {
    const hello = (_context: unknown, name: string) => `hello ${name}`;
    const config = { ...(await starter({ call: 'net' })), hostObjects: ['net'] };
    const kernel = await kernelOver({ directory, config, hostObjects: { net: { hello } } });
    expect((await started(kernel)).answer).toBe('hello starter');
  });

  test('bootstrap rejects -> bootstrapResult rejects, the kernel goes on', async () => {
    const kernel = await kernelOver({ directory, config: await starter({ fail: 'no way' }) });
    await expect(kernel.bootstrapResult).rejects.toEqual(Error('no way'));
    expect(await kernel.call(kernel.vat('worker').root, 'count')).toBe(1);
  });

  test('a static vat that does not start -> BAD_CONFIG says which and why', async () => {
    const { vats, ...rest } = await starter();
    const bundle = await fixture('services/worker.js');
    const bad = { ...vats, bad: { bundle, parameters: { fail: 'broken' } } };
    const opening = openKernel({ directory, config: { ...rest, vats: bad } });
    await expect(opening).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: 'static vat "bad" did not start: Error: broken',
    });
  });

  test('an older store -> the configuration is not looked at again', async () => {
    const first = await kernelOver({ directory, config: await starter() });
    await first.bootstrapResult;
    const { blockHash } = first;
    await first.close();
    const second = await kernelOver({ directory, config: await starter({ fail: 'twice' }) });
    expect(second.bootstrapResult).toBe(undefined);
    expect(second.blockHash).toBe(blockHash);
  });

  test('a host that owns its blocks -> all of it waits for the run; replicas agree', async () => {
    const hashes: string[][] = [];
    for (const threads of [1, 8]) {
      const config = { ...(await starter()), timer: true, hostObjects: ['b', 'a'] };
      const options = { config, threads, blocks: 'host' } as const;
      const kernel = await kernelOver({ directory: await freshDirectory(), ...options });
      expect(kernel.vats()).toEqual([]);
      await kernel.run();
      await kernel.commit();
      await started(kernel);
      const last = kernel.height;
      hashes.push(Array.from({ length: last + 1 }, (_value, height) => kernel.blockHashAt(height)));
    }
    expect(hashes[1]).toEqual(hashes[0]);
  });
});

describe('files', () => {
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  };
  const open = async (config: string | KernelConfig): Promise<Kernel> =>
    kernelOver({ directory: join(directory, 'store'), config });

  const specs = 'JSON: sourceSpec, bundleSpec, bundleName, parameters of the store -> as said';
  test(specs, { tags: ['thorough'] }, async () => {
    await write('worker.json', JSON.stringify(await fixture('services/worker.js')));
    const config = {
      bootstrap: 'starter',
      bundles: { work: { bundleSpec: 'worker.json' } },
      vats: {
        starter: { sourceSpec: vatPath('services/starter.js') },
        one: { bundleName: 'work', parameters: { n: 1 } },
        two: { bundleName: 'work', creationOptions: { reapInterval: 'never' } },
      },
      kernelParameters: { waveLimit: 2 },
    };
    const kernel = await open(await write('config.json', JSON.stringify(config)));
    await started(kernel);
    expect(await kernel.call(kernel.vat('one').root, 'getParameters')).toEqual({ n: 1 });
    expect(kernel.vat('one').bundleId).toBe(kernel.vat('two').bundleId);
  });

  test('JavaScript: a default export -> with what JSON cannot say', async () => {
    await write('worker.json', JSON.stringify(await fixture('services/worker.js')));
    const text = `export default { vats: { w: { bundleSpec: 'worker.json', parameters: [1n] } } };`;
    const kernel = await open(await write('config.mjs', text));
    expect(await kernel.call(kernel.vat('w').root, 'getParameters')).toEqual([1n]);
  });

  /** As files of the SDK are written. */
  const SWINGSET = {
    $comment: 'how a chain begins',
    bootstrap: 'starter',
    defaultReapInterval: 1000,
    defaultReapGCKrefs: 'never',
    snapshotInterval: 1000,
    defaultManagerType: 'xs-worker',
    pinBootstrapRoot: true,
    relaxDurabilityRules: false,
    devices: {},
    bundles: { work: { $comment: 'a vat', sourceSpec: 'some-vats/src/worker.js' } },
    vats: {
      starter: {
        $comment: ['of the directory'],
        sourceSpec: './starter.js',
        creationOptions: { critical: true, managerType: 'local' },
      },
      one: { bundleName: 'work', parameters: { n: 1 } },
    },
  };
  const aPackage = async (): Promise<void> => {
    const home = join(directory, 'node_modules/some-vats/src');
    await mkdir(home, { recursive: true });
    const manifest = JSON.stringify({ name: 'some-vats', version: '1.0.0', type: 'module' });
    await write('node_modules/some-vats/package.json', manifest);
    const own = { name: 'a-chain', version: '1.0.0', type: 'module' };
    await write('package.json', JSON.stringify(own));
    const root = `(${REMOTABLE})({ bootstrap: () => 'begun', ask: () => PARAMETERS })`;
    const text = `export const buildRootObject = (_powers, parameters) => ${root};`;
    await write('node_modules/some-vats/src/worker.js', text.replace('PARAMETERS', 'parameters'));
    await write('starter.js', text.replace('PARAMETERS', '1'));
  };

  test('JSON as of the SDK: comments, files of packages, parameters -> taken', async () => {
    await aPackage();
    const kernel = await open(await write('config.json', JSON.stringify(SWINGSET)));
    expect(await kernel.bootstrapResult).toBe('begun');
    expect(await kernel.call(kernel.vat('one').root, 'ask')).toEqual({ n: 1 });
    await kernel.close();
    const { parameters } = await inspectStore(join(directory, 'store'));
    expect(parameters).toMatchObject({
      reapInterval: 1000,
      reapKrefs: Number.MAX_SAFE_INTEGER,
    });
  });

  test.each([
    ['no such file', { vats: { a: { sourceSpec: 'no/x.js' } } }, /vat "a": there is no no\/x\.js/],
    [
      'one parameter by two names',
      { defaultReapInterval: 1, kernelParameters: { reapInterval: 1 } },
      /give defaultReapInterval or reapInterval/,
    ],
    ['no number', { defaultReapInterval: 'often' }, /must be a positive integer: often/],
    [
      'devices',
      { devices: { bridge: { sourceSpec: 'b.js' }, timer: {} } },
      /config: devices \(bridge, timer\): .* by hostObjects \(docs\/host-objects\.md\)/,
    ],
    ['relaxed rules', { relaxDurabilityRules: true }, /relaxDurabilityRules must be false/],
  ])('JSON as of the SDK: %s -> refused', async (_what, config, message) => {
    const path = await write('config.json', JSON.stringify(config));
    await expect(open(path)).rejects.toThrow(message);
  });

  test.each([
    ['no such file', 'missing.json', undefined, /cannot read .*missing.json/],
    ['no JSON', 'bad.json', '{', /cannot read .*bad.json/],
    ['no configuration', 'none.json', '7', /none.json has no configuration/],
    [
      'critical as a text',
      'critical.json',
      '{ "vats": { "w": { "bundleSpec": "w", "creationOptions": { "critical": "false" } } } }',
      'vat "w": critical must be true or false',
    ],
  ])('%s -> BAD_CONFIG', async (_what, name, text, message) => {
    const path = text === undefined ? join(directory, name) : await write(name, text);
    await expect(open(path)).rejects.toMatchObject({ code: 'BAD_CONFIG', message });
  });

  type Wrong = readonly [string, object, RegExp];
  /** Of the whole, and of a vat. */
  const wrong: readonly Wrong[] = [
    ['an unknown field', { vat: {} }, /config: unknown option vat; options: bootstrap, vats/],
    ['no source', { vats: { a: {} } }, /vat "a": give one of sourceSpec, bundleSpec/],
  ];
  const moreWrong: readonly Wrong[] = [
    ['no bootstrap vat', { bootstrap: 'x' }, /bootstrap: no vat "x"/],
    ['an unknown bundle', { vats: { a: { bundleName: 'b' } } }, /no bundle is named b/],
    ['a bad name', { vats: { 'a b': { bundleName: 'b' } } }, /bad vat name "a b"/],
    ['a bad option', { vats: { a: { pace: 1 } } }, /vat "a": unknown option pace/],
    ['a timer of its own', { timer: true, vats: { timer: {} } }, /has a vat timer of its own/],
  ];
  const refused = async (_what: string, config: object, message: RegExp): Promise<void> => {
    await expect(open(config as KernelConfig)).rejects.toThrow(message);
    const kernel = await open({ vats: { w: { bundle: await fixture('services/worker.js') } } });
    expect(kernel.vats()).toHaveLength(1);
  };
  test.each(wrong)('%s -> refused, the store is as it was', refused);
  test.each(moreWrong)('%s -> refused, the store is as it was', { tags: ['thorough'] }, refused);
});
