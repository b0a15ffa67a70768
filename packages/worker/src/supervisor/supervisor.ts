/**
 * The vat worker between the thread's port and liveslots: one switch over the kernel's messages.
 *
 * Invariants: one message is worked on at a time, in order of arrival; a snapshot is held for the
 * length of one message (rules.md#s4); one thread serves one incarnation; vat code's console lines
 * wait until the vat runs, and a replay repeats none.
 */
import assert from 'node:assert/strict';
import type { BinaryKey, ReadSnapshot } from '@heirloom/store';
import { packFrame } from '@heirloom/store/frame-writer';
import { keyFromBytes } from '@heirloom/store/keys';
import { required, type Height } from '@heirloom/store/types';
import { textOf, utf8 } from '@heirloom/store/utf8';
import type { LogLevel, SupervisorOptions } from '../contracts/vat-environment.js';
import { Liveslots } from '../liveslots/vat/liveslots.js';
import type { BundleText } from '../protocol/bundle-caps.js';
import { SCRIPT_SCHEME, type BundleId } from '../protocol/code-ids.js';
import type { FromWorkerTuple } from '../protocol/from-worker.js';
import { packDescription } from '../protocol/description.js';
import { cutLine, cutMark, leftOutText, TRACED_BYTES_MAX } from '../protocol/lines.js';
import type { Observations } from '../protocol/observations.js';
import { FromWorker, ToWorker } from '../protocol/opcodes.js';
import type { HandOverRow, HandOverWave, ToWorkerTuple } from '../protocol/to-worker.js';
import type { VRef } from '../protocol/refs.js';
import { readToWorker } from '../protocol/tuples.js';
import {
  FIRST_POSITION,
  positionAfter,
  vatIdOf,
  vatNumberOf,
  type Incarnation,
  type Position,
  type Spaces,
  type VatNumber,
} from '../protocol/vat-numbers.js';
import { Allowance } from './allowance.js';
import { CrankChunk } from './crank-chunk.js';
import type { FinishedCrank } from './crank-frame.js';
import { Crank } from './crank.js';
import { Engine } from './engine.js';
import { nextTurn, nowUs } from './host-powers.js';
import { InstalledBundles } from './installed-bundles.js';
import { Replay, type Divergence } from './replay.js';
import { LiveBase, ReplayBase, type HandedRow } from './row-base.js';
import { VatRows, type Retained } from './rows.js';
import { Turns } from './turns.js';
import { Wave } from './wave.js';

type MessageOf<Op extends ToWorkerTuple[0]> = Extract<ToWorkerTuple, readonly [Op, ...unknown[]]>;

interface Bound {
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  /** What was handed over the store does not show before the block after this height. */
  readonly height: Height;
  readonly handed: ReadonlyMap<BinaryKey, HandedRow>;
  readonly handedPreImages: ReadonlyMap<BinaryKey, Uint8Array>;
  /** Up to that height, the vat under whose number the history of the incarnation stands. */
  readonly history: VatNumber;
}

/**
 * Console lines of a vat that are told between two of its chunks of cranks, and within such a time;
 * and their bytes within it (docs/limits.md).
 */
const LINES_MAX = 1_000;
const LINE_BYTES_TOLD_MAX = 2 ** 20;
const LINES_US = 250_000;
/** Rejections whose traces are told within such a time: a vat may throw as often as it likes. */
const TRACES_MAX = 10;
const TRACES_US = 50_000;
/** A replay tells so often where it is. */
const PROGRESS_US = 50_000;

/** Console lines from before the vat runs. */
type Lines = [LogLevel, string][];

/** The name of the script in traces, inspector and profiles. Vat code cannot see it. */
const scriptUrl = (bundleId: BundleId): string => `\n//# sourceURL=${SCRIPT_SCHEME}${bundleId}`;

/** How far the vat of this thread is. */
type State =
  | { readonly name: 'unbound'; readonly lines: Lines }
  /** It has not run: a replay or a wave comes next. */
  | { readonly name: 'bound'; readonly bound: Bound; readonly lines: Lines }
  /** Its lines have been told of before. `toldUs`: when the kernel was last told how far it is. */
  | { readonly name: 'replaying'; readonly bound: Bound; toldUs: number }
  | { readonly name: 'live'; readonly bound: Bound };

