/** What the store's tests share: a directory that goes away, seeds, child processes, threads. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

export const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString('latin1');

export function temporaryDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'heirloom-test-'));
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

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

/** Small numbers from a seed (mulberry32), so that a failure can be run again. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
