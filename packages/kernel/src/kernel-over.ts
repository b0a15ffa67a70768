/**
 * Kernels over ways out that the caller chooses: whole kernels in one thread, over a store in
 * memory, with workers that a program plays. docs/internals/ways-out.md.
 */
import type { WaysOut } from './core/ways-out.js';
import type { PlacelessOptions } from './host/options.js';
import { Kernel } from './kernel.js';

/** Errors: as of `openKernel`. */
export const openKernelOver = (
  ways: WaysOut,
  options: PlacelessOptions = {},
): Promise<Kernel> => Kernel.open(options, () => ways);

export type { Clock } from './base/kernel-host-powers.js';
export type { WaysOut } from './core/ways-out.js';
export { hostWays } from './host/host-ways.js';
export type { NoteFile } from './state/note-file.js';
export type {
  ChannelEvents,
  OpenChannel,
  OpenWorkers,
  WorkerChannel,
  WorkerKind,
} from './vats/channel.js';
