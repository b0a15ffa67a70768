/** Programs of `test-fixtures` that tests of the store run: in child processes, or as threads. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

export function fixture(name: string): string {
  return path.join(import.meta.dirname, '../../test-fixtures', name);
}

export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: AsyncIterator<string>;
  readonly exited: Promise<unknown>;
}

/** Runs a fixture. Its standard error goes nowhere: lmdb reports failed commits there. */
export function startChild(command: string, args: readonly string[]): Child {
  const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  onTestFinished(() => {
    process.kill('SIGKILL');
  });
  return { process, lines, exited: once(process, 'close') };
}

export async function nextLine(child: Child): Promise<string> {
  const { value, done } = await child.lines.next();
  return done === true ? '(end)' : value;
}

/** A reader thread, asked one thing at a time. */
export class ReaderThread {
  readonly #worker: Worker;

  constructor(directory: string) {
    this.#worker = new Worker(fixture('reader-thread.mjs'), { workerData: { directory } });
  }

  async ask(...message: readonly unknown[]): Promise<unknown> {
    const answered = once(this.#worker, 'message');
    this.#worker.postMessage(message);
    const [{ answer, error }] = (await answered) as [{ answer?: unknown; error?: string }];
    if (error !== undefined) throw new Error(error);
    return answer;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
