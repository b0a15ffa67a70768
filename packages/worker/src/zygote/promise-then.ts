/**
 * `Promise.prototype.then` that shows `lookAtCaught` what its handler is to get as a reason: what a
 * native function has thrown into a promise passes no `catch` of vat code (rules.md#h4).
 *
 * `catch`, `finally`, `allSettled`, `any` and whatever follows a promise call `then`; `await` does
 * not, but throws, and woven code looks at that. The handler is called in the same turn, alone with
 * the reason, as the engine calls it.
 *
 * A module of side effects; it must be evaluated before `ses`, and before every module that takes
 * `then` when it is loaded.
 */
import { lookAtCaught } from './engine-errors.js';
import { showAsNative } from './native-text.js';

const { apply } = Reflect;
const native = Promise.prototype.then;

const rethrow = (reason: unknown): never => {
  lookAtCaught(reason);
  throw reason;
};

type Handler = (argument: unknown) => unknown;

const isHandler = (given: unknown): given is Handler => typeof given === 'function';

const looking =
  (onRejected: Handler): Handler =>
  reason => {
    lookAtCaught(reason);
    return onRejected(reason);
  };

const { then } = {
  then(this: unknown, onFulfilled: unknown, onRejected: unknown): unknown {
    const handler = isHandler(onRejected) ? looking(onRejected) : rethrow;
    return apply(native, this, [onFulfilled, handler]);
  },
};
void Object.defineProperty(Promise.prototype, 'then', { value: then });
showAsNative(then, 'then');
