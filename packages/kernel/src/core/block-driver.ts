/**
 * When waves run and blocks end: as the host says, or by itself.
 *
 * Invariants: `run`, `commit` and dry runs exclude each other; an input is taken when none of them
 * is in progress, in order of call (rules.md#w6). One is in progress from its call until it is
 * over, so that no place depends on how long anything takes. Whoever waits for a result is told
 * when its block is durable, or why there will be none.
 */
import { Turn } from '../base/giving-way.js';
import { KernelError } from '../base/kernel-errors.js';
import { BLOCK_BYTES_MAX, endsOwnBlock } from './block-ends.js';
import { INPUT_BYTES_MAX, Inputs, type Input, type TakenInput } from './inbox.js';
import type { KernelCore } from './kernel-core.js';
import { addWave, isReached, NO_RUN, type RunLimits, type RunStats } from './run-policy.js';

interface BlockDriverOptions {
  /** The kernel runs and commits by itself. */
  readonly isAuto: boolean;
  /** A block has become durable. */
  readonly committed: () => void;
}

export class BlockDriver {
  readonly #core: KernelCore;
  readonly #inputs: Inputs;
  readonly #committed: () => void;
  readonly isAuto: boolean;
  #busy: Promise<unknown> | undefined;
  /** Runs, commits and dry runs that were called and are not over. */
  #called = 0;
  /** Why there will be no other block. */
  #ended: Error | undefined;
  /** What is in progress ends with its wave. */
  #isHurried = false;
  #pumping: Promise<void> | undefined;

  constructor(core: KernelCore, { isAuto, committed }: BlockDriverOptions) {
    this.#core = core;
    // Of a host that owns its blocks, replicas take the same inputs: none is refused for its data.
    this.#inputs = new Inputs(core, { bytesMax: isAuto ? INPUT_BYTES_MAX : Infinity });
    this.isAuto = isAuto;
    this.#committed = committed;
  }

  /** A run, a commit or a dry run is in progress: what depends on the state is checked later. */
  get isBusy(): boolean {
    return this.#called > 0;
  }

  /** Would an input be taken at once? */
  get isIdle(): boolean {
    return !this.isBusy && this.#inputs.waiting === 0;
  }

  /** Errors: KernelError, of the input's check, unless it has to wait. */
  add<T>(input: Input<T>): TakenInput<T> {
    this.#assertOpen();
    return this.#inputs.add(input, this.isBusy);
  }

  /** Adds an input and, where the kernel owns its blocks, has it seen through. */
  enqueue<T>(input: Input<T>): TakenInput<T> {
    const taken = this.add(input);
    if (this.isAuto) void this.pump();
    return taken;
  }

  input<T>(input: Input<T>): Promise<T> {
    return this.enqueue(input).result;
  }

  /** What comes of an input; where the kernel owns its blocks, it sees to that. */
  async resultOf(input: number): Promise<unknown> {
    this.#assertOpen();
    const result = this.#inputs.resultOf(input);
    if (this.isAuto && this.#core.results.awaits(input)) void this.pump();
    return result;
  }

  /** Between runs, what has waited is taken. False: a run is in progress. */
  takeWaiting(): boolean {
    this.#assertOpen();
    if (!this.isBusy) this.#inputs.takeAll();
    return !this.isBusy;
  }

  /** Errors: KernelError BAD_OPTION unless a `first` input may be made now. */
  checkFirst(): void {
    this.#core.assertAlive();
    if (this.isIdle && this.#core.isBlockFresh) return;
    const rule = 'it must be one of the first inputs of a block, before run and other inputs';
    throw new KernelError('BAD_OPTION', `first: ${rule}`);
  }

  run(limits: RunLimits): Promise<RunStats> {
    const last = this.#inputs.lastCalled;
    return this.#exclusive(async () => {
      this.#core.engine.assertFits();
      await this.#inputs.takeInTurns(last);
      return this.#runWaves(limits, () => this.#core.busy);
    });
  }