const NEXT: Readonly<Record<State['name'], readonly State['name'][]>> = {
  unbound: ['bound'],
  bound: ['replaying', 'live'],
  replaying: ['live'],
  live: [],
};

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #crank: Crank;
  readonly #rows: VatRows;
  readonly #turns = new Turns();
  readonly #chunk = new CrankChunk();
  readonly #liveslots: Liveslots;
  readonly #engine: Engine;
  readonly #inbox: ToWorkerTuple[] = [];
  readonly #bundles = new InstalledBundles();
  #isWorking = false;
  #state: State = { name: 'unbound', lines: [] };
  /** None before `bind`. */
  #spaces: Spaces | undefined;
  readonly #lineAllowance = new Allowance(LINES_MAX, LINES_US);
  readonly #lineBytesAllowance = new Allowance(LINE_BYTES_TOLD_MAX, LINES_US);
  /** Since the last chunk. */
  #lines = 0;
  /** Lines that were not told, since that was last said. */
  #leftOut = 0;
  #wave: Wave | undefined;
  readonly #allowance = new Allowance(TRACES_MAX, TRACES_US);

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#crank = new Crank(options.environment.hardening.harden);
    this.#rows = new VatRows(this.#crank);
    this.#liveslots = new Liveslots({
      environment: options.environment,
      rows: this.#rows,
      crank: this.#crank,
      log: (level, text) => this.#log(level, text),
      collectGarbage: () => options.host.collectGarbage(),
      readBundle: bundleId => this.#readBundle(bundleId),
    });
    const { host } = options;
    this.#engine = new Engine(this.#crank, this.#rows, this.#liveslots, {
      beforeCrank: () => {
        if (host.collectsEveryCrank === true) host.collectGarbage();
      },
      crankWeightMax: host.crankWeightMax,
    });
  }

  onMessage(frame: Uint8Array): void {
    this.#inbox.push(readToWorker(frame));
    if (!this.#isWorking) this.#work();
  }

  #become(next: State): void {
    const { name } = this.#state;
    assert(NEXT[name].includes(next.name), `a vat that is ${name} does not become ${next.name}`);
    this.#state = next;
  }

  #work(): void {
    this.#isWorking = false;
    const message = this.#inbox.shift();
    if (message === undefined) return undefined;
    this.#isWorking = true;
    switch (message[0]) {
      case ToWorker.prepare:
        return this.#prepare(message[1], message[2], message[3]);
      case ToWorker.bind:
        this.#bind(message);
        return this.#work();
      case ToWorker.restack:
        this.#spaces = [message[1], ...message[2]];
        return this.#work();
      case ToWorker.bundle:
        this.#bundles.add(message[1], message[2], message[3]);
        return this.#work();
      case ToWorker.deliver:
        return this.#deliver(message);
      case ToWorker.replay:
        return this.#replay(message[1], message[2]);
      case ToWorker.observe:
        return this.#observe(message[1]);
      case ToWorker.describe:
        return this.#describe();
      case ToWorker.noteSites:
        this.#liveslots.noteSites();
        return this.#work();
      default:
        throw TypeError(`unknown message ${String((message satisfies never)[0])}`);
    }
  }

  /** A bundle of which the vat has a cap is there: else this host is at fault, and not the vat. */
  #readBundle(bundleId: BundleId): BundleText {
    try {
      return this.#bundles.read(bundleId);
    } catch (error) {
      this.#crank.failHost(error);
      throw error;
    }
  }

  #prepare(bundleId: BundleId, script: Uint8Array, evaluateNow: boolean): void {
    this.#liveslots.prepare(`${textOf(script)}${scriptUrl(bundleId)}`, evaluateNow);
    // By then the bundle's own microtasks have run.
    nextTurn(() => {
      this.#post([FromWorker.prepared, bundleId, this.#liveslots.isSpoiled]);
      this.#work();
    });
  }

  /** After the crank of startVat, whatever has become of it. */
  #describe(): void {
    const snapshot = this.#options.host.reader.begin();
    const start = this.#startBase(snapshot);
    this.#rows.open(new LiveBase(snapshot, this.#needSpaces()), snapshot.height, start);
    const description = packDescription(this.#liveslots.describe());
    this.#rows.close();
    snapshot.done();
    this.#post([FromWorker.described, description]);
    nextTurn(() => this.#work());
  }

  /** A worker that has looked at its engine serves no vat. */
  #observe(whole: boolean): void {
    assert(this.#state.name === 'unbound', 'only a worker without a vat looks at its engine');
    const tell = (observations: Observations): void =>
      this.#post([FromWorker.observed, observations]);
    const made = (count: number): void => {
      if (whole) this.#post([FromWorker.progress, positionAfter(FIRST_POSITION, count)]);
    };
    this.#options.environment.observe(whole, made).then(tell, (error: unknown) =>
      nextTurn(() => {
        throw error;
      }),
    );
  }

  #bind(message: MessageOf<typeof ToWorker.bind>): void {
    const [, vatId, incarnation, space, height, rows, below, preImages, history] = message;
    const state = this.#state;
    assert(state.name === 'unbound', 'a thread serves one incarnation');
    const handed = new Map(rows.map(([key, value, born, written]: HandOverRow) =>
      [keyFromBytes(key), { value, born, written }] as const));
    const handedPreImages = new Map(
      preImages.map(([key, value]) => [keyFromBytes(key), value] as const),
    );
    const vat = vatNumberOf(vatId) ?? assert.fail('the id of a vat');
    const bound = { vat, incarnation, height, handed, handedPreImages, history };
    this.#become({ name: 'bound', bound, lines: state.lines });
    this.#spaces = [space, ...below];
    this.#liveslots.bind(vatId, incarnation);
    this.#adoptHanded(bound);
    this.#post([FromWorker.bound]);
  }

  /** The block after the last one commits the rows that were handed over. */
  #adoptHanded({ handed, height }: Bound): void {
    const retained = new Map<BinaryKey, Retained>();
    for (const [key, { value }] of handed) retained.set(key, { value, height: height + 1 });
    this.#rows.adopt(retained);
  }

  #deliver(message: MessageOf<typeof ToWorker.deliver>): void {
    const [, height, , firstPosition, deliveries] = message;
    const snapshot = this.#options.host.reader.begin();
    assert(snapshot.height >= height, 'the snapshot is older than the last block');
    const start = this.#startBase(snapshot);
    this.#rows.open(new LiveBase(snapshot, this.#needSpaces()), snapshot.height, start);
    this.#bundles.open(snapshot);
    this.#beginLife();
    this.#wave = new Wave({
      engine: this.#engine,
      deliveries,
      firstPosition,
      height: height + 1,
      chunk: this.#chunk,
      isCareful: this.#options.host.isCareful === true,
      ended: crank => this.#tellTraces(crank),
      post: frame => {
        this.#lines = 0;
        this.#postFrame(frame);
      },
      finish: () => {
        this.#sayLeftOut();
        this.#liveslots.endWave();
        this.#rows.close();
        this.#bundles.close();
        snapshot.done();
        nextTurn(() => {
          this.#wave = undefined;
          this.#work();
        });
      },
    });
    this.#turns.run(this.#wave);
  }

  #replay(endPosition: Position, waves: readonly HandOverWave[]): void {
    const bound = this.#needBound();
    const { incarnation, height, history } = bound;
    const snapshot = this.#options.host.reader.begin();
    assert(snapshot.height >= height, 'the snapshot is older than the last block');
    this.#rows.forget();
    this.#rows.open(this.#startBase(snapshot), snapshot.height);
    this.#bundles.open(snapshot);
    this.#become({ name: 'replaying', bound, toldUs: nowUs() });
    this.#turns.run(
      new Replay({
        engine: this.#engine,
        view: snapshot,
        vat: history,
        incarnation,
        endPosition,
        handed: new Map(waves),
        endWave: () => this.#liveslots.endWave(),
        progress: position => this.#postProgress(position),
        finish: divergence => {
          this.#rows.close();
          this.#bundles.close();
          this.#rows.forget();
          this.#adoptHanded(bound);
          snapshot.done();
          this.#become({ name: 'live', bound });
          this.#postReplayed(endPosition, divergence);
          nextTurn(() => this.#work());
        },
      }),
    );
  }

  /** The rows as they were when the incarnation began. */
  #startBase(view: ReadSnapshot): ReplayBase {
    const { height, history, vat, incarnation, handed, handedPreImages } = this.#needBound();
    // The history of a vat that has been forked is its own from the block that commits the fork.
    const owner = view.height > height ? vat : history;
    const spaces = this.#needSpaces();
    return new ReplayBase({ view, vat: owner, incarnation, spaces, handed, handedPreImages });
  }

  #postProgress(position: Position): void {
    const state = this.#state;
    assert(state.name === 'replaying', 'only a replay makes progress');
    const atUs = nowUs();
    const isDue = atUs - state.toldUs >= PROGRESS_US;
    if (!isDue && this.#options.host.isCareful !== true) return;
    state.toldUs = atUs;
    this.#post([FromWorker.progress, position]);
  }

  #needSpaces(): Spaces {
    return required(this.#spaces, 'a vat with spaces');
  }

  #needBound(): Bound {
    assert(this.#state.name !== 'unbound', 'the thread has no vat');
    return this.#state.bound;
  }

  #postReplayed(endPosition: Position, divergence: Divergence | undefined): void {
    if (divergence === undefined) return this.#post([FromWorker.replayed, endPosition]);
    this.#post([FromWorker.diverged, divergence.position, utf8(divergence.reason)]);
  }

  #log(level: LogLevel, text: string): void {
    const state = this.#state;
    if (state.name === 'replaying') return undefined;
    // Vat code that writes for ever must neither fill the kernel's memory nor hold it up.
    const { told, bytesLeftOut } = cutLine(utf8(text));
    const atUs = nowUs();
    const isTold =
      this.#lines < LINES_MAX &&
      this.#lineAllowance.take(atUs) &&
      this.#lineBytesAllowance.take(atUs, told.length);
    if (!isTold) {
      // At once: the crank may never end. How many there were is said later.
      if (this.#leftOut === 0 && this.#lines === LINES_MAX) {
        this.#writeLine('warn', 'more lines are left out');
      }
      this.#leftOut += 1;
      return undefined;
    }
    this.#lines += 1;
    this.#sayLeftOut();
    this.#writeLine(level, bytesLeftOut === 0 ? text : textOf(told) + cutMark(bytesLeftOut));
  }

  #sayLeftOut(): void {
    const state = this.#state;
    if (this.#leftOut === 0 || 'lines' in state) return;
    const text = leftOutText(this.#leftOut, vatIdOf(state.bound.vat));
    this.#leftOut = 0;
    this.#writeLine('warn', text);
  }

  #writeLine(level: LogLevel, text: string): void {
    const state = this.#state;
    if ('lines' in state) state.lines.push([level, text]);
    else this.#post([FromWorker.log, level, utf8(text), this.#wave?.position ?? null]);
  }

  /** A trace that is not too long; else none. */
  #postTrace(vpid: VRef | '', body: Uint8Array, text: string): void {
    if (text === '' || body.length > TRACED_BYTES_MAX) return;
    this.#post([FromWorker.trace, vpid, body, cutLine(utf8(text)).told]);
  }

  /** Where the errors were thrown that the crank tells of. */
  #tellTraces({ outcome }: FinishedCrank): void {
    const { fault, rejections } = this.#crank;
    const { environment } = this.#options;
    if (fault !== undefined && outcome !== null) {
      const ofReason = environment.traceOf(fault.reason);
      const text = ofReason === '' ? environment.traceOf(fault.fault) : ofReason;
      this.#postTrace('', outcome[1], text);
    }
    if (outcome !== null) return;
    for (const { vpid, reason, body } of rejections) {
      if (!this.#allowance.take(nowUs())) return;
      this.#postTrace(vpid, body, environment.traceOf(reason));
    }
  }

  /** The vat runs: its first wave begins, unless it was replayed before. */
  #beginLife(): void {
    const state = this.#state;
    if (state.name === 'live') return;
    assert(state.name === 'bound', 'a wave is for a vat that is bound');
    this.#become({ name: 'live', bound: state.bound });
    for (const [level, text] of state.lines) this.#writeLine(level, text);
  }

  #post(tuple: FromWorkerTuple): void {
    this.#postFrame(packFrame(tuple));
  }

  #postFrame(frame: Uint8Array): void {
    this.#options.host.post(frame, [frame.buffer as ArrayBuffer]);
  }
}
