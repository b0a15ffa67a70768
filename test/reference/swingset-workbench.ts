/**
 * Stands in for test/support/drivers/workbench.ts when facts are checked against SwingSet's own
 * liveslots: the facts of a test file become tests under the name `swingset`, its other tests are
 * not run.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DIFFERENCES } from './differences.js';
import type { ChildProcess } from 'node:child_process';
import type { Fact } from '../support/drivers/workbench.js';

const VATS = fileURLToPath(new URL('swingset-vat.mjs', import.meta.url));

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly reason?: string;
}

export class SwingSetVats {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #child: ChildProcess | undefined;
  #lastId = 0;
  #lastVat = 0;

  async open(): Promise<void> {
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
    const child = fork(VATS, { serialization: 'advanced', stdio: [...stdio] });
    this.#child = child;
    const ready = new Promise<Answer>(resolve => this.#waiting.set(0, resolve));
    child.on('message', message => this.#waiting.get((message as Answer).id)!(message as Answer));
    await ready;
  }

  close(): void {
    this.#child?.kill();
  }

  /** SwingSet has no blocks whose hashes could be compared. */
  testRepetition(): void {}

  async start(): Promise<string> {
    this.#lastVat += 1;
    const vat = `v${this.#lastVat}`;
    await this.#ask({ vat });
    return vat;
  }

  /** What the snippet gives, or `{ rejected }`. */
  async run(vat: string, code: string): Promise<unknown> {
    const { value, reason } = await this.#ask({ vat, code });
    return reason === undefined ? value : { rejected: reason };
  }

  async #ask(question: object): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Answer>(resolve => this.#waiting.set(id, resolve));
    this.#child!.send({ id, ...question });
    return answer;
  }
}

export const useWorkbenches = (): SwingSetVats => {
  const vats = new SwingSetVats();
  beforeAll(() => vats.open());
  afterAll(() => vats.close());
  return vats;
};

export const testFacts = (
  vats: SwingSetVats,
  facts: readonly Fact[],
  prelude = '0',
): void => {
  let vat: string;
  beforeAll(async () => {
    vat = await vats.start();
  });
  for (const [title, code, expected] of facts) {
    test(`swingset: ${title}`, async () => {
      await vats.run(vat, `${prelude}; 0`);
      const given = expect(await vats.run(vat, code));
      if (title in DIFFERENCES) given.not.toEqual(expected);
      else given.toEqual(expected);
    });
  }
};
