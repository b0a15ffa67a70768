/**
 * Upgrades that are right, of vats as the examples and the libraries have them, amid what they do:
 * a dry run that compares gives no warning but those that are right, and this table says why
 * (docs/upgrade/mistakes.md#warnings-of-code-that-is-right).
 */
import { fileURLToPath } from 'node:url';
import { BUILT_IN_VATS, type Kernel, type VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const EXAMPLES = '../../examples';
const shared = useSharedKernel();

type Call = (target: VatReference, method: string, ...args: unknown[]) => Promise<VatReference>;
type Held = VatReference & { readonly promise: VatReference };
interface Given {
  readonly kernel: Kernel;
  readonly root: VatReference;
  readonly call: Call;
  /** Queues a call whose answer nobody awaits here. */
  readonly send: (target: VatReference, method: string, ...args: unknown[]) => void;
  readonly make: (file: string, vatParameters?: object) => Promise<VatReference>;
}

/** A vat, what it lives through, and its next code. */
interface Story {
  readonly file: string;
  readonly next?: string;
  readonly parameters?: object;
  readonly nextParameters?: object;
  readonly live?: (given: Given) => Promise<unknown>;
  /** Codes that come, each with the text that shows that it is right. */
  readonly warnings?: readonly (readonly [code: string, text: RegExp])[];
}

const name = 'Ducats';

/** A customer of the bank has purses, and payments that nobody has deposited. */
const bankLife = async ({ call, make, root }: Given): Promise<VatReference> => {
  const client = await make(`${EXAMPLES}/ertp/client.js`);
  const treasury = await call(root, 'getTreasury');
  await call(client, 'join', await call(root, 'getTeller'));
  await call(client, 'open', 'savings');
  await call(client, 'keep', 'wages', await call(treasury, 'issue', 10n));
  await call(client, 'deposit', 'savings', 'wages');
  await call(client, 'withdraw', 'savings', 4n, 'rent');
  return client;
};

const fileOf = (path: string): string =>
  fileURLToPath(new URL(`../vats/${path}`, import.meta.url));

const makeTimer = async (kernel: Kernel): Promise<VatReference> => {
  const bundleId = await kernel.installBundle(await bundleOf(BUILT_IN_VATS.timer));
  const { clock } = kernel.services;
  const options = { name: shared.takeName('timer'), bundleId, vatParameters: { clock } };
  return (await kernel.createVat(options)).root;
};

const STORIES: Readonly<Record<string, Story>> = {
  'examples/purse: a parameter': {
    file: `${EXAMPLES}/purse/bank.js`,
    parameters: { bonus: 0n },
    nextParameters: { bonus: 1n },
    live: ({ call, root }) => call(root, 'makePurse', 100n),
  },
  'examples/ertp: the bank': {
    file: `${EXAMPLES}/ertp/bank.js`,
    next: `${EXAMPLES}/ertp/bank-v2.js`,
    parameters: { name },
    live: bankLife,
  },
  'examples/ertp: the bank, amid a burn that waits for its payment': {
    file: `${EXAMPLES}/ertp/bank-v2.js`,
    parameters: { name },
    live: async ({ call, make, root, send }) => {
      const { promise } = (await call(await make('promises/holder.js'), 'make', 'p')) as Held;
      send(await call(root, 'getTreasury'), 'burn', promise);
    },
    // The promise came as an argument: no warning tells of its await.
    warnings: [['ANSWER_LOST', /the host waits for 1 promise/]],
  },
  'examples/ertp: the customer': {
    file: `${EXAMPLES}/ertp/client.js`,
    live: async ({ call, make, root }) => {
      const bank = await make(`${EXAMPLES}/ertp/bank.js`, { name });
      await call(root, 'join', await call(bank, 'getTeller'));
      await call(root, 'open', 'savings');
    },
  },
  'examples/depths: behaviour': {
    file: `${EXAMPLES}/depths/bank.js`,
    next: `${EXAMPLES}/depths/bank-v2.js`,
    live: async ({ call, root }) => {
      await call(root, 'makePurse');
      await call(await call(root, 'getGovernor'), 'setRate', 2n);
    },
  },
  'zones: durable objects': {
    file: 'libraries/zones.js',
    parameters: { version: 1 },
    nextParameters: { version: 2 },
    live: async ({ call, root }) => {
      await call(root, 'makeCell', 'durable', await call(root, 'makeCounter', 'durable', 5n));
      await call(root, 'greeter', 'durable');
      await call(root, 'put', 'durable', 'map', 'key', 1n);
    },
  },
  'zones: virtual objects': {
    file: 'libraries/zones.js',
    parameters: { version: 1 },
    nextParameters: { version: 2 },
    live: ({ call, root }) => call(root, 'makeCounter', 'virtual', 5n),
    warnings: [['EXPORT_LOST', /1 object "Counter", held by the host/]],
  },
  'vat-data, then a zone over the same baggage': {
    file: 'libraries/layout.js',
    parameters: { version: 1 },
    nextParameters: { version: 2 },
    live: async ({ call, root }) => [await call(root, 'make', 'a'), await call(root, 'one')],
  },
  'exos, kits, guards': { file: 'libraries/exos.js', parameters: { version: 1 } },
  'stores of every sort': {
    file: 'libraries/stores.js',
    live: ({ call, root }) => call(root, 'run', 'durable', 'map', 'init', 'a', 1n),
  },
  'vows: who watches': {
    file: 'libraries/vow-watcher.js',
    parameters: { version: 1 },
    nextParameters: { version: 2 },
    live: async ({ call, make, root }) => {
      const provider = await make('libraries/vow-provider.js', { version: 1 });
      const vow = await call(provider, 'make', 'vow');
      await call(root, 'watch', vow, 'patient');
      await call(root, 'passOn', 'passed', vow);
    },
  },
  'vows: who makes them': {
    file: 'libraries/vow-provider.js',
    parameters: { version: 1 },
    nextParameters: { version: 2 },
    live: async ({ call, make, root }) => {
      const watcher = await make('libraries/vow-watcher.js', { version: 1 });
      await call(watcher, 'watch', await call(root, 'make', 'vow'), 'patient');
    },
    // Vows ask again by themselves: a host that knows so accepts it.
    warnings: [['ANSWER_LOST', /waits for 1 promise of the vat/]],
  },
  'vows: an await in the heap': {
    file: 'libraries/vow-watcher.js',
    parameters: { version: 1 },
    live: async ({ call, make, root, send }) => {
      const provider = await make('libraries/vow-provider.js', { version: 1 });
      send(root, 'when', await call(provider, 'make', 'vow'));
    },
    warnings: [
      ['PROMISE_NOT_WATCHED', /the vat waits for an answer of vat/],
      ['ANSWER_LOST', /the host waits for 1 promise/],
    ],
  },
  'the timer': {
    file: BUILT_IN_VATS.timer,
    live: async ({ call, make, root }) => {
      const client = await make('services/sleeper.js');
      await call(client, 'keep', 'timer', root);
      await call(client, 'makeHandler', 'h');
      await call(client, 'tell', 'timer', 'repeatAfter', [5n, 10n, '$h']);
      await call(client, 'tell', 'timer', 'setWakeup', [10_000n, '$h']);
    },
  },
  'examples/factory: a client of the timer': {
    file: `${EXAMPLES}/factory/factory.js`,
    live: async ({ call, kernel, make, root }) => {
      const worker = await bundleOf(fileOf(`${EXAMPLES}/factory/worker.js`));
      await kernel.installBundle(worker, { name: 'worker' });
      const timer = await makeTimer(kernel);
      const screen = await make('relay.js');
      const vats = { vatAdmin: kernel.services.vatAdmin, timer };
      await call(root, 'bootstrap', vats, { screen });
    },
  },
  'a client of the timer': {
    file: 'services/sleeper.js',
    live: async ({ call, kernel, root }) => {
      await call(root, 'keep', 'timer', await makeTimer(kernel));
      await call(root, 'makeHandler', 'h');
      await call(root, 'tell', 'timer', 'repeatAfter', [5n, 10n, '$h']);
      await call(root, 'tell', 'timer', 'setWakeup', [10_000n, '$h']);
    },
  },
  'durable purses': {
    file: 'bank.js',
    parameters: { version: 1 },
    nextParameters: { version: 2 },
    live: ({ call, root }) => call(root, 'makePurse', 'a', 1n),
  },
  'durable promises': {
    file: 'promises/promiser.js',
    live: async ({ call, root, send }) => {
      send(root, 'wait', 'a');
      await call(root, 'watch', 'b');
    },
  },
  'watched answers': {
    file: 'promises/watcher.js',
    parameters: { version: 1 },
    nextParameters: { version: 2 },
    live: async ({ call, make, root }) => {
      const holder = await make('promises/holder.js');
      await call(root, 'watchSend', holder, 'result', ['p'], 'p');
    },
  },
};

const parametersOf = (file: string, parameters: object | undefined): object | undefined =>
  file === BUILT_IN_VATS.timer ? { clock: shared.kernel.services.clock } : parameters;

const bundleIdOf = (file: string): Promise<string> =>
  file.startsWith('/')
    ? bundleOf(file).then(bundle => shared.kernel.installBundle(bundle))
    : shared.install(file);

const warningsOf = async (story: Story): Promise<readonly (readonly [string, string])[]> => {
  const { kernel } = shared;
  const { file, next = file, parameters, nextParameters = parameters } = story;
  const create = async (path: string, vatParameters: object | undefined) => {
    const bundleId = await bundleIdOf(path);
    return kernel.createVat({ name: shared.takeName('v'), bundleId, vatParameters });
  };
  const { root, vatId } = await create(file, parametersOf(file, parameters));
  await story.live?.({
    kernel,
    root,
    call: async (target, method, ...args) =>
      (await kernel.call(target, method, args)) as VatReference,
    send: (target, method, ...args) =>
      void kernel.send(target, method, args).result.catch(() => undefined),
    make: async (path, vatParameters) => (await create(path, vatParameters)).root,
  });
  await kernel.idle();
  const bundleId = await bundleIdOf(next);
  const vatParameters = parametersOf(file, nextParameters);
  const report = await kernel.checkUpgrade(vatId, { bundleId, vatParameters, compare: true });
  expect(report.errors).toEqual([]);
  return report.warnings.map(({ code, text }) => [code, text]);
};

describe('warnings of right code:', { tags: ['thorough'] }, () => {
  test.each(Object.entries(STORIES))('%s', async (_name, story) => {
    const found = await warningsOf(story);
    const { warnings = [] } = story;
    expect(found.map(([code]) => code)).toEqual(warnings.map(([code]) => code));
    for (const [i, [, text]] of warnings.entries()) expect(found[i]![1]).toMatch(text);
  });
});
