/**
 * Which vats were running when this host's process ended without warning (rules.md#h3).
 *
 * A file beside the store, `heirloom-running`: one byte, 1 while a wave or a replay runs, then the
 * length (u32) and the frame `[height, wave, running, kept]`; both lists hold
 * `[vat, incarnation, position, deaths]`. `running` counts only behind a 1; `kept` are suspects
 * that have not been cleared.
 *
 * Invariants: written before anything runs, without fsync: it survives the process, and a machine
 * that loses its power is no vat's doing. In no hash: it decides only which kind of worker a vat
 * has. A suspect is cleared by the first block that is committed after it was named, unless it
 * cannot be replayed.
 */
import { describeError, FIRST_HEIGHT, HostError, type Height } from '@heirloom/store';
import type { Incarnation, Position, VatNumber } from '@heirloom/worker';
import { same } from './frame-codec.js';
import { NOTE_FILE, type NoteFile } from './note-file.js';

const HEAD_BYTES = 5;
const IDLE = Buffer.from([0]);

/** A delivery that was about to run: the vat's first of the wave, or where its replay began. */
export interface Running {
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  readonly position: Position;
}

export interface Suspicion extends Running {
  /** Ends of a worker, or of the whole process, that it was part of. */
  readonly deaths: number;
}

type SuspicionTuple = readonly [
  vat: VatNumber,
  incarnation: Incarnation,
  position: Position,
  deaths: number,
];
type NoteTuple = readonly [
  height: Height,
  wave: number,
  running: readonly SuspicionTuple[],
  kept: readonly SuspicionTuple[],
];

const tupleOf = ({ vat, incarnation, position, deaths }: Suspicion): SuspicionTuple => [
  vat,
  incarnation,
  position,
  deaths,
];
const suspicionOf = ([vat, incarnation, position, deaths]: SuspicionTuple): Suspicion => ({
  vat,
  incarnation,
  position,
  deaths,
});

const codec = same<NoteTuple>('the note of what runs', 4);

/** What an earlier process left; a file that it did not finish says nothing. */
const readNote = (bytes: Buffer): Suspicion[] => {
  if (bytes.length < HEAD_BYTES) return [];
  const end = HEAD_BYTES + bytes.readUInt32BE(1);
  if (bytes.length < end) return [];
  const [, , running, kept] = codec.decode(bytes.subarray(HEAD_BYTES, end));
  const suspects = new Map(kept.map(tuple => [tuple[0], suspicionOf(tuple)]));
  if (bytes[0] === 1) {
    for (const tuple of running) {
      const found = suspicionOf(tuple);
      suspects.set(found.vat, { ...found, deaths: found.deaths + 1 });
    }
  }
  return [...suspects.values()].sort((a, b) => a.vat - b.vat);
};

export class RunningNote {
  readonly #file: NoteFile;
  readonly #kept: Map<VatNumber, Suspicion>;
  #height = FIRST_HEIGHT;
  #wave = 0;
  #running: readonly Running[] = [];

  /** Opens the note of a store that this process has locked. */
  constructor(open: () => NoteFile) {
    try {
      this.#file = open();
      const suspects = readNote(this.#file.read());
      this.#kept = new Map(suspects.map(suspicion => [suspicion.vat, suspicion]));
    } catch (error) {
      throw noteError(error);
    }
  }

  /** In order of their vats. */
  get suspects(): Suspicion[] {
    return [...this.#kept.values()].sort((a, b) => a.vat - b.vat);
  }

  /** These are about to run. */
  begin(height: Height, wave: number, running: readonly Running[]): void {
    this.#height = height;
    this.#wave = wave;
    this.#running = running;
    this.#write(1);
  }

  /** They have run, or stopped for a reason that is no vat's. */
  end(): void {
    this.#writeAt(IDLE);
  }

  /** A worker died in this vat, and this process lives. */
  blame(place: Running): void {
    const deaths = (this.#kept.get(place.vat)?.deaths ?? 0) + 1;
    this.#kept.set(place.vat, { ...place, deaths });
    this.#write(0);
  }

  /** A block is durable: only those that cannot be replayed stay suspect. */
  committed(isBroken: (vat: VatNumber) => boolean): void {
    const cleared = [...this.#kept.keys()].filter(vat => !isBroken(vat));
    if (cleared.length === 0) return;
    for (const vat of cleared) this.#kept.delete(vat);
    this.#write(0);
  }

  close(): void {
    this.#file.close();
  }

  #write(state: 0 | 1): void {
    const running = this.#running.map(entry =>
      tupleOf({ ...entry, deaths: this.#kept.get(entry.vat)?.deaths ?? 0 }),
    );
    const kept = this.suspects.map(tupleOf);
    const note: NoteTuple = [this.#height, this.#wave, running, kept];
    const frame = codec.encode(note);
    const bytes = Buffer.allocUnsafe(HEAD_BYTES + frame.length);
    bytes[0] = state;
    bytes.writeUInt32BE(frame.length, 1);
    bytes.set(frame, HEAD_BYTES);
    this.#writeAt(bytes);
  }

  #writeAt(bytes: Uint8Array): void {
    try {
      this.#file.write(bytes);
    } catch (error) {
      throw noteError(error);
    }
  }
}

const noteError = (error: unknown): HostError =>
  new HostError('STORE_IO', `${NOTE_FILE} cannot be used: ${describeError(error)}`, {
    cause: error,
  });
