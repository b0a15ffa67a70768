/**
 * What clock and chance answer while the modules of a vat are evaluated: the time is not known
 * (`Date.now()` is NaN, `new Date()` is an invalid date), and `Math.random()` goes through one
 * sequence, the same in every vat and incarnation. From then on both are refused, as SES does.
 *
 * Libraries ask there for things that do not matter in a vat: how many bits a random number has, a
 * mark that another copy of the library would not have, how hot a function is (decision 073). They
 * could not be loaded otherwise. The host is told, since what an author asks there may matter.
 *
 * Invariants (rules.md#h4): the answers depend on the script alone. A vat is evaluated once, in one
 * turn, in a thread of its own; nothing that is put off (a promise, a method) is loading any more.
 * Must be evaluated before lockdown: it takes its primordials when loaded.
 */
import { isObject, propertyOf } from '../values.js';

const { apply, construct, defineProperty } = Reflect;
const { defineProperties, getOwnPropertyDescriptors } = Object;
const { imul } = Math;
const TypeErrorOf = TypeError;
/** Of ses, which is evaluated before. */
const { details, note } = globalThis.assert;

const TWO_POW_32 = 2 ** 32;
const NOTICE =
  'while modules are evaluated, the time is not known (Date.now() is NaN) and Math.random() has ' +
  'one fixed sequence; afterwards both are refused';

const TIME_ADVICE =
  'a vat has no clock of its own: take the time as an argument, ask the clock of the host ' +
  '(kernel.services.clock), or a timer vat';
const CHANCE_ADVICE =
  'a vat has no chance of its own, since every replica must come to the same: take a random ' +
  'number, or a seed for a generator, as an argument';

/** SES's refusal; the host is told what to do instead. */
const refuse = (advice: string, ask: () => unknown): unknown => {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Error) note(error, details([advice]));
    throw error;
  }
};

let isLoading = false;
let state = 0;
let notify: ((text: string) => void) | undefined;

/** Is the vat loading? Says so to the host, once. */
const asked = (): boolean => {
  if (!isLoading) return false;
  notify?.(NOTICE);
  notify = undefined;
  return true;
};

/** The generator mulberry32. */
const random = (): number => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / TWO_POW_32;
};

/** Runs the evaluation of a vat's script. `tell` gets at most one line, for the host. */
export const whileLoading = <T>(run: () => T, tell: (text: string) => void): T => {
  isLoading = true;
  state = 0;
  notify = tell;
  try {
    return run();
  } finally {
    isLoading = false;
    notify = undefined;
  }
};

/** SES's `Date` of compartments, and the one that vats have in its place. */
interface Dates {
  readonly shared: unknown;
  readonly ofVats: Function;
}

let dates: Dates | undefined;

/** What stands for a `Date` that SES has given to a compartment. */
export const dateFor = (given: unknown): unknown =>
  dates !== undefined && given === dates.shared ? dates.ofVats : given;

const makeDate = (SharedDate: Function): Function => {
  const refusedNow = propertyOf(SharedDate, 'now');
  if (typeof refusedNow !== 'function') throw TypeErrorOf('Date.now is a function');
  function Date(...args: readonly unknown[]): unknown {
    const target = new.target;
    if (target === undefined) {
      if (asked()) return 'Invalid Date';
      return refuse(TIME_ADVICE, () => apply(SharedDate, undefined, args));
    }
    if (args.length > 0) return construct(SharedDate, args, target);
    if (asked()) return construct(SharedDate, [NaN], target);
    return refuse(TIME_ADVICE, () => construct(SharedDate, [], target));
  }
  const { now } = {
    now(): unknown {
      if (asked()) return NaN;
      return refuse(TIME_ADVICE, () => apply(refusedNow, SharedDate, []));
    },
  };
  const { now: refused, ...others } = getOwnPropertyDescriptors(SharedDate);
  defineProperties(Date, { ...others, now: { ...refused, value: now } });
  return Date;
};

/** To be called between SES's repairs and its hardening. */
export const installLoading = (): void => {
  const shared: unknown = new Compartment().globalThis;
  const [SharedDate, SharedMath] = [propertyOf(shared, 'Date'), propertyOf(shared, 'Math')];
  const refusedRandom = propertyOf(SharedMath, 'random');
  if (typeof SharedDate !== 'function' || typeof refusedRandom !== 'function') {
    throw TypeErrorOf('ses has a Date and a Math for compartments');
  }
  if (!isObject(SharedMath)) throw TypeErrorOf('Math is an object');
  const methods = {
    random(): unknown {
      if (asked()) return random();
      return refuse(CHANCE_ADVICE, () => apply(refusedRandom, SharedMath, []));
    },
  };
  defineProperty(SharedMath, 'random', { value: methods.random });
  const ofVats = makeDate(SharedDate);
  defineProperty(SharedDate.prototype, 'constructor', { value: ofVats });
  dates = { shared: SharedDate, ofVats };
};
