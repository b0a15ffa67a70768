/**
 * Messages of 10 MB under every road, each road alone in a fresh kernel: how much anonymous memory
 * the kernel's process has at most, and what it falls back to. The memory is looked at from outside
 * (RssAnon of Linux), so that no turn of the kernel's thread is missed.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FloodOrder, FloodWord, Road } from './roads.js';

const HOST = fileURLToPath(new URL('flood-host.js', import.meta.url));
export const PEAK_MIB_MAX = 1_024;
export const AFTER_MIB_MAX = 400;
const LOOK_EVERY_MS = 10;
/** V8 gives memory back when it gets to it: it is waited for, but not for ever. */
const FALLS_WITHIN_MS = 120_000;
const KIB_PER_MIB = 1_024;

type Flooded = Extract<FloodWord, { says: 'flooded' }>;

export interface RoadReport extends Omit<Flooded, 'says'> {
  readonly road: Road;
  readonly messages: number;
  /** Before the flood. */
  readonly beforeMiB: number;
  readonly peakMiB: number;
  readonly afterMiB: number;
  /** Of all processes of vats together; 0 where they are threads. */
  readonly vatsPeakMiB: number;
  readonly vatsAfterMiB: number;
  readonly seconds: number;
}

interface FloodOptions extends Omit<FloodOrder, 'road'> {
  readonly roads: readonly Road[];
  readonly progress: (messages: number) => void;
}

/** Of a process that may be gone. */
const anonymousMiB = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) / KIB_PER_MIB;
};

/** Of the processes that a process has started. */
const childrenMiB = (pid: number): number => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
  return children.filter(Boolean).reduce((sum, child) => sum + anonymousMiB(Number(child)), 0);
};

class Look {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  nowMiB = 0;
  peakMiB = 0;
  vatsNowMiB = 0;
  vatsPeakMiB = 0;

  constructor({ pid }: ChildProcess) {
    if (pid === undefined) throw Error('the host did not start');
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      this.nowMiB = anonymousMiB(this.#pid);
      this.vatsNowMiB = childrenMiB(this.#pid);
    } catch {
      return; // one of them has ended
    }
    this.peakMiB = Math.max(this.peakMiB, this.nowMiB);
    this.vatsPeakMiB = Math.max(this.vatsPeakMiB, this.vatsNowMiB);
  }
}

/** What the host says, one word after the other. Errors: it has ended without the next. */
const wordsOf = (host: ChildProcess) => {
  const said: FloodWord[] = [];
  let wake: (() => void) | undefined;
  let end: string | undefined;
  host.on('message', word => {
    said.push(word as FloodWord);
    wake?.();
  });
  host.on('exit', (code, signal) => {
    end = `the host ended (${code ?? signal})`;
    wake?.();
  });
  return async (): Promise<FloodWord> => {
    for (;;) {
      const word = said.shift();
      if (word !== undefined) return word;
      if (end !== undefined) throw Error(end);
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  };
};

const runRoad = async (order: FloodOrder): Promise<RoadReport> => {
  const { road, messages } = order;
  const host = fork(HOST, [JSON.stringify(order)]);
  const look = new Look(host);
  const next = wordsOf(host);
  const ended = new Promise(resolve => host.on('exit', resolve));
  try {
    await next();
    const [began, beforeMiB] = [performance.now(), look.nowMiB];
    const flooded = await next();
    if (flooded.says !== 'flooded') throw Error(`the host says ${flooded.says}`);
    const seconds = Math.round((performance.now() - began) / 1_000);
    await next();
    const idleMs = performance.now();
    await wait(2 * LOOK_EVERY_MS);
    while (look.nowMiB >= AFTER_MIB_MAX && performance.now() - idleMs < FALLS_WITHIN_MS) {
      await wait(LOOK_EVERY_MS);
    }
    const { round } = Math;
    const [peakMiB, afterMiB] = [round(look.peakMiB), round(look.nowMiB)];
    const [vatsPeakMiB, vatsAfterMiB] = [round(look.vatsPeakMiB), round(look.vatsNowMiB)];
    host.send('end');
    await ended;
    const { fulfilled, answered, refused } = flooded;
    const kernel = { beforeMiB: round(beforeMiB), peakMiB, afterMiB };
    const memory = { ...kernel, vatsPeakMiB, vatsAfterMiB };
    return { road, messages, fulfilled, answered, refused, ...memory, seconds };
  } finally {
    look.stop();
    host.kill('SIGKILL');
  }
};

/** What is wrong with what came of a road, if anything is. */
export const findingsIn = (report: RoadReport): string[] => {
  const { road, messages, fulfilled, answered, peakMiB, afterMiB } = report;
  const findings: string[] = [];
  if (peakMiB >= PEAK_MIB_MAX) findings.push(`${road}: ${peakMiB} MiB`);
  if (afterMiB >= AFTER_MIB_MAX) findings.push(`${road}: ${afterMiB} MiB afterwards`);
  // What a host sends is one lane (rules.md#w8): its own flood is what its calls wait behind.
  if (answered === 0 && road !== 'hostSends') findings.push(`${road}: nobody else was answered`);
  const isRight = road === 'promisesAtOnce' ? fulfilled > 0 : fulfilled === messages;
  if (!isRight) findings.push(`${road}: ${fulfilled} of ${messages} were fulfilled`);
  return findings;
};

/** Each road alone, one after the other. */
export const runFloods = async (options: FloodOptions): Promise<RoadReport[]> => {
  const { roads, progress, directory: parent, messages, isolation } = options;
  const reports: RoadReport[] = [];
  for (const road of roads) {
    const directory = join(parent, road);
    await mkdir(directory, { recursive: true });
    reports.push(await runRoad({ directory, road, messages, isolation }));
    await rm(directory, { recursive: true });
    progress(reports.length * messages);
  }
  return reports;
};
