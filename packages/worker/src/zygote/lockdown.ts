/**
 * Evaluates `ses` and locks the thread down. A module of side effects: image-main.ts imports it
 * after before-ses.ts and before everything else.
 *
 * All options are given, so that none is read from the environment. `errorTaming` shows in the
 * texts of errors, which vats see: it never changes without a new image (rule H4).
 */
import 'ses';
import { hardening } from './harden.js';

lockdown({
  errorTaming: 'safe',
  errorTrapping: 'none',
  unhandledRejectionTrapping: 'none',
  reporting: 'none',
  stackFiltering: 'concise',
  overrideTaming: 'severe',
  overrideDebug: [],
  consoleTaming: 'unsafe',
  domainTaming: 'safe',
  localeTaming: 'safe',
  regExpTaming: 'safe',
  evalTaming: 'safe-eval',
  legacyRegeneratorRuntimeTaming: 'safe',
  __hardenTaming__: 'safe',
});

const adopted = (Object as unknown as Record<symbol, unknown>)[Symbol.for('harden')];
if (adopted !== hardening.harden || !hardening.isHardened(Object.prototype)) {
  throw new Error('ses did not adopt our harden: the modules of the image are out of order');
}
