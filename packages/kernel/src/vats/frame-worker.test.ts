/**
 * A worker that was taken over, in the kernel's own thread: which frames are legal when, which are
 * a sign of life, and how much may wait (docs/protocol.md). No real time passes.
 */
import { packFrame, type FrameValue } from '@heirloom/store';
import {
  bundleIdFrom,
  FIRST_INCARNATION,
  FIRST_POSITION,
  FromWorker,
  positionFrom,
  spaceFrom,
  vatIdOf,
  vatNumberFrom,
  Syscall,
} from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import type { ChannelEvents } from './channel.js';
import { FrameWorker } from './frame-worker.js';
import type { VatLine, VatTrace } from './vat-worker.js';
import { Watchdog } from './watchdog.js';

const BUNDLE = bundleIdFrom('0'.repeat(64));
const EMPTY = packFrame([null, [], [], null]);
const EXIT = packFrame([null, [[Syscall.exit, false, new Uint8Array([0xc0]), []]], [], null]);
const FAULT = packFrame([['LIMIT', new Uint8Array([0xc0])], [], [], null]);
const ENOUGH_TICKS = 20;

/** A worker whose frames the test posts, whose watchdog and clock the test turns. */
class Stage {
  readonly lines: VatLine[] = [];
  readonly traces: VatTrace[] = [];
  readonly worker: FrameWorker;
  isKilled = false;
  nowMs = 0;
  #events!: ChannelEvents;
  #tick = (): void => undefined;

  constructor() {
    const watchdog = new Watchdog(800, (_, job) => {
      this.#tick = job;
      return () => {
        this.#tick = () => undefined;
      };
    });
    this.worker = new FrameWorker({
      open: events => {
        this.#events = events;
        return {
          send: () => undefined,
          destroy: () => {
            this.isKilled = true;
            return Promise.resolve();
          },
        };
      },
      log: {
        line: line => this.lines.push(line),
        trace: trace => this.traces.push(trace),
        left: () => undefined,
      },
      watchdog,
      clock: { nowMs: () => this.nowMs, nextTurn: () => Promise.resolve() },
    });
  }

  post(...tuple: FrameValue[]): void {
    this.#events.frame(packFrame(tuple));
  }

  postBytes(frame: Uint8Array): void {
    this.#events.frame(frame);
  }

  cranks(first: number, ...cranks: Uint8Array[]): void {
    this.post(FromWorker.cranks, first, cranks, cranks.map(() => 1));
  }

  line(text: string | Uint8Array, position: number | null = null): void {
    this.post(FromWorker.log, 'log', Buffer.from(text), position);
  }

  die(): void {
    this.#events.end('it was killed');
  }

  tick(times: number): void {
    for (let i = 0; i < times; i += 1) this.#tick();
  }

  async bind(): Promise<void> {
    this.post(FromWorker.ready);
    const prepared = this.worker.prepare(BUNDLE, new Uint8Array(), true);
    this.post(FromWorker.prepared, BUNDLE, false);
    await prepared;
    const vat = vatNumberFrom(3);
    const identity = {
      ...{ vatId: vatIdOf(vat), name: 'hostile', incarnation: FIRST_INCARNATION },
      spaces: [spaceFrom(3)] as const,
    };
    const handOver = { height: 0 as never, rows: [], preImages: [], history: vat };
    const bound = this.worker.bind(identity, handOver);
    this.post(FromWorker.bound);
    await bound;
  }

  deliver(count: number): void {
    const deliveries = Array.from({ length: count }, () => packFrame([2, []]));
    this.worker.deliver({
      ...{ height: 0 as never, wave: 1, firstPosition: FIRST_POSITION, deliveries },
    });
  }
}

const bound = async (): Promise<Stage> => {
  const stage = new Stage();
  await stage.bind();
  return stage;
};

/** Why the worker was killed. */
const failureOf = async (asked: unknown): Promise<string> => {
  try {
    await asked;
  } catch (error) {
    return String(error);
  }
  return 'nothing';
};

const expectRefused = async (stage: Stage, asked: unknown, why: RegExp): Promise<void> => {
  expect(stage.worker.hasFailed).toBe(true);
  expect(stage.isKilled).toBe(true);
  expect(await failureOf(asked)).toMatch(why);
};

/** Frames, and in what state each is refused: all others are legal. */
type Act = (stage: Stage) => void;
const FRAMES: Readonly<Record<string, Act>> = {
  ready: stage => stage.post(FromWorker.ready),
  prepared: stage => stage.post(FromWorker.prepared, BUNDLE, false),
  bound: stage => stage.post(FromWorker.bound),
  replayed: stage => stage.post(FromWorker.replayed, 5),
  diverged: stage => stage.post(FromWorker.diverged, 5, new Uint8Array(1)),
  progress: stage => stage.post(FromWorker.progress, 0),
  cranks: stage => stage.cranks(0, EMPTY),
  'no cranks': stage => stage.cranks(0),
  observed: stage => stage.post(FromWorker.observed, []),
  log: stage => stage.line('x'),
  trace: stage => stage.post(FromWorker.trace, '', new Uint8Array(1), new Uint8Array(1)),
};
const ALWAYS = ['log', 'trace'];

