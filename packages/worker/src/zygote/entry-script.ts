/** The script of a vat's thread, read once in a process and handed to every thread. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { makeCodeCacheRoom } from './shared-code-cache.js';

/** What thread-loader.ts takes, as a part of `workerData`. */
export interface EntryScript {
  /** ASCII. */
  readonly entrySource: SharedArrayBuffer;
  /** A room of shared-code-cache.ts. */
  readonly entryCodeCache: SharedArrayBuffer;
}

/** Reads the script that scripts/build-image.mjs has written into `directory`. */
export const readEntryScript = (directory: string): EntryScript => {
  const bytes = readFileSync(path.join(directory, 'thread.js'));
  const entrySource = new SharedArrayBuffer(bytes.length);
  new Uint8Array(entrySource).set(bytes);
  return { entrySource, entryCodeCache: makeCodeCacheRoom() };
};
