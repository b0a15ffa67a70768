/**
 * A session: the same cases on two kernels that differ in what may not matter. Whatever a case
 * does, no host stops, what it gives and every block hash are the same, the others are as they
 * were, and in the end both stores verify.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Isolation, KernelOptions } from '@heirloom/kernel';
import {
  ChildError,
  HostileChild,
  type PieceReport,
} from '../support/hostile/hostile-child.js';
import type { FuzzCase } from './case.js';

/** Files that every session takes. */
export interface Bench {
  /** Of the repository. */
  readonly root: URL;
  readonly bundles: string;
  /** The image of workers that can be taken over. */
  readonly image: string;
}

export interface SessionPlan {
  readonly cases: readonly FuzzCase[];
  /** The second kernel. */
  readonly variant: Variant;
  /** Workers do what vat code tells them: for frames. */
  readonly isTakenOver: boolean;
}

/** What may not matter. */
export interface Variant {
  readonly isolation: Isolation;
  readonly collectsEveryCrank: boolean;
  readonly maxVatsOnline: number;
  /** It is restarted behind each of so many cases; 0: never. */
  readonly restartEvery: number;
}

const PLAIN: Variant = {
  isolation: 'thread',
  collectsEveryCrank: false,
  maxVatsOnline: 50,
  restartEvery: 0,
};

const idOf = (index: number): string => `case-${index + 1}`;

/** What a replica has to show after a case; the same of both. */
interface Shown {
  readonly gave: readonly string[];
  readonly ending: string;
  readonly hash: string | undefined;
}

class Wrong extends Error {
  override readonly name = 'Wrong';
}

class FuzzReplica {
  readonly #bench: Bench;
  readonly #variant: Variant;
  readonly #directory: string;
  readonly #isTakenOver: boolean;
  #child: HostileChild;

  constructor(bench: Bench, variant: Variant, directory: string, isTakenOver: boolean) {
    this.#bench = bench;
    this.#variant = variant;
    this.#directory = directory;
    this.#isTakenOver = isTakenOver;
    this.#child = new HostileChild(bench.root, bench.bundles);
  }

  get #request() {
    const { isolation, collectsEveryCrank, maxVatsOnline } = this.#variant;
    const options: Partial<KernelOptions> = { collectsEveryCrank, maxVatsOnline };
    const image = this.#isTakenOver ? { image: this.#bench.image } : {};
    return { directory: this.#directory, isolation, options, ...image };
  }

  async open(): Promise<void> {
    await this.#child.ask('open', this.#request);
  }

  async live(one: FuzzCase, index: number): Promise<Shown> {
    const id = idOf(index);
    const report = await this.#child.ask('piece', { piece: { id, steps: one.steps } });
    if (report.stopped !== undefined) return this.#afterStop(report);
    if (report.problems.length > 0) throw new Wrong(report.problems.join('; '));
    const { restartEvery } = this.#variant;
    if (restartEvery > 0 && (index + 1) % restartEvery === 0) {
      const { hash } = await this.#child.ask('restart', {});
      if (hash !== report.hash) throw new Wrong('another hash after a restart');
    }
    const ending = report.faults.join('; ') || (report.lives === true ? 'lives' : 'left');
    return { gave: report.gave, ending, hash: report.hash };
  }

  /** Right for what is no frame, and for nothing else. */
  async #afterStop({ id, stopped, committed }: PieceReport): Promise<Shown> {
    const { code, message } = stopped!;
    if (!this.#isTakenOver || code !== 'WORKER_PROTOCOL' || !message.includes(id)) {
      throw new Wrong(`the host stops: ${message}`);
    }
    await this.#child.end();
    this.#child = new HostileChild(this.#bench.root, this.#bench.bundles);
    const after = await this.#child.ask('aftermath', { ...this.#request, id });
    if (after.reopened !== committed) {
      throw new Wrong('the store has another block than the last before the host stopped');
    }
    if (after.problems.length > 0) throw new Wrong(after.problems.join('; '));
    return { gave: [], ending: code, hash: after.hash };
  }

  async end(): Promise<void> {
    const { hash } = await this.#child.ask('close', {});
    const { ok, bad } = await this.#child.ask('verify', { directory: this.#directory });
    if (!ok) throw new Wrong(`the store of ${hash} does not verify: ${bad.join('; ')}`);
  }

  async kill(): Promise<void> {
    await this.#child.end();
  }
}

const compare = (one: Shown, other: Shown): void => {
  const [a, b] = [one, other].map(it => JSON.stringify(it));
  if (a !== b) throw new Wrong(`the kernels differ: ${a} and ${b}`);
};

const live = async (plan: SessionPlan, replicas: readonly FuzzReplica[]): Promise<void> => {
  await Promise.all(replicas.map(replica => replica.open()));
  for (const [index, one] of plan.cases.entries()) {
    try {
      const shown = await Promise.all(replicas.map(replica => replica.live(one, index)));
      compare(shown[0]!, shown[1]!);
    } catch (error) {
      throw located(error, `${one.kind}, ${one.what}`);
    }
  }
  await Promise.all(replicas.map(replica => replica.end()));
};

/** What a case has done wrong; anything else is thrown on. */
const located = (error: unknown, where: string): unknown =>
  error instanceof Wrong || error instanceof ChildError
    ? new Wrong(`${where}: ${error.message}`)
    : error;

/** What is wrong, or undefined. */
export const liveSession = async (
  bench: Bench,
  plan: SessionPlan,
): Promise<string | undefined> => {
  const directory = await mkdtemp(join(tmpdir(), 'heirloom-fuzz-'));
  const replicas = [PLAIN, plan.variant].map(
    (variant, i) => new FuzzReplica(bench, variant, join(directory, `${i}`), plan.isTakenOver),
  );
  try {
    await live(plan, replicas);
    return undefined;
  } catch (error) {
    if (error instanceof Wrong || error instanceof ChildError) return error.message;
    throw error;
  } finally {
    await Promise.all(replicas.map(replica => replica.kill()));
    await rm(directory, { recursive: true, force: true });
  }
};