const STATES: readonly [string, legal: readonly string[], (stage: Stage) => Promise<unknown>][] = [
  ['before it is warm', ['ready'], () => Promise.resolve()],
  ['prepared, not yet bound', ALWAYS, async stage => {
    stage.post(FromWorker.ready);
    const prepared = stage.worker.prepare(BUNDLE, new Uint8Array(), true);
    stage.post(FromWorker.prepared, BUNDLE, false);
    await prepared;
  }],
  ['asked to prepare', [...ALWAYS, 'prepared'], stage => {
    stage.post(FromWorker.ready);
    void stage.worker.prepare(BUNDLE, new Uint8Array(), true).catch(() => undefined);
    return Promise.resolve();
  }],
  ['bound and idle', ALWAYS, stage => stage.bind()],
  ['replaying', [...ALWAYS, 'progress', 'replayed', 'diverged'], async stage => {
    await stage.bind();
    stage.worker.replay(positionFrom(5)).catch(() => undefined);
  }],
  ['delivering', [...ALWAYS, 'cranks'], async stage => {
    await stage.bind();
    stage.deliver(2);
  }],
  ['done with a wave', ALWAYS, async stage => {
    await stage.bind();
    stage.deliver(1);
    stage.cranks(0, EMPTY);
    expect(stage.worker.nextCrank()).toEqual(EMPTY);
  }],
];

describe('frames of a worker', () => {
  const cases = STATES.flatMap(([state, legal, prepare]) =>
    Object.keys(FRAMES).map(
      name => [name, state, legal.includes(name) ? 'taken' : 'refused', prepare] as const,
    ),
  );
  test.each(cases)('frame: %s, %s -> %s', async (name, _state, verdict, prepare) => {
    const stage = new Stage();
    await prepare(stage);
    FRAMES[name]!(stage);
    expect(stage.isKilled).toBe(verdict === 'refused');
  });

  test.each([
    ['backwards', [2, 1]],
    ['on the spot', [2, 2]],
    ['past the end', [5]],
  ])('replay: progress that goes %s -> refused', async (_, positions) => {
    const stage = await bound();
    const replayed = stage.worker.replay(positionFrom(5));
    for (const position of positions) stage.post(FromWorker.progress, position);
    await expectRefused(stage, replayed, /WORKER_PROTOCOL|progress/);
  });
});

describe('signs of life', () => {
  const quiet: readonly [string, Act][] = [
    ['nothing', () => undefined],
    ['lines', stage => stage.line('still here')],
    ['traces', FRAMES['trace']!],
  ];
  test.each(quiet)('watchdog: %s for the whole timeout -> DELIVERY_TIMEOUT', async (_, act) => {
    const stage = await bound();
    stage.deliver(1);
    const crank = stage.worker.nextCrank();
    for (let i = 0; i < ENOUGH_TICKS; i += 1) {
      act(stage);
      stage.tick(1);
    }
    await expectRefused(stage, crank, /a crank ran for more than/);
  });

  test('watchdog: many cranks, each just in time -> goes on', async () => {
    const stage = await bound();
    stage.deliver(50);
    for (let position = 0; position < 50; position += 1) {
      stage.tick(8);
      stage.cranks(position, EMPTY);
      expect(await stage.worker.nextCrank()).toEqual(EMPTY);
    }
    expect(stage.isKilled).toBe(false);
  });

  test('watchdog: a replay that goes on -> goes on', async () => {
    const stage = await bound();
    const replayed = stage.worker.replay(positionFrom(50));
    for (let position = 0; position < 50; position += 1) {
      stage.tick(8);
      stage.post(FromWorker.progress, position);
    }
    stage.post(FromWorker.replayed, 50);
    expect(await failureOf(replayed)).toBe('nothing');
  });
});

describe('the end of a part of a wave', () => {
  test.each([
    ['an exit', EXIT],
    ['a fault', FAULT],
  ])('part: %s, more is due -> over: killed, the cranks are there', async (_, last) => {
    const stage = await bound();
    stage.deliver(5);
    stage.cranks(0, EMPTY, last);
    await stage.worker.delivered();
    expect(stage.isKilled).toBe(true);
    stage.line('behind it', 2);
    stage.cranks(2, EMPTY);
    stage.postBytes(new Uint8Array([0xc1]));
    stage.die();
    stage.tick(ENOUGH_TICKS);
    expect([stage.worker.nextCrank(), stage.worker.nextCrank()]).toEqual([EMPTY, last]);
    expect(stage.lines).toEqual([]);
  });

  const ends: readonly [string, Act][] = [
    ['runs on for ever', stage => stage.tick(ENOUGH_TICKS)],
    ['dies', stage => stage.die()],
    ['posts what is no frame', stage => stage.postBytes(new Uint8Array([0xc1]))],
  ];
  test.each(ends)('part: an older image %s behind an exit -> over', async (_, act) => {
    const stage = await bound();
    stage.deliver(5);
    stage.cranks(0, EMPTY, EXIT, EMPTY);
    expect(stage.isKilled).toBe(false);
    act(stage);
    await stage.worker.delivered();
    expect([stage.worker.nextCrank(), stage.worker.nextCrank()]).toEqual([EMPTY, EXIT]);
    await stage.worker.terminate();
  });

  test('part: the exit is merged, then the worker dies -> let go of, nothing more', async () => {
    const stage = await bound();
    stage.deliver(5);
    stage.cranks(0, EXIT, EMPTY);
    expect(stage.worker.nextCrank()).toEqual(EXIT);
    await stage.worker.terminate();
    await stage.worker.delivered();
    stage.line('behind it', 1);
    expect(stage.lines).toEqual([]);
  });

  test('part: well and whole -> the worker lives', async () => {
    const stage = await bound();
    stage.deliver(2);
    stage.cranks(0, EMPTY, EMPTY);
    await stage.worker.delivered();
    expect([stage.isKilled, stage.worker.hasFailed]).toEqual([false, false]);
  });
});

