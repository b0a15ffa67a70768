/**
 * A verification in a process of its own (verify-child.ts), which LMDB or V8 may end: that is a
 * finding then, and this process goes on.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HostError, KernelError } from '../base/kernel-errors.js';
import { nowMs } from '../base/kernel-host-powers.js';
import {
  UNSEEN,
  type StoreVerification,
  type VerifyOptions,
  type VerifyPhase,
} from './verification.js';

/** What the child says: how far it is, and in the end one of the other two. */
export type ChildMessage =
  | readonly ['progress', done: number, total: number, phase: VerifyPhase]
  | readonly ['report', report: StoreVerification]
  | readonly ['error', code: string, message: string];

const ENTRY = fileURLToPath(new URL('./verify-child.js', import.meta.url));
const STDERR_CHARS_MAX = 4096;
/** What a process says last of why it ends. */
const REASON = /^(?:FATAL ERROR|#? ?Fatal error|[A-Za-z]*Error\b|Segmentation|[^\n]*Assertion).*$/m;

/** What a verification refuses: all else is this host's. */
const KERNEL_CODES = ['BAD_OPTION', 'UNKNOWN_VAT'] as const;

const errorOf = (code: string, message: string): Error => {
  const refused = KERNEL_CODES.find(it => it === code);
  return refused === undefined ? new HostError(code, message) : new KernelError(refused, message);
};

/** Neither LMDB nor V8 ends a process so, whatever a store holds. */
const KILLED =
  'The process that verifies was killed by another (SIGKILL), as by a system that is short of ' +
  'memory: nothing is known of the store. See why, and verify again.';

const WHILE: Readonly<Record<VerifyPhase, string>> = {
  pages: 'it looked at the pages of the data file',
  rows: 'it looked at the rows',
  vats: 'it replayed vats and audited tables',
};

/** Errors: as `verifyStore`; what `progress` throws. `entry`: what the process runs, for tests. */
export const verifyInProcess = (
  { directory, threads, vat, progress }: VerifyOptions,
  entry = ENTRY,
): Promise<StoreVerification> => {
  const began = nowMs();
  const job = JSON.stringify({ directory, threads, vat });
  const child = fork(entry, [job], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let phase: VerifyPhase = 'pages';
  let stderr = '';
  let end: (() => StoreVerification) | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARS_MAX);
  });
  child.on('message', (message: ChildMessage) => {
    if (message[0] === 'progress') {
      phase = message[3];
      try {
        progress?.(message[1], message[2], phase);
      } catch (error) {
        end = () => {
          throw error;
        };
        child.kill('SIGKILL');
      }
    } else if (message[0] === 'report') {
      const [, report] = message;
      end = () => report;
    } else {
      const error = errorOf(message[1], message[2]);
      end = () => {
        throw error;
      };
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (end === undefined && signal === 'SIGKILL') {
        reject(new HostError('STORE_IO', KILLED));
        return;
      }
      const how = signal ?? `exit code ${code}`;
      const said = REASON.exec(stderr)?.[0];
      const because = said === undefined ? '' : `: ${said}`;
      const why = `the process that reads the store ended (${how}) while ${WHILE[phase]}${because}`;
      const damage = [{ table: null, key: null, why }];
      const milliseconds = Math.round(nowMs() - began);
      try {
        resolve(end?.() ?? { ...UNSEEN, ok: false, damage, milliseconds });
      } catch (error) {
        reject(error);
      }
    });
  });
};
