/**
 * How one send is carried out once its turn has come: on a local target, or by a standard handler.
 *
 * Results and error texts are those of `@endo/eventual-send` 1.5 (`local.js` and
 * `dispatchToHandler` of `handled-promise.js`), down to its oddities, since vat code and its tests
 * see them. SES's `assert` is looked up when the first error is made: this module is loaded before
 * `ses`.
 */
import { isInstance, isObject, propertyOf } from '../values.js';
import type { SendJob } from './promise-record.js';
import type { SendHandler } from '../contracts/handled-promises.js';

const { apply, ownKeys } = Reflect;
const { freeze, getOwnPropertyDescriptors, getPrototypeOf, prototype: objectPrototype } = Object;
const TypeErrorOf = TypeError;
const ErrorOf = Error;

/** The part of SES's `assert` that is used here. */
interface SesAssert {
  details(template: TemplateStringsArray | string[], ...args: unknown[]): unknown;
  quote(value: unknown): unknown;
  error(details: unknown, errorConstructor?: ErrorConstructor): Error;
  note(error: Error, details: unknown): void;
}
let sesAssert: SesAssert | undefined;
const getAssert = (): SesAssert => {
  sesAssert ??= globalThis.assert;
  return sesAssert;
};

type Template = (assert: SesAssert, quote: SesAssert['quote']) => unknown;
export const makeError = (template: Template, constructor: ErrorConstructor = ErrorOf): Error => {
  const assert = getAssert();
  return assert.error(template(assert, assert.quote), constructor);
};
const typeError = (template: Template): Error => makeError(template, TypeErrorOf);

export const annotate = (error: unknown, note: Template): void => {
  if (isInstance(error, ErrorOf)) getAssert().note(error, note(getAssert(), getAssert().quote));
};

const nameOfType = (value: unknown): string => (value === null ? 'null' : typeof value);

/** Symbols before strings, each in their own order. */
const compareNames = (a: string | symbol, b: string | symbol): number => {
  if (typeof a !== typeof b) return typeof a === 'symbol' ? -1 : 1;
  const left = String(a);
  const right = String(b);
  if (left === right) return 0;
  return left < right ? -1 : 1;
};

const methodNames = (target: unknown): readonly (string | symbol)[] => {
  const names = new Set<string | symbol>();
  let layer: unknown = target;
  while (layer !== null && layer !== objectPrototype) {
    for (const name of ownKeys(getOwnPropertyDescriptors(layer))) {
      // The value that counts is the one that a call would find.
      const value = propertyOf(target, name);
      if (typeof value === 'function') names.add(name);
    }
    if (!isObject(target)) break;
    layer = getPrototypeOf(layer);
  }
  return freeze([...names].sort(compareNames));
};

const applyFunction = (target: unknown, args: readonly unknown[]): unknown => {
  if (typeof target !== 'function') {
    throw typeError(
      ({ details: X }, q) =>
        X`Cannot invoke target as a function; typeof target is ${q(nameOfType(target))}`,
    );
  }
  return apply(target, undefined, args);
};

const applyMethod = (target: unknown, name: string | symbol, args: readonly unknown[]): unknown => {
  if (target === undefined || target === null) {
    throw typeError(
      ({ details: X }, q) =>
        X`Cannot deliver ${q(name)} to target; typeof target is ${q(nameOfType(target))}`,
    );
  }
  const method = propertyOf(target, name);
  if (method === undefined) {
    throw typeError(
      ({ details: X }, q) => X`target has no method ${q(name)}, has ${q(methodNames(target))}`,
    );
  }
  if (typeof method !== 'function') {
    throw makeError(
      ({ details: X }, q) =>
        X`invoked method ${q(name)} is not a function; it is a ${q(nameOfType(method))}`,
    );
  }
  return apply(method, target, args);
};

/** What of a send a target that is no presence needs to know. */
type LocalCall = Pick<SendJob, 'operation' | 'property' | 'args'>;

/** Carries `call` out on a target that is no presence. */
export const dispatchLocally = (call: LocalCall, target: unknown): unknown => {
  const { operation, property, args } = call;
  // Only the call of a function has no name.
  if (property === undefined) return applyFunction(target, args);
  return operation === 'get' ? propertyOf(target, property) : applyMethod(target, property, args);
};

type HandlerName = 'presenceHandler' | 'pendingHandler';

/** What a handler without `applyMethod` needs: `get`, then `applyFunction` on what it gave. */
type ComposeMethod = (
  job: SendJob,
  target: unknown,
  returned: Promise<unknown> | undefined,
) => unknown;

export interface HandlerCall {
  readonly name: HandlerName;
  readonly handler: SendHandler;
  /** The presence, or the pending promise. */
  readonly target: unknown;
  readonly compose: ComposeMethod;
}

/** Calls the standard method of a handler that `job` needs, or what makes up for it. */
export const callHandler = (job: SendJob, call: HandlerCall): unknown => {
  const { handler, target } = call;
  const returned = job.isSendOnly ? undefined : job.returned;
  const keep = (result: unknown): unknown => (job.isSendOnly ? undefined : result);
  const { args } = job;
  const operands: unknown[] =
    job.operation === 'get'
      ? [job.property]
      : job.operation === 'applyFunction'
        ? [args]
        : [job.property, args];
  let method = job.isSendOnly ? propertyOf(handler, `${job.operation}SendOnly`) : undefined;
  if (typeof method !== 'function') method = propertyOf(handler, job.operation);
  if (typeof method === 'function') {
    const passed = [target, ...operands, returned];
    // To a presence the shim passes one undefined more: handlers can count their arguments.
    if (call.name === 'presenceHandler') passed.push(undefined);
    return keep(apply(method, handler, passed));
  }
  if (job.operation === 'applyMethod') {
    // To a presence the shim passes no promise of the result here.
    const passed = call.name === 'pendingHandler' ? returned : undefined;
    return keep(call.compose(job, target, passed));
  }
  const fallback: unknown = handler.applyMethod;
  if (job.operation === 'applyFunction' && typeof fallback === 'function') {
    const passed = call.name === 'pendingHandler' ? returned : undefined;
    // The shim wraps the arguments once more in this case.
    return keep(apply(fallback, handler, [target, undefined, [args], passed]));
  }
  const operation = job.isSendOnly ? `${job.operation}SendOnly` : job.operation;
  throw typeError(
    ({ details: X }, q) =>
      X`${q(call.name)} is defined but has no methods needed for ${q(operation)} (has ${q(
        methodNames(handler),
      )})`,
  );
};