describe('how much waits', () => {
  /** Always in the same memory: cranks of 128 MiB, none of which has faulted. */
  const large = Buffer.alloc(2 ** 27 + 11);
  const postLarge = (stage: Stage, position: number): void => {
    large.set([0x94, FromWorker.cranks, position, 0x91, 0xc6, 8, 0, 0, 0, 0x94, 0xc0]);
    large.set([0x91, 1], large.length - 2);
    stage.postBytes(large);
  };

  test('cranks: more bytes than may wait to be merged -> refused', async () => {
    const stage = await bound();
    stage.deliver(100);
    let position = 0;
    for (; position < 100 && !stage.isKilled; position += 1) postLarge(stage, position);
    expect(position).toBe(17);
    for (let i = 0; i < position; i += 1) await stage.worker.nextCrank();
    await expectRefused(stage, stage.worker.nextCrank(), /bytes of cranks wait to be merged/);
  });

  test('cranks: merged as they come -> any number of bytes', async () => {
    const stage = await bound();
    stage.deliver(40);
    for (let position = 0; position < 40; position += 1) {
      postLarge(stage, position);
      await stage.worker.nextCrank();
    }
    expect(stage.isKilled).toBe(false);
  });

  test('lines: long ones -> cut between characters, the rest is counted', async () => {
    const stage = await bound();
    stage.line('€'.repeat(30_000));
    const kept = Math.floor(2 ** 16 / 3);
    const rest = 3 * (30_000 - kept);
    expect(stage.lines.map(({ text }) => text)).toEqual([
      `${'€'.repeat(kept)}... (${rest} bytes left out)`,
    ]);
  });

  test('lines: too many in a second -> left out, counted, told in one line', async () => {
    const stage = await bound();
    for (let i = 0; i < 17_345; i += 1) stage.line(`${i}`);
    expect(stage.lines).toHaveLength(5_000);
    stage.nowMs = 1_000;
    stage.line('later');
    expect(stage.lines.slice(5_000).map(({ text, level }) => [level, text])).toEqual([
      ['warn', '12,345 lines of v3 left out'],
      ['log', 'later'],
    ]);
    expect(stage.isKilled).toBe(false);
  });

  test('lines: left out at the end of a wave, or of the worker -> told then', async () => {
    const stage = await bound();
    stage.deliver(1);
    for (let i = 0; i < 5_001; i += 1) stage.line('x');
    stage.cranks(0, EMPTY);
    expect(stage.lines.at(-1)?.text).toBe('1 lines of v3 left out');
    stage.line('x');
    await stage.worker.terminate();
    expect(stage.lines.at(-1)?.text).toBe('1 lines of v3 left out');
    expect(stage.lines).toHaveLength(5_002);
  });

  test('lines: a flood between two answers -> refused', async () => {
    const stage = await bound();
    stage.deliver(2);
    for (let i = 0; i < 100_000; i += 1) stage.line('');
    expect(stage.isKilled).toBe(false);
    stage.cranks(0, EMPTY);
    for (let i = 0; i < 100_000; i += 1) stage.line('');
    expect(stage.isKilled).toBe(false);
    stage.line('');
    expect(stage.isKilled).toBe(true);
  });

  test('traces: their bytes are their own, long errors have none', async () => {
    const stage = await bound();
    const text = Buffer.from('at x');
    stage.post(FromWorker.trace, '', new Uint8Array(2 ** 16), text);
    stage.post(FromWorker.trace, '', new Uint8Array(2 ** 16 + 1), text);
    expect(stage.traces.map(({ body }) => [body.length, body.buffer.byteLength])).toEqual([
      [2 ** 16, 2 ** 16],
    ]);
  });

  test('traces: too many in a second -> passed over, the worker lives', async () => {
    const stage = await bound();
    const [body, text] = [Buffer.from('e'), Buffer.from('at x')];
    const trace = (): void => stage.post(FromWorker.trace, '', body, text);
    for (let i = 0; i < 5_000; i += 1) trace();
    expect(stage.traces).toHaveLength(1_000);
    stage.nowMs = 1_000;
    trace();
    expect(stage.traces).toHaveLength(1_001);
    expect(stage.isKilled).toBe(false);
  });
});
