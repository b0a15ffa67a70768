/** What is said of a thread that was killed and does not go: docs/isolation.md. */
import type { BundleId } from '@heirloom/worker';
import { WorkerError, type CrankPlace } from '../base/kernel-errors.js';

const IN_A_LOOP =
  'loops in native code, where nothing can end it, and was left behind: it keeps a processor ' +
  'busy until this process ends, which process.exit() waits for: use endProcess(), or a signal. ' +
  "Code that may do so belongs in a child process: isolation 'process'";
const STARTING =
  'a thread that no vat has had was to end, and has not for a minute: is this machine overloaded?';

/** `bundleId`: what it evaluates, where it has no place yet. */
export const leftBehind = (
  place: CrankPlace | undefined,
  bundleId: BundleId | undefined,
): WorkerError => {
  const isStarting = place === undefined && bundleId === undefined;
  if (isStarting) return new WorkerError('THREAD_LEFT', STARTING, place);
  const code = place === undefined ? `, which evaluates bundle ${bundleId}` : '';
  return new WorkerError('THREAD_LEFT', `its thread${code} ${IN_A_LOOP}`, place);
};
