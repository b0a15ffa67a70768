/**
 * Dry runs that vats ask for, of upgrades with every sort of warning, on replicas that differ in
 * threads, processes, paging, speed, restarts, and in dry runs of the host in between: reports,
 * block hashes and every row are the same. So nothing stays of a dry run of the host's, either.
 */
import { readdir, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Kernel, KernelOptions } from '@heirloom/kernel';
import { openKernelOver } from '@heirloom/kernel/over';
import { expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { slowWays } from '../support/kernels/slow-ways.js';
import { everyRow } from '../support/stores/store-rows.js';
import { amount } from '../support/suite/amounts.js';

interface Variant {
  readonly options?: Partial<KernelOptions>;
  readonly restarts?: true;
  /** Workers that answer late, by this seed. */
  readonly slow?: number;
  /** Waits between waves. */
  readonly waveDelayMs?: number;
  /** The host tries an upgrade of every vat before some blocks, with `compare`. */
  readonly tries?: true;
}

const ALL: Readonly<Record<string, Variant>> = {
  plain: {},
  'dry runs of the host': { tries: true },
  'one thread, restarts': { options: { threads: 1, spareThreads: 1 }, restarts: true },
  'one vat online': { options: { maxVatsOnline: 1 } },
  processes: { options: { isolation: 'process' } },
  slow: { slow: 7, waveDelayMs: 5 },
};
const QUICK = ['plain', 'dry runs of the host'];
const VARIANTS = amount({ quick: QUICK, thorough: Object.keys(ALL) });

const kind = (methods: string, options = '{}', key = 'Order'): string => ` // a setup
  if (!baggage.has('${key}')) baggage.init('${key}', VatData.makeKindHandle('${key}'));
  $.make = VatData.defineDurableKind(baggage.get('${key}'), () => ({ n: null }), { ${methods} },
    ${options});`;
const TOLD = 'pay: ({ state }) => state.n, onFulfilled: () => undefined';
const RAISED = '{ version: 1, migrate: ({ n }) => ({ n: n.size }) }';
const STORE = ' $.orders = VatData.makeScalarBigMapStore("orders", { durable: true })';
const SEND = ' void E(args[0]).make("again")';

/** A vat, what it does, and what is tried with it: parameters, and the codes of the report. */
interface Subject {
  readonly cap: string;
  readonly begins: object;
  /** Snippets that it runs. */
  readonly runs?: readonly string[];
  readonly tries: readonly (readonly [parameters: object, ...codes: string[]])[];
}

const ORDER = ' baggage.init("order", $.make()); 1';
const WATCH = ' VatData.watchPromise(E(args[0]).result("w"), baggage.get("order")); 1';
const ASK = ' void E(args[0]).result("p").then(() => 1); void E(args[1]).wakeAt(10n ** 6n); 1';

const SUBJECTS: Readonly<Record<string, Subject>> = {
  shop: {
    cap: '$workbench',
    begins: { setup: kind(TOLD) },
    runs: [ORDER, WATCH],
    tries: [
      [{ setup: kind(TOLD) }],
      [{ setup: kind('pay: () => 1') }, 'WATCHER_LOST'],
      [{ setup: kind(TOLD, RAISED) }, 'MIGRATION_FAILS', 'VERSION_RAISED'],
      [{ setup: ' 1' }],
      [{ setup: kind(TOLD, '{}', 'Sale') }, 'KIND_RENAMED'],
    ],
  },
  heap: {
    cap: '$workbench',
    begins: { setup: ' 1', fee: 25n },
    runs: [ASK],
    tries: [
      [{ setup: STORE }, ...['EXPORT_LOST', 'PROMISE_NOT_WATCHED', 'ALARM_LOST', 'MADE_ANEW'],
        ...['PARAMETER_LEFT_OUT', 'ANSWER_LOST']],
      [{ setup: ' E(args[0]).result("never")', args: ['$holder.root'], fee: 25n }, 'START_WAITS'],
      [{ setup: ' throw Error("broken")', fee: 25n }],
    ],
  },
  desk: { cap: '$desk', begins: { isOld: true }, tries: [[{ isOld: true }, 'KEY_MISSING']] },
};

class Life {
  readonly directory: string;
  readonly #variant: Variant;
  readonly hashes: string[] = [];
  kernel!: Kernel;

  constructor(directory: string, variant: Variant) {
    this.directory = directory;
    this.#variant = variant;
  }

  async open(): Promise<void> {
    const { options, slow } = this.#variant;
    const given = { ...options, blocks: 'host', log: () => undefined } as const;
    this.kernel =
      slow === undefined
        ? await kernelOver({ ...given, directory: this.directory })
        : await openKernelOver(slowWays(this.directory, slow, () => undefined), given);
  }

  /** A call of the host, with a block of its own. */
  async settle<T>(work: Promise<T>): Promise<T> {
    await this.block();
    return work;
  }

  async block(waves = Infinity): Promise<void> {
    const { restarts, waveDelayMs, tries } = this.#variant;
    if (tries === true && waves === 1) await this.#tryAll();
    for (let left = waves; left > 0 && this.kernel.queued().length > 0; left -= 1) {
      await this.kernel.run({ waves: 1 });
      if (waveDelayMs !== undefined) await wait(waveDelayMs);
    }
    this.hashes.push(await this.kernel.commit());
    if (restarts !== true) return;
    await this.kernel.close();
    await this.open();
  }

  /** Of a dry run of the host's nothing stays: no block, no row, no file. */
  async #tryAll(): Promise<void> {
    const { kernel } = this;
    const before = await this.#state();
    for (const { vatId, bundleId } of kernel.vats()) {
      const options = { bundleId, presentParameters: true, compare: true } as const;
      const report = await kernel.checkUpgrade(vatId, options);
      expect(report.warnings.map(({ code }) => code)).not.toContain('METHOD_GONE');
    }
    // Of code that nobody has installed.
    const bundle = await fixture('relay.js');
    const other = await kernel.checkUpgrade(kernel.vat('admin').vatId, { bundle, compare: true });
    expect(other.verdict).not.toBe('ok');
    expect(await this.#state()).toEqual(before);
  }

  async #state(): Promise<unknown> {
    const { height, blockHash } = this.kernel;
    const names = (await readdir(this.directory)).sort();
    const { mtimeMs } = await stat(`${this.directory}/data.mdb`);
    return { height, blockHash, names, mtimeMs, rows: await everyRow(this.directory) };
  }
}

