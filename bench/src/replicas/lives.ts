/**
 * One replica from the parent's side: its process, killed now and then, and the hashes it tells.
 *
 * Invariant: a block that is told twice, before and after a kill, has the same hash.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { keepStderr } from '../child.js';
import { memberAt } from '../member.js';
import { STAGES, type Stage } from './execution.js';
import type { Events, Job, ReplicaMessage } from './messages.js';

const PROCESS = fileURLToPath(new URL('process.js', import.meta.url));

interface LifeOptions {
  /** Where the job is written. */
  readonly file: string;
  readonly job: Job;
  /** SIGKILL in the block after every multiple. */
  readonly killEvery: number | undefined;
  /** A block became durable, for the first time. */
  readonly advance: () => void;
}

export interface Life {
  /** By number of the plan; a replica that joined lacks the first ones. */
  readonly hashes: ReadonlyMap<number, string>;
  readonly seconds: number;
  /** Numbers of the blocks, and how far each was, when the process was killed. */
  readonly kills: readonly (readonly [number: number, stage: Stage])[];
  readonly auditOk: boolean;
  /** Of the last process only. */
  readonly events: Events;
}

/** Where the next kill is: at another stage each time. */
const killPoint = (killEvery: number, kills: number): readonly [number: number, stage: Stage] => [
  killEvery * (kills + 1) + 1,
  memberAt(STAGES, kills % STAGES.length),
];

class Lives {
  readonly #options: LifeOptions;
  readonly #hashes = new Map<number, string>();
  readonly #kills: (readonly [number, Stage])[] = [];
  #done: Extract<ReplicaMessage, { type: 'done' }> | undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
  }

  async live(): Promise<Life> {
    const { file, job } = this.#options;
    const began = performance.now();
    await writeFile(file, JSON.stringify(job));
    do await this.#once();
    while (this.#done === undefined);
    const seconds = (performance.now() - began) / 1000;
    const { auditOk, events } = this.#done;
    return { hashes: this.#hashes, kills: this.#kills, seconds, auditOk, events };
  }

  /** One process, to its end or its kill. Throws Error when it fails. */
  #once(): Promise<void> {
    const stdio = ['ignore', 'inherit', 'pipe', 'ipc'] as const;
    const child = fork(PROCESS, [this.#options.file], { stdio: [...stdio] });
    let isKilled = false;
    const stderr = keepStderr(child);
    let failure: unknown;
    child.on('message', (message: ReplicaMessage) => {
      try {
        isKilled ||= this.#take(child, message);
      } catch (error) {
        failure = error;
        child.kill('SIGKILL');
      }
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (failure !== undefined) reject(failure);
        else if (code === 0 || (isKilled && signal === 'SIGKILL')) resolve();
        else reject(Error(`a replica ended with ${code ?? signal}: ${stderr()}`));
      });
    });
  }

  /** Says whether it has killed the process. */
  #take(child: ChildProcess, message: ReplicaMessage): boolean {
    switch (message.type) {
      case 'block': {
        const { number, hash } = message;
        const known = this.#hashes.get(number) ?? hash;
        if (known !== hash) {
          throw Error(`block ${number} was ${known}, and is ${hash} after a kill`);
        }
        if (!this.#hashes.has(number)) this.#options.advance();
        this.#hashes.set(number, hash);
        return false;
      }
      case 'stage':
        return this.#killAt(child, message.number, message.stage);
      case 'done':
        this.#done = message;
        return false;
      default:
        throw TypeError(`no message: ${String(message satisfies never)}`);
    }
  }

  #killAt(child: ChildProcess, number: number, stage: Stage): boolean {
    const { killEvery } = this.#options;
    if (killEvery === undefined) return false;
    const [at, when] = killPoint(killEvery, this.#kills.length);
    // The process may be past the point before its message is here: then the next one will do.
    if (number < at || (number === at && stage !== when)) return false;
    this.#kills.push([number, stage]);
    return child.kill('SIGKILL');
  }
}

export const liveThrough = (options: LifeOptions): Promise<Life> => new Lives(options).live();
