/** Lives through pieces, many in one store where the kernel goes on, one by one where it stops. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Isolation } from '@heirloom/kernel';
import { fixture, freshDirectory, lastingDirectory } from '../support/kernels/fresh-kernels.js';
import { hostileImage } from '../support/hostile/hostile-worker.js';
import {
  ChildError,
  HostileChild,
  type Aftermath,
  type PieceReport,
} from '../support/hostile/hostile-child.js';
import { endingIn, isTame, stepsOf, type Ending, type Piece } from './piece.js';

const ROOT = new URL('../../', import.meta.url);
const OTHER: Readonly<Record<Isolation, Isolation>> = { thread: 'process', process: 'thread' };
/** A heap that is soon full. */
const HEAP_MIB = 64;

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};

const bundlesFile = once(async (): Promise<string> => {
  const file = join(await lastingDirectory(), 'bundles.json');
  const bundles = {
    till: await fixture('faulty/till.js'),
    innocent: await fixture('faulty/innocent.js'),
    workbench: await fixture('workbench.js'),
  };
  await writeFile(file, JSON.stringify(bundles));
  return file;
});

const imageFile = once(async (): Promise<string> => {
  const file = join(await lastingDirectory(), 'image.json');
  await writeFile(file, JSON.stringify(await hostileImage()));
  return file;
});

const scratch = once(lastingDirectory);

const newChild = async (): Promise<HostileChild> =>
  new HostileChild(ROOT, await bundlesFile(), await scratch());

interface Place {
  readonly directory: string;
  readonly isolation: Isolation;
  readonly image?: string;
}

const placeFor = async (isolation: Isolation, isTakenOver: boolean): Promise<Place> => {
  const directory = await freshDirectory();
  return { directory, isolation, ...(isTakenOver ? { image: await imageFile() } : {}) };
};

/** What became of a piece. */
export interface Found {
  readonly ending: Ending;
  readonly gave: string | undefined;
  /** Of the kernel's thread, ms; undefined where its process has died. */
  readonly longestMs: number | undefined;
  /** The same without what others take of the processor; undefined also where nobody says. */
  readonly longestBusyMs: number | undefined;
  /** What is wrong with all others, or with the store. */
  readonly problems: readonly string[];
  /** Of the block behind it, where the others have shown that they are there. */
  readonly hash: string | undefined;
  /** For whoever reads of a failure. */
  readonly report: unknown;
}

const endingOf = ({ id, stopped, lives, faults }: PieceReport): Ending => {
  if (stopped !== undefined) return { stops: stopped.code };
  if (lives === true) return 'answers';
  const fault = faults.find(line => line.startsWith(`${id}: `));
  return fault === undefined ? 'leaves' : { fault: fault.split(': ')[1]! };
};

/** A stopped host names the vat of the piece, or one that the piece was making. */
const namedWrongly = ({ id, stopped }: PieceReport): string[] =>
  stopped === undefined || stopped.message.includes(id) ? [] : [`it names: ${stopped.message}`];

const foundIn = (report: PieceReport): Found => {
  const { gave, problems, answers, lives, hash, longestMs, longestBusyMs } = report;
  const silent = lives === true && answers !== undefined && answers !== '42';
  return {
    ending: endingOf(report),
    gave: gave.at(-1),
    problems: [...problems, ...namedWrongly(report), ...(silent ? [`it says ${answers}`] : [])],
    hash,
    longestMs,
    longestBusyMs: longestBusyMs ?? undefined,
    report,
  };
};

const failed = (error: unknown): Found => {
  if (!(error instanceof ChildError)) throw error;
  const ending = error.how === 'died' ? 'aborts' : { stops: error.stopped?.code ?? error.how };
  const nothing = {
    ...{ gave: undefined, hash: undefined },
    ...{ longestMs: undefined, longestBusyMs: undefined },
  };
  return { ...nothing, ending, problems: [], report: error.message };
};

/** The vat of a piece: the same name in threads and in processes. */
const idOf = (index: number): string => `piece-${index + 1}`;
/** The vat of all pieces that it lives through, where there are to be few vats. */
const SHARED_ID = 'piece-shared';
const sharedIdOf = (piece: Piece, index: number): string =>
  endingIn(piece, 'process') === 'answers' ? SHARED_ID : idOf(index);

export interface Batch {
  readonly pieces: readonly Piece[];
  /** Pieces that a vat lives through have one in common. */
  readonly sharesVat: boolean;
}

type Results = Map<Piece, Found>;

/**
 * After tame pieces: closed, verified, opened where vats run elsewhere, and all is there. Where it
 * is to be cheap, either of the two: the stores of threads and of processes are the same.
 */
const replays = async (child: HostileChild, place: Place, isCheap: boolean): Promise<string[]> => {
  const { hash } = await child.ask('close', {});
  const isVerified = !isCheap || place.isolation === 'thread';
  const { directory } = place;
  const { ok, bad } = isVerified ? await child.ask('verify', { directory }) : { ok: true, bad: [] };
  const wrong = ok ? [] : [`verify: ${bad.join('; ')}`];
  if (isCheap && isVerified) return wrong;
  const again = await newChild();
  const isolation = OTHER[place.isolation];
  const opened = await again.ask('open', { ...place, isolation });
  const { problems } = await again.ask('problems', {});
  await again.ask('close', {});
  await again.end();
  return [
    ...wrong,
    ...(opened.hash === hash ? [] : [`another hash, opened again: ${opened.hash}, not ${hash}`]),
    ...problems,
  ];
};

