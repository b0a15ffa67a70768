/**
 * The libraries of docs/libraries.md: where each is used (test/vats/libraries/npm), and what is to
 * be known of it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Library {
  /** On npm. */
  readonly name: string;
  /** In test/vats/libraries/npm, without `.js`. */
  readonly use: string;
  /** What an author should know of it in a vat. */
  readonly note?: string;
  /** A kind that `npm test` tries. */
  readonly isQuick?: true;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const fileOf = ({ use }: Library): string =>
  path.join(ROOT, 'test/vats/libraries/npm', `${use}.js`);

const NOTES = {
  redux: 'call `combineReducers` at the top of a module, for it asks for chance',
  bignumber: 'call `BigNumber.clone` at the top of a module, for it asks for chance',
  mathjs: 'chance by its option `randomSeed`',
  lodash:
    'what makes functions (`bind`, `partial`, `rest`, `overEvery`, a function of `curry` that is ' +
    'given less than it takes) asks for the time: at the top of a module only; `template` with ' +
    'its option `variable`',
  dates: 'its own now is refused: give it a time',
  uuid: '`v4`, `v7` with the options `random`, `msecs` and `seq`',
  nanoid: '`customRandom`, with bytes of your own',
};

export const LIBRARIES: readonly Library[] = [
  { name: 'zod', use: 'validation/zod', isQuick: true },
  { name: 'valibot', use: 'validation/valibot' },
  { name: 'superstruct', use: 'validation/superstruct' },
  { name: 'ajv', use: 'validation/ajv', isQuick: true },
  { name: 'yup', use: 'validation/yup' },
  { name: 'immer', use: 'state/immer' },
  { name: 'rxjs', use: 'state/rxjs' },
  { name: 'xstate', use: 'state/xstate' },
  { name: 'redux', use: 'state/redux', note: NOTES.redux, isQuick: true },
  { name: 'mobx', use: 'state/mobx' },
  { name: 'effect', use: 'functions/effect' },
  { name: 'fp-ts', use: 'functions/fp-ts' },
  { name: 'neverthrow', use: 'functions/neverthrow' },
  { name: 'ts-pattern', use: 'functions/ts-pattern' },
  { name: 'decimal.js', use: 'numbers/decimal' },
  { name: 'big.js', use: 'numbers/big' },
  { name: 'bignumber.js', use: 'numbers/bignumber', note: NOTES.bignumber },
  { name: 'fraction.js', use: 'numbers/fraction' },
  { name: 'mathjs', use: 'numbers/mathjs', note: NOTES.mathjs },
  { name: 'lodash', use: 'functions/lodash', note: NOTES.lodash, isQuick: true },
  { name: 'lodash-es', use: 'functions/lodash-es', note: NOTES.lodash },
  { name: 'ramda', use: 'functions/ramda' },
  { name: 'date-fns', use: 'texts/date-fns', note: NOTES.dates },
  { name: 'dayjs', use: 'texts/dayjs', note: NOTES.dates, isQuick: true },
  { name: 'semver', use: 'texts/semver' },
  { name: 'uuid', use: 'texts/uuid', note: NOTES.uuid },
  { name: 'nanoid', use: 'texts/nanoid', note: NOTES.nanoid },
  { name: 'tslib', use: 'functions/tslib' },
  { name: '@noble/hashes', use: 'bytes/noble-hashes', isQuick: true },
  { name: '@noble/curves', use: 'bytes/noble-curves' },
  { name: 'protobufjs', use: 'bytes/protobufjs', isQuick: true },
  { name: 'superjson', use: 'bytes/superjson' },
  { name: '@msgpack/msgpack', use: 'bytes/msgpack' },
  { name: 'cbor-x', use: 'bytes/cbor-x', isQuick: true },
  { name: 'js-yaml', use: 'texts/js-yaml' },
  { name: 'graphql', use: 'texts/graphql' },
  { name: 'marked', use: 'texts/marked' },
  { name: 'eventemitter3', use: 'state/eventemitter3' },
  { name: 'bs58', use: 'bytes/bs58' },
  { name: 'multiformats', use: 'bytes/multiformats' },
];

/** The files of their uses, in the order of the libraries. */
export const useFiles = (libraries: readonly Library[]): string[] => libraries.map(fileOf);

const require = createRequire(path.join(ROOT, 'test/package.json'));

/** What package.json says is installed: exact. */
export const versionOf = ({ name }: Library): string => {
  const { devDependencies } = require('./package.json') as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const version = devDependencies[name];
  if (version === undefined) throw Error(`test/package.json does not have ${name}`);
  const places = require.resolve.paths(name) ?? [];
  for (const place of places) {
    try {
      const text = readFileSync(path.join(place, name, 'package.json'), 'utf8');
      const installed = (JSON.parse(text) as { readonly version: string }).version;
      if (installed === version) return version;
      throw Error(`${name}: ${installed} is installed, not ${version}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw Error(`${name} is not installed`);
};

const importOf = (specifier: string): string => JSON.stringify(specifier);

/** The entry of a vat that answers `use()` with what the use of a library gives. */
export const vatSource = (library: Library): string =>
  [
    `import { Far } from ${importOf(require.resolve('@endo/far'))};`,
    `import { use } from ${importOf(fileOf(library))};`,
    `import { shown } from ${importOf(fileURLToPath(new URL('shown.mjs', import.meta.url)))};`,
    `export const buildRootObject = () => Far('root', { use: async () => shown(await use()) });`,
    '',
  ].join('\n');
