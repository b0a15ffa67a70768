/**
 * What must be in the realm before `ses` is evaluated: it takes these for intrinsics.
 *
 * A module of side effects; image-main.ts imports it first. It and what it imports import nothing
 * that needs lockdown; its own first three imports come before whatever takes a constructor of
 * errors or buffers, or `then`. See docs/environment.md, "Order in the image".
 */
import './error-constructors.js';
import './promise-then.js';
import './buffer-constructors.js';
import { nextTurn } from '../supervisor/host-powers.js';
import { makeHandledPromises } from '../eventual-send/handled-promise.js';
import { installExpressions } from './checked-expressions.js';
import { installCounted } from './counted-natives.js';
import { installIsView } from './float-arrays.js';
import { installFunctionText } from './function-text.js';
import { hardening } from './harden.js';
import { installPrototypeChecks } from './proxy-levels.js';
import { TextDecoder, TextEncoder } from './text-codecs.js';
import { installUtcDate } from './utc-date.js';

/** Throws in a turn of its own: the thread dies of it (rules.md#h2). */
const fatal = (error: unknown): void => {
  nextTurn(() => {
    throw error;
  });
};

export const handledPromises = makeHandledPromises(hardening, fatal);

installFunctionText();
installExpressions();
installCounted();
installPrototypeChecks();
installUtcDate();
installIsView();
const globals = {
  harden: hardening.harden,
  HandledPromise: handledPromises.HandledPromise,
  TextDecoder,
  TextEncoder,
};
for (const [name, value] of Object.entries(globals)) {
  const descriptor = { value, writable: true, enumerable: false, configurable: true };
  Object.defineProperty(globalThis, name, descriptor);
}
