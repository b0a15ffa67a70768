/**
 * The weaver's thread, as the host calls it. It stays for a while after a job, since who installs
 * one bundle often installs several, and keeps no process alive.
 */
import { Piscina } from 'piscina';
import { KernelError } from '../base/kernel-errors.js';
import type { DerivedScript, ScriptJob } from './bundling.js';
import type { RefusedScript, WeaverResult } from './weaver-thread.js';

const IDLE_MS = 10_000;

let pool: Piscina<ScriptJob, WeaverResult> | undefined;

const isRefused = (result: WeaverResult): result is RefusedScript => 'refused' in result;

/** Errors: KernelError BAD_BUNDLE, as `deriveScript` has them. */
export const runScriptJob = async (job: ScriptJob): Promise<DerivedScript> => {
  pool ??= new Piscina<ScriptJob, WeaverResult>({
    filename: new URL('./weaver-thread.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    env: {},
    // Not those of the host: a loader of its own (tsx, say) would be looked for here, too.
    execArgv: [],
  });
  const result = await pool.run(job);
  if (!isRefused(result)) return result;
  const cause = result.isOfHost ? new RangeError(result.cause) : new SyntaxError(result.cause);
  throw new KernelError('BAD_BUNDLE', result.refused, { cause });
};