const admin = (life: Life, method: string, ...args: unknown[]): Promise<unknown> =>
  life.settle(life.kernel.call(life.kernel.vat('admin').root, method, args));

/** The vats, each after what it does. */
const begin = async (life: Life): Promise<void> => {
  for (const [name, file] of [
    ['workbench', 'workbench.js'],
    ['holder', 'promises/holder.js'],
    ['desk', 'faulty/desk.js'],
  ] as const) {
    await life.settle(life.kernel.installBundle(await fixture(file), { name }));
  }
  const bundleId = await life.settle(
    life.kernel.installBundle(await fixture('services/admin.js')),
  );
  await life.settle(life.kernel.createVat({ name: 'admin', bundleId }));
  await admin(life, 'bootstrap', { vatAdmin: life.kernel.services.vatAdmin }, {});
  await admin(life, 'keep', 'clock', life.kernel.services.clock);
  for (const name of ['workbench', 'holder', 'desk']) {
    await admin(life, 'tell', 'svc', 'getNamedBundleCap', [name], name);
  }
  await admin(life, 'createVat', 'holder', '$holder', {});
  for (const [name, { cap, begins, runs = [] }] of Object.entries(SUBJECTS)) {
    await admin(life, 'createVat', name, cap, { vatParameters: begins });
    for (const code of runs) {
      await admin(life, 'tell', `${name}.root`, 'run', [code, ['$holder.root', '$clock']]);
    }
  }
  await admin(life, 'tell', 'heap.root', 'run', [' Far("ticket", {})'], 'ticket');
  await admin(life, 'watch', 'heap.root', 'run', [' new Promise(() => {})'], 'asked');
};

type Log = readonly (readonly [string, string, { readonly warnings?: object }])[];

/** Every dry run is asked for in one block, which takes several waves; then a real upgrade. */
const script = async (life: Life): Promise<Log> => {
  await begin(life);
  const ask = (name: string, vatParameters: object, as: string, dryRun = true): void => {
    const { kernel } = life;
    const args = [`${name}.node`, 'upgrade', [SUBJECTS[name]!.cap, { vatParameters, dryRun }], as];
    kernel.send(kernel.vat('admin').root, 'watch', args).result.catch(() => undefined);
  };
  for (const [name, { tries }] of Object.entries(SUBJECTS)) {
    for (const [i, [parameters]] of tries.entries()) ask(name, parameters, `${name} ${i}`);
  }
  await life.block(1);
  await life.block(2);
  await life.block(1);
  await life.block();
  ask('heap', { setup: SEND, args: ['$holder.root'] }, 'sends');
  ask('shop', { setup: kind('pay: () => 1') }, 'real', false);
  ask('shop', { setup: kind(TOLD) }, 'after');
  await life.block();
  return (await admin(life, 'getLog')) as Log;
};

const outcomeOf = async (variant: Variant) => {
  const life = new Life(await freshDirectory(), variant);
  await life.open();
  const log = await script(life);
  const { hashes, directory } = life;
  await life.kernel.close();
  return { log, hashes, rows: await everyRow(directory) };
};

const title = 'dry runs by vats: on replicas -> the same reports, hashes and rows; nothing stays';
test(title, { tags: ['sized'] }, async () => {
  const [first, ...others] = VARIANTS;
  const plain = await outcomeOf(ALL[first!]!);
  const told = new Map(plain.log.map(([as, , value]) => [as, value]));
  for (const [name, { tries }] of Object.entries(SUBJECTS)) {
    for (const [i, [, ...codes]] of tries.entries()) {
      const { warnings } = told.get(`${name} ${i}`)!;
      expect([name, i, warnings]).toEqual([
        ...[name, i],
        codes.map(code => ({ code, count: expect.any(Number) as number })),
      ]);
    }
  }
  expect(told.get('real')).toEqual({ incarnationNumber: 1 });
  expect(told.get('after')).toMatchObject({ ok: true, incarnationNumber: 2, warnings: [] });
  for (const name of others) {
    const { log, hashes, rows } = await outcomeOf(ALL[name]!);
    expect([name, log]).toEqual([name, plain.log]);
    expect([name, hashes]).toEqual([name, plain.hashes]);
    expect(rows).toEqual(plain.rows);
  }
});
