/** The script of a vat's thread, read once in a process and handed to every thread. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedBytes } from './shared-bytes.js';
import { makeCodeCacheRoom } from './shared-code-cache.js';

/** What thread-loader.ts takes, as a part of `workerData`. */
export interface EntryScript {
  /** ASCII. */
  readonly entrySource: SharedArrayBuffer;
  /** A room of shared-code-cache.ts. */
  readonly entryCodeCache: SharedArrayBuffer;
}

const BUILT = fileURLToPath(new URL('..', import.meta.url));

/** Reads the script that scripts/build-image.mjs has written into `directory`. */
export const readEntryScript = (directory = BUILT): EntryScript => ({
  entrySource: sharedBytes(readFileSync(path.join(directory, 'thread.js'))),
  entryCodeCache: makeCodeCacheRoom(),
});
