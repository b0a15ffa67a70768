/**
 * Our own `harden`, with the guarantees of SES's and about a third of its cost.
 *
 * Installed as `globalThis.harden` before `ses` is evaluated, which then adopts it, so that there
 * is one set of marks in the thread (docs/environment.md). Must be evaluated before lockdown: it
 * takes its primordials when loaded and never looks them up again.
 *
 * Theory of operation: freeze breadth first, in the order in which SES does, and note what was
 * reached in `pending`; mark all of it once nothing is left. So
 *  - a marked object is frozen, and so is everything it reaches through own properties, accessors
 *    and prototypes. (The inside of a Map, Set, Date, typed array or closure is not frozen, as with
 *    SES.)
 *  - when a proxy trap throws, nothing has been marked. When a trap hardens again, the inner call
 *    commits what it froze and the outer one finds those marks at its end.
 *  - for a proxy all descriptors are taken before anything else is looked at.
 * The mark is a private field that only this module's class can install or see: it cannot be
 * forged, is not inherited, and a proxy does not show its target's.
 * Loops go by index, since iterators are slow once ses has frozen them; `!` says there that the
 * arrays are the engine's or ours, and have no holes.
 */
import { types } from 'node:util';
import type { Hardening } from '../contracts/hardening.js';
import { getterOf, isObject } from '../values.js';
import { isFloatArray } from './float-arrays.js';

const { isProxy } = types;
const { isView } = ArrayBuffer;
const { apply, ownKeys } = Reflect;
const {
  defineProperty,
  freeze,
  getOwnPropertyDescriptor,
  getOwnPropertyDescriptors,
  getPrototypeOf,
  preventExtensions,
} = Object;
const { isInteger } = Number;
const FeralError = Error;
const SetOf = Set;
const stringOf = String;

/** Up to this many objects the pending list is searched from end to end, then by a Set. */
const LINEAR_SEARCH_MAX = 24;

const typedArrayTag = getterOf(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

/**
 * V8 from Node 21 on: an own accessor of every error, shared by all. Undefined where it is
 * data.
 */
const feralStackGetter = getOwnPropertyDescriptor(FeralError('probe'), 'stack')?.get;
if (feralStackGetter !== undefined) freeze(feralStackGetter);

interface Marks {
  has(value: object): boolean;
  add(value: object): void;
}

class Returned {
  constructor(value: object) {
    return value;
  }
}

class Mark extends Returned {
  readonly #hardened = true;

  // The constructor that a class has by default spreads its arguments, which takes twice as long
  // as all the rest once ses has frozen the iterators.
  constructor(value: object) {
    super(value);
  }

  static has(value: object): boolean {
    return #hardened in value;
  }

  /** `value` must not have the mark yet. */
  static add(value: object): void {
    new Mark(value);
  }
}

/** Engines may come to refuse private fields on frozen objects: then the marks go to a WeakSet. */
const selectMarks = (): Marks => {
  try {
    Mark.add(freeze({}));
    return { has: Mark.has, add: Mark.add };
  } catch {
    const marks = new WeakSet<object>();
    const has = marks.has.bind(marks);
    const add = marks.add.bind(marks);
    return { has: value => has(value), add: value => void add(value) };
  }
};
const { has, add } = selectMarks();

/** Elements of typed arrays stay writable, as the inside of a Map does; all else is frozen. */
const isElementKey = (key: string | symbol): boolean => {
  if (typeof key !== 'string') return false;
  const n = +key;
  return isInteger(n) && stringOf(n) === key;
};

const freezeTypedArray = (value: object): void => {
  preventExtensions(value);
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i]!;
    if (isElementKey(key)) continue;
    const descriptor = getOwnPropertyDescriptor(value, key);
    defineProperty(value, key, { ...descriptor, writable: false, configurable: false });
  }
};

/** An accessor would let its holders see stacks and, through the setter, share state. */
const repairStack = (value: object, feralGetter: () => unknown): void => {
  if (!(value instanceof FeralError)) return;
  const descriptor = getOwnPropertyDescriptor(value, 'stack');
  if (descriptor?.get === feralGetter && descriptor.configurable === true) {
    defineProperty(value, 'stack', { value: apply(feralGetter, value, []) });
  }
};

/** The objects that one call of `harden` has reached and not found marked. */
class Pending {
  readonly list: object[] = [];
  #set: Set<object> | undefined;

  enqueue(value: unknown): void {
    if (!isObject(value) || has(value)) return;
    const { list } = this;
    if (this.#set !== undefined) {
      if (this.#set.has(value)) return;
      this.#set.add(value);
      list[list.length] = value;
      return;
    }
    for (let i = 0; i < list.length; i += 1) if (list[i] === value) return;
    list[list.length] = value;
    if (list.length > LINEAR_SEARCH_MAX) this.#set = new SetOf(list);
  }

  enqueueDescriptor(descriptor: PropertyDescriptor): void {
    const value: unknown = descriptor.value;
    if (value !== undefined) {
      this.enqueue(value);
    } else {
      this.enqueue(descriptor.get);
      this.enqueue(descriptor.set);
    }
  }
}

type Descriptors = Readonly<Record<PropertyKey, PropertyDescriptor>>;

const traverseProxy = (value: object, pending: Pending): void => {
  const descriptors: Descriptors = getOwnPropertyDescriptors(value);
  const keys = ownKeys(descriptors);
  pending.enqueue(getPrototypeOf(value));
  for (let i = 0; i < keys.length; i += 1) pending.enqueueDescriptor(descriptors[keys[i]!]!);
};

const freezeAndTraverse = (value: object, pending: Pending): void => {
  if (feralStackGetter !== undefined) repairStack(value, feralStackGetter);
  if (isProxy(value)) {
    if (isFloatArray(value)) freezeTypedArray(value);
    else freeze(value);
    traverseProxy(value, pending);
    return;
  }
  if (isView(value) && apply(typedArrayTag, value, []) !== undefined) freezeTypedArray(value);
  else freeze(value);
  const keys = ownKeys(value);
  pending.enqueue(getPrototypeOf(value));
  for (let i = 0; i < keys.length; i += 1) {
    pending.enqueueDescriptor(getOwnPropertyDescriptor(value, keys[i]!)!);
  }
};

const hardenObject = (root: object): void => {
  const pending = new Pending();
  pending.enqueue(root);
  const { list } = pending;
  for (let i = 0; i < list.length; i += 1) freezeAndTraverse(list[i]!, pending);
  // No user code runs from here on. A trap may have hardened some of the list meanwhile.
  for (let i = 0; i < list.length; i += 1) if (!has(list[i]!)) add(list[i]!);
};

/**
 * Freezes `root` and all that it reaches, and returns it.
 * Errors: what freezing throws (a proxy that refuses, a full typed array view); nothing is marked.
 */
export const harden = <T>(root: T): T => {
  if (isObject(root) && !has(root)) hardenObject(root);
  return root;
};

/** True for primitives and for what `harden` or `bornHardened` has marked. */
export const isHardened = (value: unknown): boolean => !isObject(value) || has(value);

/**
 * For trusted code that has just made `value`, whose members and prototype are all hardened
 * already, and which is no proxy, error or typed array. Freezes and marks it without looking
 * inside.
 */
export const bornHardened = <T extends object>(value: T): T => {
  freeze(value);
  if (!has(value)) add(value);
  return value;
};

freeze(harden);
freeze(isHardened);
freeze(bornHardened);

export const hardening: Hardening = freeze({ harden, isHardened, bornHardened });
