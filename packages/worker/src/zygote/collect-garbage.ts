/**
 * Forces V8's collector in the thread that calls it: what a reap may ask V8 is asked after that.
 *
 * The power is made when it is first used. It stays outside of the realm that vat code runs in: the
 * flag shows `gc` to contexts made while it is set, and one throw-away context is.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

const makeCollect = (): (() => void) => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return gc;
};

/** Collects everything that nothing reaches, in this thread. Milliseconds. */
export const collectGarbage = (): void => {
  collect ??= makeCollect();
  collect();
};
