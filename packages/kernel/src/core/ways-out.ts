/**
 * All ways of an open kernel to the outside. `openKernel` fills them in with what the host has
 * (host/host-ways.ts); with others a whole kernel runs in one thread, over a store in memory.
 * docs/internals/ways-out.md lists them.
 *
 * Invariant: nothing that comes in by them decides an outcome, but the rows of the store, the image
 * that a fresh store begins with, and the cranks of workers.
 */
import type { StorePlace } from '@heirloom/store';
import type { Clock, PauseMeter } from '../base/kernel-host-powers.js';
import type { Bundling } from '../code/bundling.js';
import type { MakeCodeCache } from '../code/code-caches.js';
import type { Engine } from '../code/host-engine.js';
import type { ImageSource } from '../code/images.js';
import type { NoteFile } from '../state/note-file.js';
import type { OpenWorkers } from '../vats/channel.js';

export interface WaysOut {
  /** Where the store is: its lock, its tables, their room. */
  readonly place: StorePlace;
  /** Opens the note of what runs, once the store is open. */
  openNote(): NoteFile;
  /** Starts the workers of vats. */
  readonly openWorkers: OpenWorkers;
  readonly clock: Clock;
  /** Watches how long this thread is busy at a stretch, for metrics. */
  watchPauses(): PauseMeter;
  /** What runs vat code in this process: its name, and what it shows (rules.md#h4). */
  readonly engine: Engine;
  /** The image of the installed release: fresh stores begin with it. */
  installedImage(): ImageSource;
  readonly makeCodeCache: MakeCodeCache;
  /** Bundles and configurations that are given as archives or paths. */
  readonly bundling: Bundling;
  /** What this process takes, for statistics. */
  memoryUse(): { readonly rssMiB: number; readonly mappedMiB: number };
  /**
   * A URL that a debugger of this process finds sources from; undefined if none can attach.
   * `known`: where they were when their bundle was made.
   */
  debugRoot(known: string | undefined): string | undefined;
  /** Tells the host something that no call can answer with. */
  warn(text: string): void;
  /** Where console lines of vats go if the host takes none. */
  writeError(text: string): void;
}
