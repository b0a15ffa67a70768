/**
 * A module of the author's as plain JavaScript, apart from the others: what the types of a module
 * stand for is taken out, what is left stands where it stood.
 */
import { readFile } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import type { Place } from '@heirloom/worker/plain-places';
import { transform, type Loader } from 'esbuild';
import { inSource } from './source-places.js';
import { describePlace } from './told-places.js';

/** What bundlers for browsers define: libraries ask for it where they are loaded. */
export const DEFINED = {
  'process.env.NODE_ENV': '"production"',
  global: 'globalThis',
  self: 'globalThis',
};

const LOADERS = new Map<string, Loader>([
  ['ts', 'ts'],
  ['mts', 'ts'],
  ['cts', 'ts'],
  ['tsx', 'tsx'],
  ['jsx', 'jsx'],
]);

const IS_CODE = /^[^<(].*\.[cm]?[jt]sx?$/;

/** Of an input of a bundle: is it a file of code? */
export const isCode = (input: string): boolean => IS_CODE.test(input);

const loaderOf = (file: string): Loader => LOADERS.get(file.split('.').at(-1) ?? '') ?? 'js';

interface AuthorModule {
  readonly code: string;
  /** `file:line:column` of the author's for a place in `code`. */
  placeOf(place: Place): string;
}

/** `name`: of the file, in places. Errors: those of esbuild and of files. */
export const readAuthorModule = async (path: string, name: string): Promise<AuthorModule> => {
  const text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
  const { code, map } = await transform(text, {
    loader: loaderOf(path),
    sourcefile: path,
    sourcemap: 'external',
    target: 'esnext',
    define: DEFINED,
    jsx: 'automatic',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: false, target: 'esnext' } },
    logLevel: 'silent',
  });
  let named: SourceMap | undefined;
  const placeOf = (place: Place): string => {
    named ??= new SourceMap({ ...(JSON.parse(map) as SourceMapPayload), sources: [name] });
    return inSource(named, place) ?? describePlace(name, place);
  };
  return { code, placeOf };
};
