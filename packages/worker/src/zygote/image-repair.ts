/**
 * Repairs an image of an older release where it stops a kernel that could go on. Only the script
 * that threads run is changed, never the stored one or its id.
 *
 * A fault is known by its text. Each repair says why what was committed replays as before: it may
 * change nothing that a crank has seen that was ever committed.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface Repair {
  /** The faulty text; an image has it once, or not at all. */
  readonly fault: RegExp;
  /** `$1` and so on are parts of the fault. */
  readonly remedy: string;
}

/** The name under which an image finds older-guard.ts. */
const GUARD = 'olderGuard$';

/** As scripts/build-image.mjs begins an image; what is put there comes before everything. */
const HEAD = "(function (require) {\n'use strict';\n";

/**
 * The guard of every `catch` told the engine's errors by their text, so an error of any vat's
 * stopped the kernel. It stopped before the crank was committed: no committed crank has shown the
 * guard such a text, and for all others the remedy does what the fault did.
 */
const BY_TEXT: Repair = {
  fault: /if \((isHostsWant\((?:error|message)\))\) observer\?\.hostFailed\(error\);/,
  remedy: `if (${GUARD}.isWant(error) && $1) observer?.hostFailed(error);`,
};

/** What scripts/build-image.mjs made of older-guard.ts: one line, an expression. */
const readGuard = (): string =>
  readFileSync(new URL('../older-guard.js', import.meta.url), 'latin1').trimEnd();

/** What threads run of an image: itself, unless it has a known fault. Errors: AssertionError. */
export const repairedImage = (source: string): string => {
  const { fault, remedy } = BY_TEXT;
  if (!source.startsWith(HEAD) || !fault.test(source)) return source;
  assert(!source.includes(GUARD), 'no image has the name of its repair');
  const guard = `const ${GUARD} = ${readGuard()}(require);`;
  return `${HEAD}${guard}${source.slice(HEAD.length).replace(fault, remedy)}`;
};
