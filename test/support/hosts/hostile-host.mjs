/**
 * A host of hostile vats and workers, for test/hostile and test/fuzz: a till and an innocent vat,
 * and a vat of each piece beside them. What it is to do stands on its stdin, a line of JSON each;
 * each gets a line of JSON on stdout when it is done. A piece may end this process.
 *
 *     node hostile-host.mjs BUNDLES
 *
 * A step is code of the piece's vat (`hostile`), the same wave by wave with calls of others beside
 * it (`amid`), or code of the host (`host`), which knows the names of `tools`.
 *
 * Invariants: the host cuts the blocks, so that their hashes are a matter of the pieces alone; no
 * outcome depends on the speed of the machine: a vat that says `looping` is taken to be late.
 */
import { existsSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';

/** Jobs that the kernel repeats: its watchdog. */
const repeated = new Set();
const realSetInterval = globalThis.setInterval;
globalThis.setInterval = (job, milliseconds, ...args) => {
  const timer = realSetInterval(job, milliseconds, ...args);
  repeated.add({ timer, job });
  return timer;
};
const realClearInterval = globalThis.clearInterval;
globalThis.clearInterval = timer => {
  for (const it of repeated) if (it.timer === timer) repeated.delete(it);
  realClearInterval(timer);
};
/** More turns than the watchdog waits for. */
const LATE_TURNS = 12;
const LOOPING = 'looping';

/** A timer of libuv's, which runs no code of ours, is late by as long as this thread is busy. */
const PAUSE_RESOLUTION_MS = 5;
const lateness = monitorEventLoopDelay({ resolution: PAUSE_RESOLUTION_MS });
lateness.enable();
const NS_PER_MS = 1e6;

/** Where Linux says how long the first thread of this process has had a processor. */
const SCHEDULED = '/proc/self/schedstat';
const scheduledFd = existsSync(SCHEDULED) ? openSync(SCHEDULED) : undefined;
const scheduledText = Buffer.alloc(80);
/** Milliseconds that this thread has had a processor; NaN where nobody says. */
const processorMs = () => {
  if (scheduledFd === undefined) return NaN;
  const length = readSync(scheduledFd, scheduledText, 0, scheduledText.length, 0);
  return parseInt(scheduledText.toString('latin1', 0, length), 10) / NS_PER_MS;
};

/**
 * While `work` is done, the longest pause of this thread, ms, and the longest that it has worked
 * without a turn: that is no matter of what else the machine does.
 */
const timed = async work => {
  await afterTick();
  lateness.reset();
  let before = processorMs();
  let busyMs = 0;
  const look = () => {
    const now = processorMs();
    busyMs = Math.max(busyMs, now - before);
    before = now;
  };
  const timer = realSetInterval(look, PAUSE_RESOLUTION_MS);
  const value = await work();
  await afterTick();
  realClearInterval(timer);
  look();
  const pauseMs = Math.max(0, lateness.max / NS_PER_MS - PAUSE_RESOLUTION_MS);
  return { value, pauseMs, busyMs };
};
/** The timer has come since. */
const afterTick = () => new Promise(resolve => setTimeout(resolve, 4 * PAUSE_RESOLUTION_MS));

const { HostError, openKernel, verifyStore } = await import('@heirloom/kernel');
const { DamageBench } = await import('../hostile/damage-bench.mjs');

const TOTAL = 1_000n;
const LOG_MAX = 300;
const LINE_CHARS = 2_000;
const ERROR_NAME = /^[\w$]{1,50}$/;

const bundles = JSON.parse(await readFile(process.argv[2], 'utf8'));

const short = text => (text.length > LINE_CHARS ? `${text.slice(0, LINE_CHARS)}…` : text);

/** A value as text: texts as they are. */
const shown = value => {
  if (typeof value === 'string') return short(value);
  if (value instanceof Error) return short(`${value.name}: ${value.message}`);
  return short(inspect(value, { depth: 4, breakLength: Infinity, compact: true }));
};

/** What a host is rejected with. */
const rejected = error => {
  if (!(error instanceof Error)) return `rejected: ${shown(error)}`;
  const code = error.name === 'KernelError' ? ` ${error.code}` : '';
  const name = ERROR_NAME.test(error.name) ? error.name : 'an error';
  return short(`rejected: ${name}${code}: ${error.message}`);
};

const outcome = work =>
  work.then(
    value => ({ gave: shown(value) }),
    error => ({ gave: rejected(error), stopped: stopOf(error) }),
  );

const stopOf = error =>
  error instanceof HostError ? { code: error.code, message: short(error.message),
    vat: error.vat } : undefined;

const turn = () => new Promise(resolve => setImmediate(resolve));

const AsyncFunction = (async () => undefined).constructor;

/** Waves in which calls beside a flood must be answered: no flood here is so short of them. */
const AMID_WAVES_MAX = 100;

const damageBenches = new Map();
const damageBench = isolation => {
  const known = damageBenches.get(isolation) ?? new DamageBench({ bundles, isolation });
  damageBenches.set(isolation, known);
  return known;
};

/** One kernel, and what is in it. */
class Stage {
  /** The last lines of the log. */
  log = [];
  faults = [];
  isLate = false;

  async open({ directory, isolation, options = {}, image }) {
    this.directory = directory;
    this.options = { spareThreads: 0, isolation, ...options, blocks: 'host', directory };
    await this.reopen();
    const { kernel } = this;
    this.ids = {};
    if (kernel.vats().length > 0) {
      // They are installed: this says under what.
      for (const [name, bundle] of Object.entries(bundles)) {
        this.ids[name] = (await kernel.prepareBundle(bundle)).bundleId;
      }
      return;
    }
    if (image !== undefined) {
      const source = JSON.parse(await readFile(image, 'utf8'));
      const prepared = await kernel.prepareImage({ image: source });
      await this.settle(() => kernel.adoptImage(prepared));
    }
    for (const [name, bundle] of Object.entries(bundles)) {
      this.ids[name] = await this.settle(() => kernel.installBundle(bundle, { name }));
    }
    await this.settle(() => kernel.createVat({ name: 'till', bundleId: this.ids.till }));
    const innocent = { name: 'innocent', bundleId: this.ids.innocent };
    await this.settle(() => kernel.createVat(innocent));
    await this.settle(() => kernel.call(this.root('till'), 'open', ['a', TOTAL]));
    await this.settle(() => kernel.call(this.root('till'), 'open', ['b', 0n]));
  }

  async reopen() {
    this.kernel = await openKernel({ ...this.options, log: entry => this.#hear(entry) });
  }

  #hear({ name, level, text }) {
    if (text === LOOPING) void this.#beLate();
    if (level === 'fault') this.faults.push({ name, text });
    this.log.push(`${name} ${level}: ${text.slice(0, LINE_CHARS)}`);
    if (this.log.length > LOG_MAX) this.log.shift();
  }

  /** The watchdog's timer comes again and again, and nothing is heard of the vat. */
  async #beLate() {
    for (let i = 0; i < LATE_TURNS; i += 1) {
      await turn();
      for (const { job } of [...repeated]) job();
    }
  }

  root(name) {
    return this.kernel.vat(name).root;
  }

  /** An input in a block; what follows from it in the next. */
  async settle(input) {
    const work = input();
    let isSettled = false;
    const settled = Promise.resolve(work).finally(() => (isSettled = true));
    settled.catch(() => undefined);
    this.committed = await this.kernel.commit();
    await this.kernel.run();
    await this.kernel.commit();
    await turn();
    if (!isSettled) throw Error('the input has not settled');
    return settled;
  }

  run(name, code, args = []) {
    return this.settle(() => this.kernel.call(this.root(name), 'run', [code, args]));
  }

  /** The vat of a piece: it knows `$.till`, `$.purse`, `$.innocent`, `$.vatAdmin`, `$.clock`. */
  async enter(name) {
    const { kernel } = this;
    await this.settle(() => kernel.createVat({ name, bundleId: this.ids.workbench }));
    const purse = await this.settle(() => kernel.call(this.root('till'), 'show', ['a']));
    const { vatAdmin, clock } = kernel.services;
    const known = [this.root('till'), purse, this.root('innocent'), vatAdmin, clock];
    await this.run(name, '[$.till, $.purse, $.innocent, $.vatAdmin, $.clock] = args; 1', known);
  }

  /** `code` is the body of an async function of the host; a function that it gives is an input. */
  async host(code, me) {
    const { kernel, ids } = this;
    const root = name => this.root(name);
    const settle = input => this.settle(input);
    const tools = { kernel, ids, root, me, settle, damage: damageBench(this.options.isolation) };
    tools.wave = () => this.wave();
    // What the till shows is asked for before there is a flood.
    tools.purse = await this.purse();
    tools.beside = () => this.beside(tools.purse);
    const made = await new AsyncFunction(...Object.keys(tools), code)(...Object.values(tools));
    return typeof made === 'function' ? this.settle(made) : made;
  }

  step([who, code], me) {
    if (who === 'amid') return outcome(this.amid(code, me));
    return outcome(who === 'host' ? this.host(code, me) : this.run(me, code));
  }

  async wave() {
    await this.kernel.run({ waves: 1 });
    this.committed = await this.kernel.commit();
    await turn();
  }

  /** How many waves it takes until the calls of `calls` are answered, each. */
  async wavesUntil(calls) {
    const waves = calls.map(() => undefined);
    const wrong = [];
    for (const [i, { call, expected }] of calls.entries()) {
      call.then(
        value => {
          waves[i] = n;
          if (value !== expected) wrong.push(shown(value));
        },
        error => {
          waves[i] = n;
          wrong.push(rejected(error));
        },
      );
    }
    let n = 0;
    while (waves.includes(undefined) && n < AMID_WAVES_MAX) {
      n += 1;
      await this.wave();
    }
    if (wrong.length > 0) throw Error(`calls beside it: ${wrong.join()}`);
    return waves;
  }

  /**
   * A call of the host and one of the innocent vat, both of the till, wave by wave. Says how many
   * waves each took, and whether there was still something to do when both had been answered.
   */
  async beside(purse) {
    const { kernel } = this;
    const waves = await this.wavesUntil([
      { call: kernel.call(this.root('till'), 'total'), expected: TOTAL },
      { call: kernel.call(this.root('innocent'), 'weigh', [purse]), expected: 'bigint' },
    ]);
    const isAmid = kernel.stats().runQueueLength > 0 ? 'amid it' : 'when all was done';
    return `${waves.join(' and ')} waves, ${isAmid}`;
  }

  /** Code of the piece's vat that begins something in a wave; then calls beside it. */
  async amid(code, me) {
    const { kernel } = this;
    const purse = await this.purse();
    const begun = kernel.call(this.root(me), 'run', [code, []]);
    begun.catch(() => undefined);
    await this.wave();
    const waves = await this.beside(purse);
    await kernel.run();
    await kernel.commit();
    await turn();
    const { gave } = await outcome(begun);
    return `${gave}; ${waves}`;
  }

  /** A purse that everybody may look at. */
  purse() {
    return this.settle(() => this.kernel.call(this.root('till'), 'show', ['a']));
  }

  /** What is wrong with the others: nothing should be. */
  async problems() {
    const { kernel } = this;
    const found = kernel.audit({ rows: true }).findings.map(finding => shown(finding));
    const expectSame = (what, value, expected) => {
      if (value !== expected) found.push(`${what}: ${shown(value)}, not ${shown(expected)}`);
    };
    const till = this.root('till');
    const move = ['a', 'b', 1n];
    await this.settle(() => kernel.call(till, 'move', move));
    const total = await this.settle(() => kernel.call(till, 'total'));
    expectSame('the money', total, TOTAL);
    const answer = await this.settle(() => kernel.call(this.root('innocent'), 'answer'));
    expectSame('the innocent vat', answer, 42);
    for (const { name, replayable } of kernel.vats()) expectSame(name, replayable, true);
    return found;
  }

  /** Lives through one piece. What it gives: docs of `PieceReport` in hostile-child.ts. */
  async piece({ id, steps }) {
    this.faults = [];
    if (!this.kernel.vats().some(({ name }) => name === id)) await this.enter(id);
    const { vatId } = this.kernel.vat(id);
    const gave = [];
    let stopped;
    let longestMs = 0;
    let longestBusyMs = 0;
    for (const step of steps) {
      const { value, pauseMs, busyMs } = await timed(() => this.step(step, id));
      const { gave: text, stopped: stop } = value;
      gave.push(text);
      longestMs = Math.max(longestMs, pauseMs);
      longestBusyMs = Math.max(longestBusyMs, busyMs);
      stopped = stop;
      if (stopped !== undefined) break;
    }
    const faults = this.faults.map(({ name, text }) => `${name}: ${text.split('\n')[0]}`);
    const pauses = { longestMs, longestBusyMs };
    const report = { id, vatId, gave, faults, log: this.log.slice(-10), ...pauses };
    if (stopped !== undefined) {
      return { ...report, stopped, committed: this.committed, problems: [] };
    }
    const lives = this.kernel.vats().some(({ name }) => name === id);
    const problems = await this.problems();
    const alive = lives ? await outcome(this.run(id, '6 * 7')) : undefined;
    return { ...report, lives, answers: alive?.gave, problems, hash: this.kernel.blockHash };
  }

  /** After the host has stopped: the store is as before, and the piece's vat can be ended. */
  async aftermath({ id, directory, isolation }) {
    await this.open({ directory, isolation });
    const { kernel } = this;
    const hash = kernel.blockHash;
    const found = [];
    const vat = kernel.vats().find(({ name }) => name === id);
    if (vat === undefined) found.push('the vat of the piece is gone');
    else {
      // A vat that the piece was making cannot be ended yet.
      const makings = kernel.queued().filter(({ type }) => type === 'create');
      const first = [
        ...makings.map(({ ordinal }) => kernel.cancelItem({ ordinal })),
        kernel.terminateVat(vat.vatId, { first: true }),
      ];
      const done = Promise.all(first);
      done.catch(() => undefined);
      await kernel.run();
      await kernel.commit();
      await done;
    }
    found.push(...(await this.problems()));
    return { reopened: hash, problems: found, hash: kernel.blockHash };
  }

  async close() {
    const { blockHash } = this.kernel;
    await this.kernel.close();
    return { hash: blockHash };
  }
}

const stage = new Stage();

const verified = async directory => {
  const { ok, vats } = await verifyStore({ directory });
  const bad = vats.filter(it => it.ok === false).map(it => shown(it));
  return { ok, bad };
};

const DEEDS = {
  open: async request => {
    await stage.open(request);
    return { hash: stage.kernel.blockHash, vats: stage.kernel.vats().map(it => it.name) };
  },
  enter: async ({ id }) => {
    await stage.enter(id);
    return {};
  },
  piece: ({ piece }) => stage.piece(piece),
  problems: async () => ({ problems: await stage.problems(), hash: stage.kernel.blockHash }),
  restart: async () => {
    await stage.close();
    await stage.reopen();
    return { hash: stage.kernel.blockHash };
  },
  aftermath: request => stage.aftermath(request),
  close: () => stage.close(),
  verify: ({ directory }) => verified(directory),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer = await DEEDS[request.do](request).catch(error => ({
    failed: short(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    stopped: stopOf(error),
  }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
