/**
 * Every call of a host in one scripted life, with blocks of the host's: some of them while a run, a
 * commit or a dry run is in progress. However slow workers and the bundler are, every block has the
 * same hash and every call the same outcome (rules.md#w6).
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { ImageSource, Kernel, KernelOptions, VatBundle, VatReference } from '@heirloom/kernel';
import { openKernelOver } from '@heirloom/kernel/over';
import { readImage } from '@heirloom/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleOf, fixture } from '../support/bundles/fixtures.js';
import { hostCallRows } from '../support/documents/host-call-rows.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { slowWays } from '../support/kernels/slow-ways.js';
import { amount } from '../support/suite/amounts.js';

/** HEIRLOOM_SEEDS=100 in mode `all` has run, and takes four minutes of CPU. */
const SEEDS = amount({ quick: 2, thorough: Number(process.env['HEIRLOOM_SEEDS'] ?? 20) });
const WAVE_LIMIT = 4;

const vatPath = (name: string): string =>
  fileURLToPath(new URL(`../vats/${name}`, import.meta.url));

interface Code {
  readonly workbench: VatBundle;
  readonly relay: VatBundle;
  /** Archives. */
  readonly bank: VatBundle;
  readonly formats: VatBundle;
  readonly image: ImageSource;
}

let code: Code;
let rows: readonly string[];

beforeAll(async () => {
  const source = `${readImage().source}// the next release\n`;
  code = {
    workbench: await fixture('workbench.js'),
    relay: await fixture('relay.js'),
    bank: await bundleOf(vatPath('bank.js'), 'endoZipBase64'),
    formats: await bundleOf(vatPath('formats/vat.js'), 'endoZipBase64'),
    image: { id: createHash('sha256').update(source).digest('hex'), source },
  };
  rows = await hostCallRows();
});

/** What a host is told, as a text; how long something took is this machine's. */
const shown = (value: unknown): string => {
  const plain = (key: string, given: unknown): unknown => {
    if (key === 'milliseconds' || key === 'trace' || key === 'stack') return undefined;
    if (typeof given === 'bigint') return `${given}n`;
    if (!(given instanceof Error)) return given;
    return `${given.name} ${'code' in given ? String(given.code) : ''}: ${given.message}`;
  };
  return JSON.stringify(value, plain) ?? 'undefined';
};

