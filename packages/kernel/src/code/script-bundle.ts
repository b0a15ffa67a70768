/**
 * The derived script of a bundle that is a script: checked, instrumented, parsed. A pure function
 * of the bundle, which takes a quarter of a second for a megabyte: weaver-thread.ts has it run
 * beside the kernel's thread.
 *
 * Errors of all here: KernelError BAD_BUNDLE says what is wrong, and where in the author's files,
 * if the map does.
 */
import { Script } from 'node:vm';
import { describeError } from '@heirloom/store';
import { OLDER_WEAVING, weave } from '@heirloom/worker/weave';
import { KernelError } from '../base/kernel-errors.js';
import type { ScriptFormat } from './bundle.js';
import type { DerivedScript, ScriptJob } from './bundling.js';
import { SOURCE_URL_PREFIX } from './evaluated-places.js';
import { whyRefused, wovenSource } from './refused-source.js';
import { mapOf } from './source-places.js';

/** With what the weaver adds; one row of the store. */
const SCRIPT_BYTES_MAX = 15_000_000;

export const bad = (why: string, cause?: unknown): never => {
  throw new KernelError('BAD_BUNDLE', `not a vat bundle: ${why}`, { cause });
};

export const checkSize = (what: string, text: string, bytesMax: number): void => {
  if (Buffer.byteLength(text) <= bytesMax) return;
  bad(`its ${what} is over ${bytesMax} bytes`);
};

/**
 * Of what is woven, strict as compartments take it: V8 may be of an older Node than the one that
 * our parser is made for.
 */
const checkSyntax = (script: string): void => {
  try {
    new Script(`'use strict';${script}`, { filename: 'bundle' }); // parses only
  } catch (error) {
    bad(`its source does not parse: ${describeError(error)}`, error);
  }
};

export const checkScript = (script: string): void => {
  checkSize('woven script', script, SCRIPT_BYTES_MAX);
  checkSyntax(script);
};

/**
 * The completion value of the last two formats is a function that gives the namespace, called here
 * as bundle-source documents. They would take a `require` of their surroundings: a vat has none.
 */
export const scriptOf = (moduleFormat: ScriptFormat, source: string): string => {
  switch (moduleFormat) {
    case 'endoScript':
      return source;
    case 'getExport':
      return `(${source}\n)()`;
    case 'nestedEvaluate': {
      const prefix = JSON.stringify(SOURCE_URL_PREFIX);
      return `(nestedEvaluate => (${source}\n)(${prefix}))(source => (0, eval)(source))`;
    }
    default:
      throw TypeError(`no script format ${String(moduleFormat satisfies never)}`);
  }
};

const wovenScript = ({ moduleFormat, source, sourceMap }: ScriptJob): string => {
  try {
    const woven = wovenSource(moduleFormat, source);
    return moduleFormat === 'endoScript' ? woven : weave(scriptOf(moduleFormat, source));
  } catch (error) {
    // One of a module says nothing of the source.
    const isEvaluated = moduleFormat === 'nestedEvaluate';
    const map = sourceMap !== undefined && !isEvaluated ? mapOf(sourceMap) : undefined;
    return bad(whyRefused(error, source, map), error);
  }
};

export const deriveScript = (job: ScriptJob): DerivedScript => {
  const script = wovenScript(job);
  checkScript(script);
  const { moduleFormat, source, older } = job;
  const olderScript = older ? weave(scriptOf(moduleFormat, source), OLDER_WEAVING) : undefined;
  return { script, olderScript };
};
