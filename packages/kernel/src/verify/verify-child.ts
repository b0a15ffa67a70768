/** What a verification's own process runs: verify-process.ts says what for. */
import { HostError, KernelError } from '../base/kernel-errors.js';
import type { VerifyOptions } from './verification.js';
import type { ChildMessage } from './verify-process.js';
import { verifyStore } from './verify-store.js';

const tell = (message: ChildMessage): void => void process.send?.(message);

const [, , job = ''] = process.argv;
const options: Pick<VerifyOptions, 'directory' | 'threads' | 'vat'> = JSON.parse(job);
const tellLast = (message: ChildMessage): Promise<void> =>
  new Promise(resolve => process.send?.(message, undefined, undefined, () => resolve()));

// Nobody is left who wants to know.
process.on('disconnect', () => process.exit(1));
try {
  const report = await verifyStore({
    ...options,
    progress: (done, total, phase) => tell(['progress', done, total, phase]),
  });
  await tellLast(['report', report]);
} catch (error) {
  if (!(error instanceof HostError || error instanceof KernelError)) throw error;
  await tellLast(['error', error.code, error.message]);
}
// A thread that is left behind would keep the process (docs/isolation.md).
process.exit(0);