/** A kernel that notes which of its methods and getters are used. */
const observed = (kernel: Kernel, used: Set<string>): Kernel =>
  new Proxy(kernel, {
    get: (target, name) => {
      used.add(String(name));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

type Calls = () => void;

class Life {
  readonly #directory: string;
  readonly #seed: number | undefined;
  readonly hashes: string[] = [];
  /** What was called, in order, and what came of it. */
  readonly told: string[] = [];
  readonly used = new Set<string>();
  /** To be made when so many frames of workers have come. */
  #awaited: { frames: number; readonly calls: Calls } | undefined;
  kernel!: Kernel;

  constructor(directory: string, seed: number | undefined) {
    this.#directory = directory;
    this.#seed = seed;
  }

  async open(options: Pick<KernelOptions, 'maxVatsOnline' | 'adoptEngine'> = {}): Promise<void> {
    const ways = slowWays(this.#directory, this.#seed, () => this.#frameCame());
    const opened = await openKernelOver(ways, {
      ...options,
      blocks: 'host',
      spareThreads: 0,
      log: () => undefined,
      parameters: { waveLimit: WAVE_LIMIT },
    });
    this.kernel = observed(opened, this.used);
  }

  /** Makes a call; what comes of it is told at its place. */
  tell<T>(name: string, make: () => Promise<T> | T): Promise<T> {
    const at = this.told.push(`${name}: open`) - 1;
    const work = (async () => make())();
    work.then(
      value => (this.told[at] = `${name}: ${shown(value)}`),
      (reason: unknown) => (this.told[at] = `${name}: ${shown(reason)}, refused`),
    );
    return work;
  }

  #frameCame(): void {
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    awaited.frames -= 1;
    if (awaited.frames > 0) return;
    this.#awaited = undefined;
    awaited.calls();
  }

  /**
   * Calls are made amid the next run, when the frame of so many has come that its wave waits for:
   * what else of the wave has come and was merged by then is a matter of speed.
   */
  whenFrames(frames: number, calls: Calls): void {
    this.#awaited = { frames, calls };
  }

  /** A run and a commit; calls are made in the very turns in which these begin. */
  async block(amid: { run?: Calls; commit?: Calls; waves?: number } = {}): Promise<void> {
    const running = this.kernel.run(amid.waves === undefined ? {} : { waves: amid.waves });
    amid.run?.();
    const { waves, deliveries, cranks } = await running;
    this.told.push(`run: ${shown({ waves, deliveries, cranks })}`);
    const committing = this.kernel.commit();
    amid.commit?.();
    this.hashes.push(await committing);
  }

  send(name: string, vat: string, method: string, args: readonly unknown[] = []): number {
    const { input, result } = this.kernel.send(this.root(vat), method, args);
    void this.tell(`${name}, input ${input}`, () => result).catch(() => undefined);
    return input;
  }

  /** A call whose outcome nobody waits for here. */
  note(name: string, make: () => unknown): void {
    void this.tell(name, make).catch(() => undefined);
  }

  root(vat: string): VatReference {
    return this.kernel.vat(vat).root;
  }

  id(vat: string): string {
    return this.kernel.vat(vat).vatId;
  }

  /** What can be read between runs. */
  look(): void {
    const { kernel } = this;
    const { imageId, height, lastInput, blockHash } = kernel;
    expect(kernel.blockHashAt(height)).toBe(blockHash);
    const vats = kernel.vats().map(({ vatId, name, incarnation }) => [vatId, name, incarnation]);
    const [queued, calls] = [kernel.queued(), kernel.hostCalls()];
    const { waves } = kernel.stats();
    this.told.push(shown({ imageId, height, lastInput, vats, queued, calls, waves }));
    const { details } = kernel.references();
    const [names, kept] = [kernel.bindings().map(({ name }) => name), kernel.bound('kept')?.kref];
    this.told.push(shown({ details, names, kept, fits: kernel.engineFits }));
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
  }
}

/** Bundles and vats; some are asked for while they are being made. */
const begin = async (life: Life): Promise<void> => {
  const { kernel } = life;
  life.note('time 1', () => kernel.beginBlock({ height: 1, time: 1 }));
  const workbench = life.tell('install', () =>
    kernel.installBundle(code.workbench, { name: 'workbench' }),
  );
  life.note('not prepared', () => kernel.installBundle(code.bank));
  const bank = await kernel.prepareBundle(code.bank);
  life.note('install bank', () => kernel.installBundle(bank));
  life.note('oracle', () => kernel.registerHostObject('oracle'));
  await life.block();
  const formats = await kernel.prepareBundle(code.formats);
  const bundleId = await workbench;
  life.note('a', () => kernel.createVat({ name: 'a', bundleId }));
  life.note('bank', () => kernel.createVat({ name: 'bank', bundleId: bank.bundleId }));
  await life.block({
    run: () => {
      life.note('formats', () => kernel.installBundle(formats));
      life.note('c', () => kernel.createVat({ name: 'c', bundleId: formats.bundleId }));
      life.note('a again', () => kernel.createVat({ name: 'a', bundleId }));
      const unknown = `b1-${'0'.repeat(64)}`;
      life.note('no bundle', () => kernel.createVat({ name: 'none', bundleId: unknown }));
      life.note('no vat', () => kernel.terminateVat('v9'));
      life.note('not yet', () => kernel.upgradeVat('v3', { bundleId }));
      life.note('time, late', () => kernel.beginBlock({ time: 2 }));
    },
    commit: () => {
      life.send('during a commit', 'a', 'run', ['1 + 1', []]);
      life.note('twice', () => kernel.installBundle(code.workbench, { name: 'again' }));
    },
  });
  life.look();
  await life.block();
};

const MAKE = `
  $.p = new Promise(go => { $.go = go; });
  harden({ promise: $.p, thing: Far('thing', {}), other: Far('other', {}) })`;

interface Made {
  readonly promise: VatReference;
  readonly thing: VatReference;
  readonly other: VatReference;
}

/** References, promises, garbage; calls of host objects. */
const talk = async (life: Life): Promise<void> => {
  const { kernel } = life;
  const making = life.tell('make', () => kernel.call(life.root('a'), 'run', [MAKE, []]));
  await life.block();
  const { promise, thing, other } = (await making) as Made;
  life.note('bind', () => kernel.bind('kept', thing));
  kernel.release(thing);
  life.note('found', () => kernel.reference(thing.kref).iface);
  life.note('let go', () => kernel.reference('ko999'));
  life.note('settlement', () => kernel.settlement(promise));
  life.send('go', 'a', 'run', ['$.go(7n); 0', []]);
  await life.block({
    run: () => {
      kernel.release(other.kref);
      life.note('bind, late', () => kernel.bind('promise', promise));
      life.note('unbind', () => kernel.unbind('kept'));
      life.note('unbind none', () => kernel.unbind('none'));
      life.note('cycles', () => kernel.collectCycles());
      life.note('cycles of none', () => kernel.collectCycles('v9'));
      life.note('settlement, late', () => kernel.settlement(promise));
    },
    commit: () => life.note('reap', () => kernel.reapAll()),
  });
  const ask = `E(args[0]).ask(args[1])`;
  const oracle = kernel.hostObject('oracle');
  for (const n of [1, 2, 3]) life.send(`ask ${n}`, 'a', 'run', [ask, [oracle, n]]);
  life.note('no such call', () => kernel.answerHostCall(1, { value: 0 }));
  await life.block({ run: () => life.note('1', () => kernel.answerHostCall(1, { value: 1 })) });
  life.look();
  life.note('2', () => kernel.answerHostCall(2, { reason: Error('no') }));
  await life.block({
    run: () => {
      life.note('3', () => kernel.answerHostCall(3, { value: [3n] }));
      life.note('3 again', () => kernel.answerHostCall(3, { value: 4 }));
      life.note('none', () => kernel.answerHostCall(99, { value: 5 }));
    },
  });
  await life.block();
};

const SPEAK = `
  $.made = [1, 2, 3].map(n => Far('made ' + n, {}));
  $.sent = $.made.map(made => E(args[0]).makePurse(args[1] + $.made.indexOf(made), 1n));
  harden([...$.made])`;

/** Calls in the midst of a wave, of which one vat has been merged or not. */
const interrupt = async (life: Life): Promise<void> => {
  const { kernel } = life;
  for (const frames of [1, 2]) {
    const making = life.tell('make', () => kernel.call(life.root('a'), 'run', [MAKE, []]));
    await life.block();
    const { thing, other } = (await making) as Made;
    const [bank, { bundleId }] = [life.root('bank'), kernel.vat('a')];
    life.send('speak', 'a', 'run', [SPEAK, [bank, `s${frames}.`]]);
    life.send('purse', 'bank', 'makePurse', [`p${frames}`, 1n]);
    life.send('describe', 'c', 'describe');
    life.whenFrames(frames, () => {
      life.send('amid a wave', 'a', 'run', [MAKE, []]);
      kernel.release(thing);
      life.note('a name', () => kernel.createVat({ name: 'a', bundleId }));
      life.note('a call', () => kernel.answerHostCall(1, { value: 0 }));
      life.note('cycles', () => kernel.collectCycles('v2'));
      life.send('with data', 'a', 'run', ['args[0]', [other]]);
    });
    await life.block();
    await life.block();
  }
};

/** Dry runs, amid which things are called; upgrades, also by all. */
const upgrade = async (life: Life): Promise<void> => {
  const { kernel } = life;
  const { bundleId } = kernel.vat('a');
  // Neither how long the archive takes nor the dry run itself shows.
  const dry = life.tell('dry', () => kernel.checkUpgrade('v2', { bundle: code.bank }));
  life.send('amid a dry run', 'a', 'run', ['2 + 2', []]);
  life.note('c ends', () => kernel.terminateVat('v3'));
  life.hashes.push(await kernel.commit());
  await dry;
  life.note('refused dry', () => kernel.checkUpgrade('v9', { bundleId }));
  await life.block({
    run: () => life.note('behind its end', () => kernel.upgradeVat('v3', { bundleId })),
  });
  life.note('dry by id', () => kernel.upgradeVat('v1', { bundleId, dryRun: true }));
  life.note('dry by all', () => kernel.upgradeAll({ dryRun: true }));
  await life.block();
  life.note('all', () => kernel.upgradeAll({ upgradeMessage: 'again' }));
  const setup = "baggage.init('n', 1)";
  life.note('upgrade', () => kernel.upgradeVat('v1', { bundleId, vatParameters: { setup } }));
  await life.block();
};

/** Another image, prepared before a bundle was there; what runs is upgraded to it. */
const adopt = async (life: Life): Promise<void> => {
  const { kernel } = life;
  const image = await kernel.prepareImage({ image: code.image });
  const relay = life.tell('relay', () => kernel.installBundle(code.relay));
  life.note('not prepared', () => kernel.adoptImage({ image: code.image }));
  await life.block({ run: () => life.note('adopt', () => kernel.adoptImage(image)) });
  const bundleId = await relay;
  life.note('sum', () => kernel.createVat({ name: 'sum', bundleId }));
  await life.block({
    waves: 1,
    run: () => {
      life.note('migrate', () => kernel.migrate());
      life.note('all, later', () => kernel.upgradeAll());
      life.note('fork', () => kernel.forkVat(life.id('bank'), { name: 'branch' }));
      life.note('rollback', () => kernel.rollbackVat('v1'));
    },
  });
  await life.block();
  const own = await kernel.prepareImage();
  await life.block({ commit: () => life.note('back', () => kernel.adoptImage(own)) });
  await life.block();
  life.look();
};

/** What is on the queue is taken off it; the kernel is closed amid things, and opened again. */
const end = async (life: Life): Promise<void> => {
  const inputs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(n => life.send(`n${n}`, 'a', 'run', [`${n}`]));
  await life.block({ waves: 1 });
  life.note('first', () => life.kernel.terminateVat(life.id('sum'), { first: true }));
  life.note('cancel', () => life.kernel.cancelItem({ input: inputs[7]! }));
  const { ordinal } = life.kernel.queued().at(-1)!;
  life.note('cancel one', () => life.kernel.cancelItem({ ordinal }));
  life.note('not first', () => life.kernel.cancelItem({ input: 1 }));
  life.look();
  await life.block({ waves: 1 });
  life.note('idle', () => life.kernel.idle());
  const last = life.send('not committed', 'a', 'run', ['9']);
  const running = life.kernel.run();
  const closing = life.kernel.close();
  await Promise.all([running, closing]);
  await life.open({ maxVatsOnline: 1, adoptEngine: true });
  const { kernel } = life;
  life.note('adopt the engine', () => kernel.adoptEngine());
  for (const input of [...inputs, last]) {
    life.note(`result of ${input}`, () => kernel.resultOf(input));
  }
  expect([kernel.suspects(), kernel.bootstrapResult]).toEqual([[], undefined]);
  expect([kernel.cutShort, kernel.leftBehind]).toEqual([[], []]);
  expect(await kernel.metrics()).toContain('heirloom');
  kernel.setLog(undefined);
  const clock = kernel.services.clock;
  life.note('wake', () => kernel.call(life.root('a'), 'run', ['E(args[0]).wakeAt(9n)', [clock]]));
  await life.block({ commit: () => life.note('time 9', () => kernel.beginBlock({ time: 9 })) });
  life.note('time 9', () => kernel.beginBlock({ time: 9 }));
  await life.block();
  life.look();
};

const liveThrough = async (seed: number | undefined): Promise<Life> => {
  const life = new Life(await freshDirectory(), seed);
  await life.open();
  try {
    for (const part of [begin, talk, interrupt, upgrade, adopt, end]) await part(life);
  } finally {
    await life.kernel.close();
  }
  return life;
};

/** Two at a time; a life of which nothing differs shows nothing. */
const expectSame = async (first: Life, seeds: readonly number[]): Promise<void> => {
  const lives = await Promise.all(seeds.map(liveThrough));
  lives.forEach(({ told, hashes }, at) => {
    const seed = seeds[at];
    expect({ seed, told, hashes }).toEqual({ seed, told: first.told, hashes: first.hashes });
  });
};

describe('all calls of a host', { tags: ['sized'] }, () => {
  let first: Life;
  beforeAll(async () => {
    first = await liveThrough(undefined);
  });

  test('each has its place in the life', () => {
    expect(rows.filter(name => !first.used.has(name))).toEqual([]);
    expect(first.told.filter(line => line.endsWith(': open'))).toEqual([]);
  });

  const seeds = Array.from({ length: SEEDS / 2 }, (_, at) => [2 * at + 1, 2 * at + 2] as const);
  test.each(seeds)('slowed by seeds %i and %i -> the same blocks and outcomes', async (...pair) =>
    expectSame(first, pair),
  );
});
