/** Derives the script of one bundle, in a thread: a giant one would hold up the kernel's. */
import { KernelError } from '../base/kernel-errors.js';
import type { DerivedScript, ScriptJob } from './bundling.js';
import { deriveScript } from './script-bundle.js';

/** Why a bundle is refused, and what the cause says of itself. */
export interface RefusedScript {
  readonly refused: string;
  readonly cause: string;
  /** This host's stack is too small for it: nothing that is wrong with the bundle. */
  readonly isOfHost: boolean;
}

export type WeaverResult = DerivedScript | RefusedScript;

const work = (job: ScriptJob): WeaverResult => {
  try {
    return deriveScript(job);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const { cause } = error;
    const isOfHost = cause instanceof RangeError;
    return { refused: error.message, cause: cause instanceof Error ? cause.message : '', isOfHost };
  }
};

export default work;
