/**
 * The prototypes from which representatives inherit their methods, one per kind and facet.
 *
 * Invariant: a method works on the instances of its own kind and facet only, so that nobody can use
 * one facet's method on another. The context is found per call; calls make no closures.
 */
import { Far, getRemotableMethodNames } from '@endo/pass-style';
import type { InterfaceGuard } from '@endo/patterns';
import { check } from '../../check.js';
import { defineOwn } from '../../values.js';
import { Fail, q } from '../contract/fail.js';
import { guardMethod, protectionsOf, thrown } from './guards.js';
import type { Method } from './guards.js';
import type { Kind } from './kind.js';

export type Methods = Readonly<Record<PropertyKey, Method>>;

interface PrototypeOptions {
  /** The name that the interface alleges. */
  readonly name: string;
  readonly facet: number;
  readonly methods: Methods;
  readonly guard: InterfaceGuard | undefined;
  /** Behaviour takes the context as `this`, not as first argument. */
  readonly isThisful: boolean;
}

const GET_INTERFACE_GUARD = '__getInterfaceGuard__';

/** A class's prototype may serve as methods; its constructor is none. */
const isConstructorOf = (methods: Methods, name: PropertyKey): boolean =>
  name === 'constructor' &&
  methods['constructor']?.prototype?.constructor === methods['constructor'];

const noInstance = (label: string, target: unknown): never => {
  if (target === undefined || target === null) {
    throw Fail`Method ${label} called without 'this' object`;
  }
  throw Fail`${q(label)} may only be applied to a valid instance: ${target}`;
};

/** `behavior(context, ...args)`: spreading takes 70 ns once ses has frozen the iterators. */
const callWith = (behavior: Method, context: object, args: readonly unknown[]): unknown => {
  switch (args.length) {
    case 0:
      return behavior(context);
    case 1:
      return behavior(context, args[0]);
    case 2:
      return behavior(context, args[0], args[1]);
    default:
      return behavior(context, ...args);
  }
};

const plainMethod = (kind: Kind, facet: number, label: string, behavior: Method): Method => {
  const { method } = {
    method(this: unknown, ...args: unknown[]): unknown {
      const context = kind.contextFor(this, facet) ?? noInstance(label, this);
      try {
        return callWith(behavior, context, args);
      } catch (error) {
        throw thrown(error);
      }
    },
  };
  return method;
};

const shifted = (behavior: Method): Method =>
  function method(this: unknown, ...args) {
    return behavior(this, ...args);
  };

/** A hardened remotable with every method of the facet. */
export const makePrototype = (kind: Kind, options: PrototypeOptions): object => {
  const { name: tag, facet, methods, guard, isThisful } = options;
  const { harden } = kind.core.context.hardening;
  const names = getRemotableMethodNames(methods).filter(name => !isConstructorOf(methods, name));
  const protections = protectionsOf(tag, names, guard, isThisful);
  const prototype: Record<PropertyKey, Method> = {};
  const define = (name: PropertyKey, method: Method, length: number, label: string): void => {
    Object.defineProperties(method, { name: { value: label }, length: { value: length } });
    defineOwn(prototype, name, method);
  };
  for (const name of names) {
    const behavior = methods[name];
    if (behavior === undefined) throw Fail`method ${q(name)} of ${q(tag)} is gone`;
    const label = `In ${String(q(name))} method of (${tag})`;
    const protection = protections.get(name);
    check(protection !== undefined, 'every method has a protection');
    if (protection === 'raw' && !isThisful) {
      define(name, plainMethod(kind, facet, label, behavior), behavior.length, label);
    } else {
      const thisful = isThisful ? behavior : shifted(behavior);
      const contextOf = (target: unknown): object =>
        kind.contextFor(target, facet) ?? noInstance(label, target);
      const guarded = guardMethod(thisful, protection, { label, harden, contextOf });
      define(name, guarded, behavior.length, label);
    }
  }
  if (!Object.hasOwn(prototype, GET_INTERFACE_GUARD)) {
    const label = `In ${String(q(GET_INTERFACE_GUARD))} method of (${tag})`;
    define(GET_INTERFACE_GUARD, plainMethod(kind, facet, label, () => guard), 0, label);
  }
  return harden(Far(tag, prototype));
};
