/**
 * The churn from the parent's side: its processes, which are killed, closed and started again, and
 * what they told.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VatBundle } from '@heirloom/kernel';
import { keepStderr } from '../child.js';
import { buildHouse } from './house.js';
import type {
  BuiltHouse, ChurnJob, ChurnMessage, ChurnOutcome, Resources, RoundFigures,
} from './messages.js';
import { killsOf, lastKillableOf, type ChurnPlan } from './plan.js';

const PROCESS = fileURLToPath(new URL('process.js', import.meta.url));
/** A kill comes at most so long after its round has begun. */
const KILL_DELAY_MS_MAX = 120;

interface TrialOptions {
  /** Empty, or not there yet. */
  readonly directory: string;
  readonly plan: ChurnPlan;
  readonly kills: number;
  readonly isolation: ChurnJob['isolation'];
  readonly drainWaves: number;
  /** Purses have been made, before the first round. */
  readonly made?: (purses: number) => void;
  /** Bundles the entry module of a vat; default: `bundleVat`. */
  readonly bundle?: (entry: string) => Promise<VatBundle>;
  /** A round is durable. */
  readonly advance: () => void;
  /** The last round is over, and counting begins. */
  readonly counting?: () => void;
}

/** A round as it was told; `atMs` since the first one began. */
export interface Sample extends RoundFigures {
  readonly atMs: number;
}

export interface TrialResult {
  readonly outcome: ChurnOutcome;
  /** In order; a round whose process was killed before it told is missing. */
  readonly samples: readonly Sample[];
  readonly kills: readonly number[];
  /** When that was, since the first round began. */
  readonly killedAtMs: readonly number[];
  /** Of the last process: when it had settled, and at the end; none if it had not. */
  readonly resources: readonly (Resources & { readonly number: number })[];
  readonly seconds: number;
}

class Trial {
  readonly #options: TrialOptions;
  readonly #pendingKills: Map<number, number>;
  readonly #samples: Sample[] = [];
  readonly #kills: number[] = [];
  readonly #killedAtMs: number[] = [];
  #resources: (Resources & { readonly number: number })[] = [];
  #began = 0;
  #isClosed = false;
  #outcome: ChurnOutcome | undefined;

  constructor(options: TrialOptions) {
    this.#options = options;
    this.#pendingKills = killsOf(options.plan, options.kills, KILL_DELAY_MS_MAX);
  }

  async run(): Promise<TrialResult> {
    const { directory, plan, isolation, made, bundle } = this.#options;
    const store = path.join(directory, 'store');
    const built = await buildHouse({ directory: store, plan, isolation }, { made, bundle });
    this.#began = performance.now();
    // After the kills the store is closed once, so that nothing is suspected in the last process.
    await this.#runTo(lastKillableOf(plan), store, built);
    await this.#runTo(plan.rounds, store, built);
    if (this.#outcome === undefined) throw Error('the last process has not told');
    return {
      outcome: this.#outcome,
      samples: this.#samples,
      kills: this.#kills,
      killedAtMs: this.#killedAtMs,
      resources: this.#resources,
      seconds: (performance.now() - this.#began) / 1000,
    };
  }

  async #runTo(lastRound: number, directory: string, built: BuiltHouse): Promise<void> {
    const { plan, isolation, drainWaves } = this.#options;
    const job: ChurnJob = { directory, plan, isolation, drainWaves, built, lastRound };
    const file = path.join(this.#options.directory, 'job.json');
    await writeFile(file, JSON.stringify(job));
    this.#isClosed = false;
    while (!this.#isClosed) await this.#once(file);
  }

  /** One process, to its end or its kill. Throws Error when it fails. */
  #once(file: string): Promise<void> {
    this.#resources = [];
    const child = fork(PROCESS, [file], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      execArgv: ['--expose-gc'],
    });
    const stderr = keepStderr(child);
    let isKilled = false;
    child.on('message', (message: ChurnMessage) => {
      isKilled ||= this.#take(child, message);
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (code === 0 || (isKilled && signal === 'SIGKILL')) resolve();
        else reject(Error(`the process ended with ${code ?? signal}: ${stderr()}`));
      });
    });
  }

  /** Says whether the process will be killed. */
  #take(child: ChildProcess, message: ChurnMessage): boolean {
    switch (message.type) {
      case 'began':
        return this.#mayKill(child, message.number);
      case 'round':
        this.#samples.push({ ...message.figures, atMs: performance.now() - this.#began });
        this.#options.advance();
        return false;
      case 'resources':
        this.#resources.push({ number: message.number, ...message.resources });
        return false;
      case 'counting':
        this.#options.counting?.();
        return false;
      case 'closed':
        this.#isClosed = true;
        return false;
      case 'done':
        this.#isClosed = true;
        this.#outcome = message.outcome;
        return false;
      default:
        throw TypeError(`no message: ${String(message satisfies never)}`);
    }
  }

  #mayKill(child: ChildProcess, number: number): boolean {
    const delayMs = this.#pendingKills.get(number);
    if (delayMs === undefined) return false;
    this.#pendingKills.delete(number);
    this.#kills.push(number);
    setTimeout(() => {
      this.#killedAtMs.push(performance.now() - this.#began);
      child.kill('SIGKILL');
    }, delayMs);
    return true;
  }
}

export const runTrial = (options: TrialOptions): Promise<TrialResult> => new Trial(options).run();
