/**
 * What Piscina loads in a vat's thread (`filename`): it runs the script of entry.ts, from memory,
 * with V8's code cache once a thread of the process has made one.
 *
 * A cache must fit the very source that it was made of, and V8 compares lengths only. So the source
 * comes with the cache from the kernel's thread, and not from a file that may have been replaced.
 */
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import { compileScript } from './compile-script.js';
import type { ZygoteData, ZygoteTask } from './entry.js';
import { ownBytes } from './shared-bytes.js';
import { fillCodeCache, readCodeCache } from './shared-code-cache.js';

type Serve = (task: ZygoteTask) => Promise<void>;
type EntryFactory = (require: NodeJS.Require, url: string) => { readonly default: Serve };

const { entrySource, entryCodeCache }: ZygoteData = workerData;
const source = ownBytes(entrySource).toString('latin1');
const script = compileScript('heirloom-thread.js', source, readCodeCache(entryCodeCache));
const factory: EntryFactory = script.runInThisContext();
const { default: serve } = factory(createRequire(import.meta.url), import.meta.url);
fillCodeCache(entryCodeCache, () => script.createCachedData());

export default serve;
