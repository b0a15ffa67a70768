/**
 * Warnings of names that an author's own modules use and nobody declares: in a vat they are
 * undefined, and nothing says so before the code runs. Warnings and no refusals, for code may ask
 * what its host has.
 *
 * Names are looked for in what esbuild has made of each module, from which types and what is never
 * used are gone. One that the bundle declares at its top level is that of an import: esbuild gives
 * no import the name of what is undeclared. What is left is looked for in the author's file, which
 * says whether it is undeclared, and where.
 */
import { createHash } from 'node:crypto';
import { undeclaredIn } from '@heirloom/worker/undeclared-names';
import type { Metafile } from 'esbuild';
import { isCode, readAuthorModule } from './author-module.js';
import { isLibrary, type FileNames } from './bundle-failures.js';
import type { ModuleText } from './script-check.js';

/** What other hosts have, and what an author of vats can do without it. */
const MISSING: readonly (readonly [names: string, instead: string])[] = [
  [
    'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate ' +
      'requestAnimationFrame performance',
    'the timer vat or the clock: docs/host-objects.md#timer',
  ],
  ['process __dirname __filename', 'vat parameters'],
  ['queueMicrotask', '`Promise.resolve().then(…)`'],
  ['Buffer', 'Uint8Array, or the package: `npm install buffer`'],
  ['module exports', '`export`, in an ES module'],
  ['structuredClone', 'what may be passed is copied as it is sent'],
  [
    'fetch XMLHttpRequest WebSocket EventSource Request Response Headers FormData Worker crypto ' +
      'navigator window document location localStorage sessionStorage indexedDB Blob File',
    'host objects: docs/host-objects.md',
  ],
];

const REQUIRE = 'require';
/** What esbuild puts in place of a `require` that it has not seen to. */
const REQUIRE_SHIM = '__require';

const INSTEAD = new Map(
  MISSING.flatMap(([names, instead]) => names.split(' ').map(name => [name, instead] as const)),
);

const warningOf = (name: string): string => {
  if (name === REQUIRE) {
    return 'in a vat require throws, but for a name that stands in its call; instead: `import`';
  }
  const instead = INSTEAD.get(name);
  if (instead !== undefined) return `a vat has no ${name}; instead: ${instead}`;
  return (
    `${name} is declared nowhere, so in a vat it is undefined; instead: declare or import it, ` +
    `or ask for it by \`typeof ${name}\``
  );
};

/** By the hash of a module's part of a bundle; undefined for what could not be looked at. */
const knownNames = new Map<string, readonly string[] | undefined>();
const KNOWN_MAX = 10_000;

const namesIn = (text: string): readonly string[] | undefined => {
  const key = createHash('sha256').update(text).digest('base64');
  if (knownNames.has(key)) return knownNames.get(key);
  const names = undeclaredIn(text)?.map(({ name }) => (name === REQUIRE_SHIM ? REQUIRE : name));
  if (knownNames.size >= KNOWN_MAX) knownNames.clear();
  knownNames.set(key, names);
  return names;
};

/** At the top level of a bundle; several names may stand behind one `var`. */
const DECLARATION =
  /^ {2}(?:var|let|const|class|(?:async )?function\*?) ([\w$]+(?:, [\w$]+)*)/gm;

const declaredIn = (script: string): ReadonlySet<string> => {
  const declared = new Set<string>();
  for (const { 1: names = '' } of script.matchAll(DECLARATION)) {
    for (const name of names.split(', ')) declared.add(name);
  }
  return declared;
};

/** By file: the names that may be undeclared. */
const suspectsIn = (
  script: string,
  modules: readonly ModuleText[],
): ReadonlyMap<string, Set<string>> => {
  const suspects = new Map<string, Set<string>>();
  let declared: ReadonlySet<string> | undefined;
  for (const { name: file, text } of modules) {
    if (isLibrary(file) || !isCode(file)) continue;
    for (const name of namesIn(text) ?? []) {
      declared ??= declaredIn(script);
      if (declared.has(name) && name !== REQUIRE) continue;
      const its = suspects.get(file) ?? new Set();
      suspects.set(file, its.add(name));
    }
  }
  return suspects;
};

type Inputs = Metafile['inputs'];

/** A CommonJS module is given some. */
const GIVEN = ['module', 'exports'];

/**
 * A line for each name of each module of the author's, which begins with its first place.
 * `modules`: those of the script.
 */
export const undeclaredOfAuthor = async (
  inputs: Inputs,
  script: string,
  modules: readonly ModuleText[],
  names: FileNames,
): Promise<string[]> => {
  const lines: string[] = [];
  for (const [file, suspects] of suspectsIn(script, modules)) {
    const path = names.pathOf(file);
    const { code, placeOf } = await readAuthorModule(path, names.nameOf(path));
    const given = inputs[file]?.format === 'esm' ? [] : GIVEN;
    for (const { name, ...place } of undeclaredIn(code) ?? []) {
      if (!suspects.has(name) || given.includes(name)) continue;
      lines.push(`${placeOf(place)}: ${warningOf(name)}`);
    }
  }
  return lines;
};
