/** Why there is no bundle: what esbuild says, in the words of vats. */
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { describeError } from '@heirloom/store';
import type { Message } from 'esbuild';
import { advised } from './advice.js';
import { markBytesOf } from './marked-files.js';

/** Where the files of a bundle are, and what they are called in places of errors. */
export interface FileNames {
  pathOf(file: string): string;
  nameOf(path: string): string;
}

/** Is it a module of a library? Names have strokes, also on Windows. */
export const isLibrary = (file: string): boolean => file.includes('node_modules/');

/** A line for each error, which begins with its place. */
export class BundleFailure extends Error {}

const NOT_FOUND = /^Could not resolve "(.*)"$/;
const NO_LOADER = /^No loader is configured for ("[^"]*") files: (.*)$/;
/** `npm:zod`; a letter alone is a drive of Windows. */
const SCHEME = /^[a-z][\w+.-]+:/i;
const IMPORT_META = 'empty-import-meta';
const TOP_LEVEL_AWAIT = /^Top-level await|contains a top-level await$/;
const DECORATORS = /[Dd]ecorators/;

/** Modules of Node that packages of their name do without Node. */
const PACKAGED = ['assert', 'buffer', 'events', 'punycode', 'string_decoder', 'util'];

const packageNameOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

const whyNotFound = (specifier: string, directory: string): string => {
  if (isBuiltin(specifier)) {
    const none = `a vat has no modules of Node: "${specifier}"`;
    const instead = `\`npm install ${specifier}\` gets a package that does the same`;
    return PACKAGED.includes(specifier) ? `${none}; ${instead}` : none;
  }
  if (/^(\.|\/|file:)/.test(specifier)) return `there is no "${specifier}", seen from ${directory}`;
  if (specifier.startsWith('#')) {
    return `there is no "${specifier}" in \`imports\` of the package.json above ${directory}`;
  }
  if (SCHEME.test(specifier)) {
    return `a vat imports files and installed packages: not "${specifier}"`;
  }
  const name = packageNameOf(specifier);
  const sought = `looked for in node_modules of ${directory} and of the directories above it`;
  return `there is no "${specifier}": ${sought}; \`npm install ${name}\` gets a published package`;
};

const whyOf = ({ id, text, notes }: Message, directory: string): string => {
  const [, specifier] = NOT_FOUND.exec(text) ?? [];
  if (specifier !== undefined) {
    const why = whyNotFound(specifier, directory);
    // Say, a package that is there and does not export it.
    const [note] = notes.filter(({ location }) => location !== null);
    return note === undefined ? why : `${why} (${note.text.replace(/:$/, '')})`;
  }
  if (id === IMPORT_META) return 'a vat has no import.meta';
  if (TOP_LEVEL_AWAIT.test(text)) return 'a vat has no top-level await';
  return DECORATORS.test(text)
    ? 'a vat has no decorators'
    : text.replace(NO_LOADER, 'a vat has no $1 files: $2');
};

/** An error of esbuild's as its line. */
const describe = (message: Message, names: FileNames): string => {
  const { location } = message;
  if (location === null) return advised(whyOf(message, names.pathOf('.')));
  const file = names.pathOf(location.file);
  // esbuild counts bytes.
  const column = location.column - (location.line === 1 ? markBytesOf(file) : 0);
  const before = Buffer.from(location.lineText).subarray(0, column).toString();
  const place = `${names.nameOf(file)}:${location.line}:${before.length + 1}`;
  return advised(`${place}: ${whyOf(message, path.dirname(file))}`);
};

/** An author's own `import.meta` is an error; libraries ask whether there is one. */
export const isRefused = ({ id, location }: Message): boolean =>
  id === IMPORT_META && location !== null && !isLibrary(location.file);

const isMessages = (error: unknown): error is { readonly errors: readonly Message[] } =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

/** esbuild's errors, or warnings that count as such. */
export const failureOf = (messages: readonly Message[], names: FileNames): BundleFailure =>
  new BundleFailure(messages.map(each => describe(each, names)).join('\n'));

/** What esbuild has thrown, in the words of vats if it tells what is wrong with modules. */
export const retold = (error: unknown, names: FileNames): unknown =>
  isMessages(error) ? failureOf(error.errors, names) : error;

/** Nothing has been read yet. */
export const noBundler = (error: unknown): BundleFailure => {
  const needed =
    'the bundler, esbuild, does not run here; its program is in an optional package for this ' +
    'platform: install it here, and without --omit=optional';
  return new BundleFailure(`${needed}\n${describeError(error).trim()}`, { cause: error });
};