/** Pieces after which the kernel goes on, in one store. Gives also what is wrong in the end. */
const runTame = async (
  { pieces, sharesVat }: Batch,
  isolation: Isolation,
): Promise<{ readonly results: Results; readonly problems: readonly string[] }> => {
  const results: Results = new Map();
  const isTakenOver = pieces.some(piece => piece.isTakenOver === true);
  let place = await placeFor(isolation, isTakenOver);
  let child = await newChild();
  await child.ask('open', place);
  for (const [index, piece] of pieces.entries()) {
    const id = sharesVat ? sharedIdOf(piece, index) : idOf(index);
    const asked = child.ask('piece', { piece: { id, steps: stepsOf(piece) } });
    const found = await asked.then(foundIn, failed);
    results.set(piece, found);
    if (found.ending === 'aborts' || !isTame(found.ending)) {
      // It has failed: the others are tried in another store.
      await child.end();
      place = await placeFor(isolation, isTakenOver);
      child = await newChild();
      await child.ask('open', place);
    }
  }
  const problems = await replays(child, place, sharesVat);
  await child.end();
  return { results, problems };
};

/** The vat of a piece that has a store of its own. */
const WILD_ID = idOf(0);

/** What such stores are copies of: opening one costs less than making it. */
const makeStage = async (isTakenOver: boolean): Promise<string> => {
  const place = { ...(await placeFor('thread', isTakenOver)), directory: await lastingDirectory() };
  const child = await newChild();
  await child.ask('open', place);
  await child.ask('enter', { id: WILD_ID });
  await child.ask('close', {});
  await child.end();
  return place.directory;
};
const stage = once(() => makeStage(false));
const takenOverStage = once(() => makeStage(true));

const optionsFor = ({ isTakenOver }: Piece): object =>
  isTakenOver === true ? {} : { heapMiBMax: HEAP_MIB };

/** A process for one store after the other, while it lives. */
class Reused {
  #child: Promise<HostileChild> | undefined;

  async get(): Promise<HostileChild> {
    const child = await this.#child;
    if (child === undefined || child.isGone) this.#child = newChild();
    return this.#child!;
  }

  async end(): Promise<void> {
    await (await this.#child)?.end();
    this.#child = undefined;
  }
}

/** Lives through pieces that have a store each. */
class WildLane {
  readonly #isolation: Isolation;
  readonly #living = new Reused();
  readonly #reopening = new Reused();

  constructor(isolation: Isolation) {
    this.#isolation = isolation;
  }

  /** A piece after which the host stops, or its process dies. */
  async run(piece: Piece): Promise<Found> {
    const isTakenOver = piece.isTakenOver === true;
    const place = await placeFor(this.#isolation, isTakenOver);
    const made = await (isTakenOver ? takenOverStage() : stage());
    await cp(made, place.directory, { recursive: true });
    const child = await this.#living.get();
    await child.ask('open', { ...place, options: optionsFor(piece) });
    const asked = child.ask('piece', { piece: { id: WILD_ID, steps: stepsOf(piece) } });
    const found = await asked.then(foundIn, failed);
    const problems = [...found.problems, ...(await this.#close(found))];
    if (isTame(found.ending)) return { ...found, problems };
    return this.#aftermath(place, { ...found, problems });
  }

  async end(): Promise<void> {
    await Promise.all([this.#living.end(), this.#reopening.end()]);
  }

  /** Closing is bounded, whatever runs; a thread that may have been left behind goes, too. */
  async #close({ ending }: Found): Promise<string[]> {
    const child = await this.#living.get();
    if (ending === 'aborts') return [];
    const wrong = await child.ask('close', {}).then(
      () => [],
      (error: unknown) => [`it does not close: ${String(error)}`],
    );
    const isLate =
      typeof ending === 'object' && 'stops' in ending && ending.stops !== 'WORKER_DIED';
    if (wrong.length > 0 || (this.#isolation === 'thread' && isLate)) await this.#living.end();
    return wrong;
  }

  /**
   * The store after the host has stopped: opened in processes, the vat ended first. A process that
   * died has not said which block was its last.
   */
  async #aftermath(place: Place, found: Found): Promise<Found> {
    const { committed } = (found.report ?? {}) as Partial<PieceReport>;
    const child = await this.#reopening.get();
    const request = { ...place, isolation: 'process' as const, id: WILD_ID };
    const { reopened, problems, hash }: Aftermath = await child.ask('aftermath', request);
    await child.ask('close', {});
    const wrong = [
      ...(committed === undefined || committed === reopened ? [] : ['another block than before']),
      ...problems,
    ];
    return { ...found, problems: [...found.problems, ...wrong], hash };
  }
}

export const runPieces = async (
  { pieces, sharesVat }: Batch,
  isolation: Isolation,
): Promise<{ readonly results: Results; readonly problems: readonly string[] }> => {
  const isWild = (piece: Piece): boolean => !isTame(endingIn(piece, isolation));
  const tame = pieces.filter(piece => !isWild(piece));
  const nothing = { results: new Map<Piece, Found>(), problems: [] };
  const batch = { pieces: tame, sharesVat };
  const { results, problems } = tame.length === 0 ? nothing : await runTame(batch, isolation);
  const lane = new WildLane(isolation);
  try {
    for (const piece of pieces.filter(isWild)) results.set(piece, await lane.run(piece));
  } finally {
    await lane.end();
  }
  return { results, problems };
};