  /** Work between runs of which nothing stays; what it needs may be prepared amid one. */
  async aside<P, T>(prepare: () => P | Promise<P>, work: (prepared: P) => Promise<T>): Promise<T> {
    this.#called += 1;
    try {
      const prepared = await prepare();
      return await this.#exclusive(() => work(prepared));
    } finally {
      this.#called -= 1;
    }
  }

  commit(): Promise<string> {
    return this.#exclusive(async () => {
      this.#core.engine.assertFits();
      return this.#commit();
    });
  }

  async idle(): Promise<void> {
    if (!this.isAuto) {
      throw new KernelError('BAD_OPTION', 'idle: the host owns the blocks: use run');
    }
    this.#assertOpen();
    this.#core.engine.assertFits();
    await this.pump();
    this.#assertOpen();
  }

  /** Blocks until nothing is queued, no input waits or is uncommitted, and no garbage is left. */
  pump(): Promise<void> {
    // Nothing runs before the engine is adopted.
    if (!this.#core.engine.fits) return Promise.resolve();
    this.#pumping ??= this.#runBlocks();
    return this.#pumping;
  }

  /** What is in progress ends with the wave that runs, and a block of the kernel's own with it. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Waits for what is in progress; inputs that wait come to nothing. */
  async end(reason: Error): Promise<void> {
    this.#ended ??= reason;
    for (let busy = this.#busy; busy !== undefined; busy = this.#busy) {
      await busy.catch(() => undefined);
    }
    this.#inputs.fail(reason);
  }

  async #runBlocks(): Promise<void> {
    // What the host calls in one turn is taken together; `#pumping` is set by then.
    await undefined;
    try {
      while (this.#core.busy || this.#inputs.waiting > 0 || this.#core.isBlockBegun) {
        await this.#exclusive(() => this.#runBlock());
      }
    } catch (error) {
      const reason = error instanceof Error ? error : Error(String(error));
      this.#inputs.fail(reason);
      this.#core.results.fail(reason);
    } finally {
      // In the very turn in which nothing was left: an input after this begins anew.
      this.#pumping = undefined;
    }
  }

  /** What is queued comes first; garbage has the blocks in which nothing else is to be done. */
  async #runBlock(): Promise<void> {
    await this.#inputs.takeInTurns(this.#inputs.lastCalled);
    const core = this.#core;
    const { clock } = core.ways;
    const beganMs = clock.nowMs();
    const collectsOnly = !core.hasQueue && !core.hasUncommittedInputs;
    const hasWork = collectsOnly ? () => core.busy : () => core.hasQueue;
    const until = ({ waves, deliveries }: RunStats): boolean =>
      endsOwnBlock({
        ...{ collectsOnly, waves, deliveries },
        bytes: core.dirtyBytes,
        milliseconds: clock.nowMs() - beganMs,
        hostWaits: this.#inputs.waiting > 0 || core.hasToTell,
      });
    await this.#runWaves({ until }, hasWork);
    await this.#commit();
  }

  async #commit(): Promise<string> {
    const hash = await this.#core.commit();
    this.#inputs.committed();
    this.#committed();
    return hash;
  }

  async #runWaves(limits: RunLimits, hasWork: () => boolean): Promise<RunStats> {
    let done = NO_RUN;
    await this.#core.doDeferred();
    // A wave without a crank waits for nobody.
    const turn = new Turn(this.#core.ways.clock);
    while (hasWork() && !isReached(limits, done)) {
      done = addWave(done, await this.#core.runWave());
      await turn.end();
      if (this.#isHurried || this.#core.dirtyBytes >= BLOCK_BYTES_MAX) break;
    }
    return done;
  }

  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.#called += 1;
    try {
      while (this.#busy !== undefined) await this.#busy.catch(() => undefined);
      this.#assertOpen();
      const busy = work();
      this.#busy = busy;
      try {
        return await busy;
      } finally {
        this.#busy = undefined;
      }
    } finally {
      this.#called -= 1;
    }
  }

  #assertOpen(): void {
    this.#core.assertAlive();
    if (this.#ended !== undefined) throw this.#ended;
  }
}
