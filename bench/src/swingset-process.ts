/**
 * SwingSet in a process of its own (bench/peers/swingset), driven one step at a time.
 *
 * Steps go to its stdin and answers come from its stdout, one JSON line each; one step at a time,
 * so the next line is the answer. The peer times each step itself: pipes are not measured.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expectResult, type PurseKernel } from './purse-kernel.js';

const PEER_DIRECTORY = fileURLToPath(new URL('../peers/swingset', import.meta.url));
const READY = 'ready';

interface Answer {
  readonly method: string;
  readonly ms?: number;
  readonly result?: unknown;
}

type PeerProcess = ChildProcessByStdio<Writable, Readable, null>;

export class SwingSetProcess implements PurseKernel {
  readonly #process: PeerProcess;
  readonly #answers: AsyncIterator<string>;
  #purseCount = 0;

  private constructor(peer: PeerProcess) {
    this.#process = peer;
    this.#answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  }

  /** Boots the peer. Throws an Error that names the install command if it is not there. */
  static async open(): Promise<SwingSetProcess> {
    if (!existsSync(`${PEER_DIRECTORY}/node_modules/@agoric/swingset-vat`)) {
      throw new Error('SwingSet is not installed: npm run bench:peers:install (takes minutes)');
    }
    const peer = spawn(process.execPath, ['bench.mjs', '--serve'], {
      cwd: PEER_DIRECTORY,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const opened = new SwingSetProcess(peer);
    await opened.#answer(READY);
    return opened;
  }

  async make(count: number): Promise<number> {
    this.#purseCount += count;
    return this.#step('make', count, this.#purseCount);
  }

  deposit(count: number): Promise<number> {
    return this.#step('deposit', count, count);
  }

  upgrade(version: number): Promise<number> {
    return this.#step('upgrade', version, version);
  }

  async close(): Promise<void> {
    const exited = new Promise<number | null>(resolve => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    const code = await exited;
    if (code !== 0) throw new Error(`SwingSet ended with exit code ${code}`);
  }

  async #step(method: string, argument: number, expected: number): Promise<number> {
    this.#process.stdin.write(`${JSON.stringify({ method, args: [argument] })}\n`);
    const { ms, result } = await this.#answer(method);
    if (ms === undefined) throw new Error(`SwingSet did not time "${method}"`);
    expectResult(method, result, expected);
    return ms;
  }

  async #answer(method: string): Promise<Answer> {
    const line = await this.#answers.next();
    if (line.done === true) throw new Error(`SwingSet ended before it answered "${method}"`);
    const answer: Answer = JSON.parse(line.value);
    if (answer.method !== method) {
      throw new Error(`SwingSet answered "${answer.method}", not "${method}"`);
    }
    return answer;
  }
}
