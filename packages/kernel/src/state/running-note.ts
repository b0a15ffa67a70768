/**
 * Which vats were running when this host's process ended without warning (rules.md#h3): a record in
 * the file `heirloom-running` beside the store (note-record.ts).
 *
 * Invariants: written before anything runs, without fsync: it survives the process, and a machine
 * that loses its power is no vat's doing. In no hash: it decides only which kind of worker a vat
 * has. A suspect is cleared by the first block that is committed after it was named, unless it
 * cannot be replayed. The note is advice: one that cannot be read or written is told once, and
 * keeps nothing from going on.
 *
 * One write over the record before, with a checksum, and not a new file that is renamed: a wave has
 * a note, and costs a system call then instead of four and a change of the directory. A record that
 * was torn shows, and is worth no more than none.
 */
import { describeError, FIRST_HEIGHT, type Height } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';
import { NOTE_FILE, type NoteFile } from './note-file.js';
import {
  encodeNote,
  RESTING_BYTE,
  suspectsIn,
  type NoteRecord,
  type Running,
  type Suspicion,
} from './note-record.js';

const NOTHING: NoteRecord = {
  isRunning: false,
  height: FIRST_HEIGHT,
  wave: 0,
  running: [],
  kept: [],
};

interface NotePlace {
  /** Errors: those of the system. */
  openNote(): NoteFile;
  /** Tells the host. */
  warn(text: string): void;
}

export class RunningNote {
  readonly #place: NotePlace;
  readonly #kept: Map<VatNumber, Suspicion>;
  /** Undefined once it could not be used. */
  #file: NoteFile | undefined;
  #height = FIRST_HEIGHT;
  #wave = 0;
  #running: readonly Running[] = [];

  /** Opens the note of a store that this process has locked. */
  constructor(place: NotePlace) {
    this.#place = place;
    try {
      this.#file = place.openNote();
    } catch (error) {
      this.#giveUp(error);
    }
    this.#kept = this.#suspectsOfBefore();
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
    this.#write(true);
  }

  /** They have run, or stopped for a reason that is no vat's. */
  end(): void {
    this.#put(RESTING_BYTE);
  }

  /** A worker died in this vat, and this process lives. */
  blame(place: Running): void {
    const deaths = (this.#kept.get(place.vat)?.deaths ?? 0) + 1;
    this.#kept.set(place.vat, { ...place, deaths });
    this.#write(false);
  }

  /** A block is durable: only those that cannot be replayed stay suspect. */
  committed(isBroken: (vat: VatNumber) => boolean): void {
    const cleared = [...this.#kept.keys()].filter(vat => !isBroken(vat));
    if (cleared.length === 0) return;
    for (const vat of cleared) this.#kept.delete(vat);
    this.#write(false);
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close();
    } catch (error) {
      this.#place.warn(`${NOTE_FILE} could not be closed (${describeError(error)}).`);
    }
  }

  /** A record that is damaged names nobody, and the next one is written over it. */
  #suspectsOfBefore(): Map<VatNumber, Suspicion> {
    let bytes: Buffer;
    try {
      bytes = this.#file?.read() ?? Buffer.alloc(0);
    } catch (error) {
      this.#giveUp(error);
      return new Map();
    }
    try {
      return suspectsIn(bytes);
    } catch (error) {
      this.#place.warn(
        `${NOTE_FILE} is damaged (${describeError(error)}) and is passed over: of what ran when ` +
          `the last process ended, nobody is suspected.`,
      );
      this.#put(encodeNote(NOTHING));
      return new Map();
    }
  }

  #write(isRunning: boolean): void {
    const running = this.#running.map(entry => ({
      ...entry,
      deaths: this.#kept.get(entry.vat)?.deaths ?? 0,
    }));
    const [height, wave] = [this.#height, this.#wave];
    this.#put(encodeNote({ isRunning, height, wave, running, kept: this.suspects }));
  }

  #put(bytes: Uint8Array): void {
    try {
      this.#file?.write(bytes);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Nothing more is noted: should this process die, nobody will be suspected of what ran. */
  #giveUp(error: unknown): void {
    this.#place.warn(
      `${NOTE_FILE} cannot be used (${describeError(error)}): should this process end without ` +
        `warning, the next one suspects no vat. All else goes on.`,
    );
    this.close();
  }
}
