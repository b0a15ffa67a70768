/**
 * What esbuild translates and an author's own module may not have: decorators, and `import()` of a
 * module that is known. (Of libraries both are taken as esbuild translates them.)
 *
 * esbuild does not say where they stand. Bundles that have any are rare: then each module that may
 * have them is read again.
 */
import { describeError } from '@heirloom/store';
import { refusedInModule } from '@heirloom/worker/weave';
import type { Metafile } from 'esbuild';
import { advised } from './advice.js';
import { isCode, readAuthorModule } from './author-module.js';
import { isLibrary, retold, type FileNames } from './bundle-failures.js';
import { splitPlace } from './told-places.js';

/** What esbuild declares in a script that has decorators. */
const DECORATED = /^ {2}var __(?:decoratorStart|decorateClass) = /m;

type Inputs = Metafile['inputs'];

const suspects = (inputs: Inputs, script: string): string[] => {
  const isDecorated = DECORATED.test(script);
  return Object.entries(inputs).flatMap(([file, { imports }]) => {
    if (isLibrary(file) || !isCode(file)) return [];
    const imported = imports.some(({ kind }) => kind === 'dynamic-import');
    return isDecorated || imported ? [file] : [];
  });
};

/** Where one has any, at first; undefined if it has none. */
const lineOf = async (path: string, names: FileNames): Promise<string | undefined> => {
  const { code, placeOf } = await readAuthorModule(path, names.nameOf(path));
  const [why, place] = splitPlace(refusedInModule(code)?.message ?? '');
  return place && advised(`${placeOf(place)}: ${why}`);
};

/** A line for each module of the author's that has any: the first place where it does. */
export const refusedOfAuthor = async (
  inputs: Inputs,
  script: string,
  names: FileNames,
): Promise<string[]> => {
  const lines: string[] = [];
  for (const input of suspects(inputs, script)) {
    try {
      const line = await lineOf(names.pathOf(input), names);
      if (line !== undefined) lines.push(line);
    } catch (error) {
      // A decorator of a parameter is one that esbuild does not take as the standard has them.
      lines.push(describeError(retold(error, names)));
    }
  }
  return lines;
};
