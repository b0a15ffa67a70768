/**
 * Forces V8's collector in the thread that calls it: what a reap may ask V8 is asked after that.
 *
 * The power is made when it is first used. It stays outside of the realm that vat code runs in: the
 * flag shows `gc` to contexts made while it is set, and one throw-away context is. Flags are the
 * whole process's, so another thread may take the flag away between the two: then it is set again.
 * A thread does that once in its life, so there is an end to it.
 */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** More than there are threads in a process. */
const ATTEMPTS_MAX = 10_000;

let collect: (() => void) | undefined;

const makeCollect = (): (() => void) => {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    setFlagsFromString('--expose-gc');
    const gc: (() => void) | undefined = runInNewContext('globalThis.gc');
    if (gc === undefined) continue;
    setFlagsFromString('--no-expose-gc');
    return gc;
  }
  assert.fail('no context has gc');
};

/** Collects everything that nothing reaches, in this thread. Milliseconds. */
export const collectGarbage = (): void => {
  collect ??= makeCollect();
  collect();
};
