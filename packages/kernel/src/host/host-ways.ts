/** The ways out of a kernel over a directory, in this process: what `openKernel` fills in. */
import path from 'node:path';
import { directoryPlace } from '@heirloom/store';
import { readImage } from '@heirloom/worker';
import {
  debugRoot,
  hostClock,
  warnHost,
  watchPauses,
  writeError,
} from '../base/kernel-host-powers.js';
import { warmCodeCache } from '../code/code-caches.js';
import { hostBundling } from '../code/host-bundling.js';
import { hostEngine } from '../code/host-engine.js';
import { READERS_MAX } from '../core/kernel-core.js';
import type { WaysOut } from '../core/ways-out.js';
import { openNoteFile } from '../state/note-file.js';
import { hostWorkers } from '../vats/host-workers.js';
import { memoryUse } from './memory.js';

export const hostWays = (given: string): WaysOut => {
  const directory = path.resolve(given);
  return {
    place: directoryPlace(directory),
    openNote: () => openNoteFile(directory),
    openWorkers: hostWorkers({ directory, readersMax: READERS_MAX }),
    clock: hostClock,
    watchPauses,
    engine: hostEngine,
    installedImage: readImage,
    makeCodeCache: warmCodeCache,
    bundling: hostBundling,
    memoryUse,
    debugRoot,
    warn: warnHost,
    writeError,
  };
};
