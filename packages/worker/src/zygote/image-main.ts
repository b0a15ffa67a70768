/**
 * The zygote image: everything that runs in a vat's thread but the store and the thread's own
 * wiring.
 *
 * `scripts/build-image.mjs` makes one script of this module. The first two imports are side effects
 * whose order matters: modules are evaluated in the order in which they are imported, and the build
 * checks it. The image is content-addressed, and a vat stays on its image until it is upgraded, so
 * nothing in here may depend on what lies outside of it but node's builtins (rules.md#h4).
 */
import './before-ses.js';
import './lockdown.js';
import { Supervisor } from '../supervisor/supervisor.js';
import { handledPromises } from './before-ses.js';
import type {
  ImageHost,
  ImageInstance,
  LogSink,
  VatEnvironment,
} from '../contracts/vat-environment.js';
import { BUNDLE_CAPS_MARK } from '../protocol/bundle-caps.js';
import { DESCRIPTION_MARK, SITES_MARK } from '../protocol/description.js';
import { INTERFACES_MARK } from '../protocol/interfaces.js';
import { OBSERVATIONS_MARK } from '../protocol/observations.js';
import { PARTS_MARK } from '../protocol/parts.js';
import { WOVEN_MARK } from '../weave/weave.js';
import { callDepth } from './call-depth.js';
import { lookAtCaught } from './engine-errors.js';
import { errorDetails, fatalDetails } from './error-details.js';
import { formatTrace, formatValue } from './format-value.js';
import { hardening } from './harden.js';
import { observe } from './observe/observe.js';
import { makeVatCompartment } from './vat-compartment.js';

/** Call once in a thread: it becomes one vat's. */
export const startImage = (host: ImageHost): ImageInstance => {
  let vatLog: LogSink | undefined;
  const environment: VatEnvironment = {
    hardening,
    callDepth,
    handledPromises,
    traceOf: error => formatTrace(error, errorDetails),
    observe,
    makeCompartment(globals, log) {
      vatLog = log;
      return makeVatCompartment(globals, log, errorDetails);
    },
  };
  const supervisor = new Supervisor({ host, environment });
  return {
    marks: [
      ...[BUNDLE_CAPS_MARK, DESCRIPTION_MARK, INTERFACES_MARK],
      ...[OBSERVATIONS_MARK, PARTS_MARK, SITES_MARK, WOVEN_MARK],
    ],
    onMessage: frame => supervisor.onMessage(frame),
    stackOf: error => formatTrace(error, fatalDetails),
    onUnhandledRejection: reason => {
      lookAtCaught(reason);
      const text = `Unhandled rejection: ${formatValue(reason, errorDetails)}`;
      if (vatLog !== undefined) vatLog('error', text);
      return vatLog !== undefined;
    },
  };
};
