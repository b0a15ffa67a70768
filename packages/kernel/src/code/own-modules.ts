/**
 * What esbuild translates and an author's own module may not have: decorators, and `import()` of a
 * module that is known. (Of libraries both are taken as esbuild translates them.)
 *
 * esbuild does not say where they stand. Bundles that have any are rare: then each module that may
 * have them is read again.
 */
import { readFile } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { describeError } from '@heirloom/store';
import { refusedInModule } from '@heirloom/worker/weave';
import { transform, type Loader, type Metafile } from 'esbuild';
import { advised } from './advice.js';
import { isLibrary, retold, type FileNames } from './bundle-failures.js';
import { inSource } from './source-places.js';
import { describePlace, splitPlace } from './told-places.js';

/** What esbuild declares in a script that has decorators. */
const DECORATED = /^ {2}var __(?:decoratorStart|decorateClass) = /m;

const LOADERS = new Map<string, Loader>([
  ['ts', 'ts'],
  ['mts', 'ts'],
  ['cts', 'ts'],
  ['tsx', 'tsx'],
  ['jsx', 'jsx'],
]);

const IS_CODE = /^[^<(].*\.[cm]?[jt]sx?$/;

const loaderOf = (file: string): Loader => LOADERS.get(file.split('.').at(-1) ?? '') ?? 'js';

type Inputs = Metafile['inputs'];

const suspects = (inputs: Inputs, script: string): string[] => {
  const isDecorated = DECORATED.test(script);
  return Object.entries(inputs).flatMap(([file, { imports }]) => {
    if (isLibrary(file) || !IS_CODE.test(file)) return [];
    const imported = imports.some(({ kind }) => kind === 'dynamic-import');
    return isDecorated || imported ? [file] : [];
  });
};

/** What the types of a module stand for is taken out; what is left stands where it stood. */
const plainModule = (text: string, path: string) =>
  transform(text, {
    loader: loaderOf(path),
    sourcefile: path,
    sourcemap: 'external',
    target: 'esnext',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: false, target: 'esnext' } },
    logLevel: 'silent',
  });

/** Where one has any, at first; undefined if it has none. */
const lineOf = async (path: string, names: FileNames): Promise<string | undefined> => {
  const file = names.nameOf(path);
  const text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
  const { code, map } = await plainModule(text, path);
  const [why, place] = splitPlace(refusedInModule(code)?.message ?? '');
  if (place === undefined) return undefined;
  const named = new SourceMap({ ...(JSON.parse(map) as SourceMapPayload), sources: [file] });
  return advised(`${inSource(named, place) ?? describePlace(file, place)}: ${why}`);
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
