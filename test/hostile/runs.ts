/** Lives through pieces, many in one store where the kernel goes on, one by one where it stops. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Isolation } from '@heirloom/kernel';
import { fixture, freshDirectory } from '../support/kernels/fresh-kernels.js';
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
  const file = join(await freshDirectory(), 'bundles.json');
  const bundles = {
    till: await fixture('hostile/till.js'),
    innocent: await fixture('hostile/innocent.js'),
    workbench: await fixture('workbench.js'),
  };
  await writeFile(file, JSON.stringify(bundles));
  return file;
});

const imageFile = once(async (): Promise<string> => {
  const file = join(await freshDirectory(), 'image.json');
  await writeFile(file, JSON.stringify(await hostileImage()));
  return file;
});

const newChild = async (): Promise<HostileChild> => new HostileChild(ROOT, await bundlesFile());

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
  const { gave, problems, answers, lives, hash } = report;
  const silent = lives === true && answers !== undefined && answers !== '42';
  return {
    ending: endingOf(report),
    gave: gave.at(-1),
    problems: [...problems, ...namedWrongly(report), ...(silent ? [`it says ${answers}`] : [])],
    hash,
    report,
  };
};

const failed = (error: unknown): Found => {
  if (!(error instanceof ChildError)) throw error;
  const ending = error.how === 'died' ? 'aborts' : { stops: error.stopped?.code ?? error.how };
  return { ending, gave: undefined, problems: [], hash: undefined, report: error.message };
};

/** The vat of a piece: the same name in threads and in processes. */
const idOf = (index: number): string => `piece-${index + 1}`;

type Results = Map<Piece, Found>;

/** After tame pieces: closed, verified, opened where vats run elsewhere, and all is there. */
const expectReplays = async (child: HostileChild, place: Place): Promise<string[]> => {
  const { hash } = await child.ask('close', {});
  const { ok, bad } = await child.ask('verify', { directory: place.directory });
  const again = await newChild();
  const isolation = OTHER[place.isolation];
  const opened = await again.ask('open', { ...place, isolation });
  const { problems } = await again.ask('problems', {});
  await again.ask('close', {});
  await again.end();
  return [
    ...(ok ? [] : [`verify: ${bad.join('; ')}`]),
    ...(opened.hash === hash ? [] : [`another hash, opened again: ${opened.hash}, not ${hash}`]),
    ...problems,
  ];
};

/** Pieces after which the kernel goes on, in one store. Gives also what is wrong in the end. */
const runTame = async (
  pieces: readonly Piece[],
  isolation: Isolation,
): Promise<{ readonly results: Results; readonly problems: readonly string[] }> => {
  const results: Results = new Map();
  const isTakenOver = pieces.some(piece => piece.isTakenOver === true);
  let place = await placeFor(isolation, isTakenOver);
  let child = await newChild();
  await child.ask('open', place);
  for (const [index, piece] of pieces.entries()) {
    const asked = child.ask('piece', { piece: { id: idOf(index), steps: stepsOf(piece) } });
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
  const problems = await expectReplays(child, place);
  await child.end();
  return { results, problems };
};

const optionsFor = ({ isTakenOver }: Piece): object =>
  isTakenOver === true ? {} : { heapMiBMax: HEAP_MIB };

/** The store after the host has stopped: opened in processes, the vat ended first. */
const aftermath = async (place: Place, id: string, before: string): Promise<Found['problems']> => {
  const child = await newChild();
  try {
    const request = { ...place, isolation: 'process' as const, id };
    const { reopened, problems }: Aftermath = await child.ask('aftermath', request);
    await child.ask('close', {});
    const { ok, bad } = await child.ask('verify', { directory: place.directory });
    return [
      ...(before === reopened ? [] : ['the store has another block than before']),
      ...problems,
      ...(ok ? [] : [`verify: ${bad.join('; ')}`]),
    ];
  } finally {
    await child.end();
  }
};

/** Closing is bounded, whatever runs; then the process is ended as by a host that goes. */
const afterStop = async (
  child: HostileChild,
  place: Place,
  id: string,
  hash: string,
): Promise<readonly string[]> => {
  const closed = child.isGone
    ? []
    : await child.ask('close', {}).then(
        () => [],
        (error: unknown) => [`it does not close: ${String(error)}`],
      );
  await child.end();
  return [...closed, ...(await aftermath(place, id, hash))];
};

/** A piece after which the host stops, or its process dies. */
const runWild = async (piece: Piece, isolation: Isolation): Promise<Found> => {
  const place = await placeFor(isolation, piece.isTakenOver === true);
  const child = await newChild();
  const id = idOf(0);
  try {
    await child.ask('open', { ...place, options: optionsFor(piece) });
    await child.ask('enter', { id });
    const { hash } = await child.ask('problems', {});
    const asked = child.ask('piece', { piece: { id, steps: stepsOf(piece) } });
    const found = await asked.then(foundIn, failed);
    const { report } = found;
    const stopped = isTame(found.ending) ? [] : await afterStop(child, place, id, hash);
    return { ...found, problems: [...found.problems, ...stopped], report };
  } finally {
    await child.end();
  }
};

export const runPieces = async (
  pieces: readonly Piece[],
  isolation: Isolation,
): Promise<{ readonly results: Results; readonly problems: readonly string[] }> => {
  const isWild = (piece: Piece): boolean => !isTame(endingIn(piece, isolation));
  const tame = pieces.filter(piece => !isWild(piece));
  const { results, problems } =
    tame.length === 0 ? { results: new Map(), problems: [] } : await runTame(tame, isolation);
  for (const piece of pieces.filter(isWild)) results.set(piece, await runWild(piece, isolation));
  return { results, problems };
};
