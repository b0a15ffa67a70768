/**
 * The lint rules that stand for the house style can fail: each is shown a line that breaks it.
 * `npm run lint` applies them to the sources; this guards the configuration itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, test } from 'vitest';

/** Files that exist: a typed rule needs a file of some project. The text is ours. */
const STORE = 'packages/store/src/types.ts';
const WORKER = 'packages/worker/src/protocol/refs.ts';
const IN_THREAD = 'packages/kernel/src/code/refusals.ts';
const SUPERVISOR = 'packages/worker/src/supervisor/turns.ts';
const TEST = 'test/support/suite/random.ts';
const VAT = 'test/vats/typescript/typed.ts';
const EXAMPLE = 'examples/purse/host.mjs';

const IMPORTS = '@typescript-eslint/no-restricted-imports';

const lines = (count: number): string => 'export {};\n'.repeat(count);
const functionOf = (count: number): string =>
  `export const f = () => {\n${'f();\n'.repeat(count - 2)}};\n`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

let eslint: ESLint;

beforeAll(() => {
  // Under CI=true typescript-eslint parses each file once: here one file has many texts.
  process.env['TSESTREE_SINGLE_RUN'] = 'false';
  eslint = new ESLint({ cwd: ROOT });
});

const rulesBroken = async (filePath: string, text: string): Promise<(string | null)[]> => {
  const [result] = await eslint.lintText(text, { filePath });
  if (result === undefined) throw Error(`eslint ignores ${filePath}`);
  return result.messages.map(message => message.ruleId);
};

describe('lint: what it refuses', () => {
  test.each([
    ['the store imports the worker', STORE, `import '@heirloom/worker';`, IMPORTS],
    ['the store imports the kernel', STORE, `import '@heirloom/kernel';`, IMPORTS],
    ['the worker imports lmdb', WORKER, `import 'lmdb';`, IMPORTS],
    ['the worker loads the whole store', WORKER, `import '@heirloom/store';`, IMPORTS],
    ['the worker imports the kernel', WORKER, `import '@heirloom/kernel';`, IMPORTS],
    ["the bundler's thread loads the store", IN_THREAD, `import '@heirloom/store';`, IMPORTS],
    ['a package climbs into another', WORKER, `import '../../../store/src/types.js';`, IMPORTS],
    ['randomness', STORE, `export const n = Math.random();`, 'no-restricted-properties'],
    ['the environment', STORE, `export const e = process.env.A;`, 'no-restricted-properties'],
    ['the clock', STORE, `export const d = new Date();`, 'no-restricted-globals'],
    ['an assert that only vats have', STORE, `assert(true);`, 'no-restricted-globals'],
    ['a turn outside the supervisor', STORE, `setImmediate(() => 1);`, 'no-restricted-globals'],
    ['a floating promise', STORE, `Promise.resolve();`, '@typescript-eslint/no-floating-promises'],
    ['an empty catch', STORE, `try { eval(''); } catch {}`, 'no-empty'],
    ['any', STORE, `export const a: any = 1;`, '@typescript-eslint/no-explicit-any'],
    ['an example imports the worker', EXAMPLE, `import '@heirloom/worker';`, IMPORTS],
    ['an example imports the store', EXAMPLE, `import '@heirloom/store/keys';`, IMPORTS],
    ['a file of 501 lines', STORE, lines(501), 'max-lines'],
    ['a function of 71 lines', STORE, functionOf(71), 'max-lines-per-function'],
    ['a long line', STORE, `export const a = '${'x'.repeat(100)}';`, 'max-len'],
  ])('lint: %s -> an error', async (_title, filePath, text, rule) => {
    expect(await rulesBroken(filePath, text)).toContain(rule);
  });

  // Every test of the repository is parsed for these: they are one project.
  test.each([
    ['a test imports a file of a package', TEST, `import '@heirloom/store/dist/a.js';`, IMPORTS],
    ['a test of 801 lines', TEST, lines(801), 'max-lines'],
  ])('lint: %s -> an error', { tags: ['thorough'] }, async (_title, filePath, text, rule) => {
    expect(await rulesBroken(filePath, text)).toContain(rule);
  });

  test('lint: a missing case of a union -> an error', { tags: ['thorough'] }, async () => {
    const text = `export const f = (u: 1 | 2) => { switch (u) { case 1: return 1; } return 2; };`;
    const rule = '@typescript-eslint/switch-exhaustiveness-check';
    expect(await rulesBroken(STORE, text)).toContain(rule);
  });
});

const TYPE_OF_STORE =
  "import type { ReadView } from '@heirloom/store';\nexport type VRef = ReadView;";

describe('lint: what it lets pass', () => {
  test.each([
    ['a type of the store', WORKER, TYPE_OF_STORE],
    ['a turn of the supervisor', SUPERVISOR, `setImmediate(() => 1);`],
    ['an example that imports the kernel', EXAMPLE, `import '@heirloom/kernel';`],
    ['a file of 500 lines', STORE, lines(500)],
    ['a function of 70 lines', STORE, functionOf(70)],
  ])('lint: %s -> no error', async (_title, filePath, text) => {
    expect(await rulesBroken(filePath, text)).toEqual([]);
  });

  test.each([
    ['a test of 800 lines', TEST, lines(800)],
    ['a test that takes a time', TEST, `performance.now();`],
  ])('lint: %s -> no error', { tags: ['thorough'] }, async (_title, filePath, text) => {
    expect(await rulesBroken(filePath, text)).toEqual([]);
  });
});

/** Our own rules need no types, and so no file that exists. */
const ourRules = new ESLint({
  cwd: ROOT,
  ruleFilter: ({ ruleId }) => ruleId.startsWith('heirloom/'),
  overrideConfig: {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: null } },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
  },
});

const ofOurRules = async (filePath: string, text: string): Promise<(string | null)[]> => {
  const [result] = await ourRules.lintText(text, { filePath: path.join(ROOT, filePath) });
  if (result === undefined) throw Error(`eslint ignores ${filePath}`);
  return result.messages.map(message => message.ruleId);
};

const KERNEL = 'packages/kernel/src';
const LIVESLOTS = 'packages/worker/src/liveslots';
const IN_STATE = `${KERNEL}/state/a.ts`;
const IN_OBJECTS = `${LIVESLOTS}/objects/a.ts`;
const LAYERS = 'heirloom/layers';
const CIRCLES = 'heirloom/no-circles';
const EXPORTS = 'heirloom/no-needless-exports';

interface Tree {
  readonly root: string;
  /** The rooms of each floor, from the ground up. */
  readonly names: readonly (readonly string[])[];
  readonly faults: readonly string[];
}

interface Casts {
  readonly root: string;
  readonly as: number;
  readonly bang: number;
  readonly faults: readonly string[];
}

interface CastsModule {
  compareCasts(
    counted: readonly Casts[],
    limits: readonly { readonly root: string; asMax: number; bangMax: number }[],
  ): Casts[];
}

interface Figures {
  readonly isMet: boolean;
  readonly trees: readonly Tree[];
  readonly casts: readonly Casts[];
  readonly circles: readonly { readonly circles: readonly (readonly string[])[] }[];
}

/** A module of `lint`: in this process it shares what our rules have read. */
const lintModule = <T>(name: string): Promise<T> =>
  import(pathToFileURL(path.join(ROOT, 'lint', name)).href) as Promise<T>;

const figures = (await lintModule<{ figures(): Figures }>('figures.mjs')).figures();

/** A file in `room`, and how a file in `from` would import it. */
const fileIn = (room: string): string => (room.endsWith('.ts') ? room : `${room}/a.ts`);
const importOf = (from: string, to: string): string => {
  const steps = from.endsWith('.ts') ? './' : '../';
  return `${steps}${fileIn(to).replace(/\.ts$/, '.js')}`;
};

/** Every room with those that are not below it, if there are any. */
const rooms = figures.trees.flatMap(({ root, names }) =>
  names.flatMap((floor, index) =>
    floor.map(room => {
      const others = names.slice(index).flat().filter(other => other !== room);
      return { root, room, others };
    }),
  ),
).filter(({ others }) => others.length > 0);

describe('layers: what lint refuses', () => {
  test.each(rooms)('layers: $root: $room imports $others -> errors', async at => {
    for (const other of at.others) {
      const text = `import '${importOf(at.room, other)}';`;
      expect(await ofOurRules(`${at.root}/${fileIn(at.room)}`, text)).toContain(LAYERS);
    }
  });

  test.each([
    ['a type of a room above', IN_STATE, `import type { A } from '../core/a.js';`],
    ['the same, exported', IN_STATE, `export type { A } from '../core/a.js';`],
    ['the same, without a name', IN_STATE, `export type A = import('../core/a.js').A;`],
    ['two floors up', `${KERNEL}/objects/a.ts`, `export * from '../wave/a.js';`],
    ['an import when it runs', IN_STATE, `await import('../core/a.js');`],
    ['back up, and no type', IN_OBJECTS, `import { a } from '../kinds/a.js';`],
    ['a name marked as type', IN_OBJECTS, `import { type A } from '../kinds/a.js';`],
    ['a folder without a floor', `${KERNEL}/attic/a.ts`, `export {};`],
    ['a file without a floor', `${KERNEL}/attic.ts`, `export {};`],
    ['what is made for tests', IN_STATE, `import '../testing/store.js';`],
  ])('layers: %s -> an error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toEqual([LAYERS]);
  });

  test.each([
    ['two files', 'packages/store/src/host-error.ts', `export * from './files/lock.js';`],
    ['a file and itself', 'test/support/suite/random.ts', `import './random.js';`],
    ['more than two', 'packages/store/src/host-error.ts', `import './whole/store-import.js';`],
    ['a name marked as type', 'bench/src/temporary.ts', `import { type A } from './fork.js';`],
  ])('circles: %s -> an error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toContain(CIRCLES);
  });
});

describe('layers: what lint lets pass', () => {
  test.each([
    ['a room below', `${KERNEL}/core/a.ts`, `import '../wave/a.js';`],
    ['a file of the same room', `${KERNEL}/core/a.ts`, `import './b.js';`],
    ['a type, back up', IN_OBJECTS, `import type { A } from '../kinds/a.js';`],
    ['a test of any room', `${KERNEL}/state/a.test.ts`, `import '../cli/main.js';`],
    ['a circle of types', 'bench/src/temporary.ts', `import type { A } from './fork.js';`],
  ])('layers: %s -> no error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toEqual([]);
  });
});

const WAYS_OUT = 'heirloom/ways-out';
const IN_STORE = 'packages/store/src/reader.ts';
const POWERS = '../base/kernel-host-powers.js';

describe('ways out: what lint refuses', () => {
  test.each([
    ['files', IN_STATE, `import fs from 'node:fs';`],
    ['files, when it runs', IN_STATE, `await import('node:fs/promises');`],
    ['files of the store', IN_STORE, `import { statSync } from 'node:fs';`],
    ['threads', `${KERNEL}/wave/a.ts`, `import { Worker } from 'node:worker_threads';`],
    ['a pool of threads', `${KERNEL}/wave/a.ts`, `import { Piscina } from 'piscina';`],
    ['child processes', `${KERNEL}/vats/zygotes.ts`, `export * from 'node:child_process';`],
    ['timers', `${KERNEL}/vats/watchdog.ts`, `import { setTimeout } from 'node:timers';`],
    ['a module nobody has thought about', IN_STATE, `import 'node:dgram';`],
    ['lmdb', IN_STORE, `import { open } from 'lmdb';`],
    ['the clock', `${KERNEL}/core/a.ts`, `import { nowMs } from '${POWERS}';`],
    ['the image', `${KERNEL}/core/a.ts`, `import { readImage } from '@heirloom/worker';`],
    ['a directory', `${KERNEL}/core/a.ts`, `import { directoryPlace } from '@heirloom/store';`],
    ['this process', `${KERNEL}/core/a.ts`, `export const { pid } = process;`],
    ['this process, by the global', IN_STATE, `export const { pid } = globalThis.process;`],
    ['a module taken whole', `${KERNEL}/core/a.ts`, `import * as p from '${POWERS}'; f(p);`],
    ['one passed on whole', `${KERNEL}/core/a.ts`, `export * from '${POWERS}';`],
    ['one taken when it runs', IN_STATE, `await import('@heirloom/store');`],
  ])('ways out: %s -> an error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toEqual([WAYS_OUT]);
  });

  test('ways out: the table -> names what there is', async () => {
    const { PLACES } = await lintModule<{ PLACES: Record<string, string> }>('ways-out.mjs');
    const gone = Object.keys(PLACES).filter(place => !existsSync(path.join(ROOT, place)));
    expect(gone).toEqual([]);
  });
});

describe('ways out: what lint lets pass', () => {
  test.each([
    ['a place of the table', `${KERNEL}/state/note-file.ts`, `import fs from 'node:fs';`],
    ['a folder of the table', `${KERNEL}/cli/a.ts`, `export const { pid } = process;`],
    ['what only computes', IN_STATE, `import { createHash } from 'node:crypto';`],
    ['a type', IN_STATE, `import type { Worker } from 'node:worker_threads';`],
    ['the engine', `${KERNEL}/core/a.ts`, `import { engineName } from '${POWERS}';`],
    ['a test', `${KERNEL}/state/a.test.ts`, `import fs from 'node:fs';`],
    ['the worker', 'packages/worker/src/zygote/warm.ts', `import fs from 'node:fs';`],
    ['what is called process', IN_STATE, `export const f = (process: A) => process;`],
  ])('ways out: %s -> no error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toEqual([]);
  });
});

const BRANDS = 'heirloom/brands';
const KREFS = `${KERNEL}/state/krefs.ts`;

describe('brands: what lint refuses', () => {
  test.each([
    ['a cast', IN_STATE, `f(n as KRef);`],
    ['a cast by way of unknown', IN_STATE, `f(n as unknown as KRef);`],
    ['a cast of another look', IN_STATE, `f(<KRef>n);`],
    ['a cast to a list', IN_STATE, `f(n as readonly KRef[]);`],
    ['a cast to a tuple, somewhere in it', IN_STATE, `f(n as [number, { readonly a: VatId }]);`],
    ['a cast in a test', `${KERNEL}/state/a.test.ts`, `f(n as VatNumber);`],
    ['a cast in a test of everything', 'test/kernel/a.test.ts', `f('v1' as VatId);`],
    ['a cast in the file of another brand', KREFS, `f(n as VatNumber);`],
    ['a predicate', IN_STATE, `const isRef = (n: unknown): n is KRef => true;`],
    ['an assertion', IN_STATE, `function f(n: unknown): asserts n is KRef {}`],
    ['a brand under another name', IN_STATE, `type K = KRef;`],
    ['an import under another name', IN_STATE, `import type { KRef as K } from './krefs.js';`],
    ['an export under another name', IN_STATE, `export type { KRef as K } from './krefs.js';`],
    ['a cast to an imported type', IN_STATE, `f(n as import('./krefs.js').KRef);`],
    ['an imported type by another name', IN_STATE, `type K = import('./krefs.js').KRef;`],
    ['a predicate about a list', IN_STATE, `const are = (n: unknown): n is KRef[] => true;`],
    ['a brand that the table lacks', IN_STATE, `type Wave = Brand<number, 'Wave'>;`],
  ])('brands: %s -> an error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toEqual([BRANDS]);
  });

  test('brands: the table -> names files that declare what it says', async () => {
    const { BRANDS: table } = await lintModule<{ BRANDS: Record<string, string> }>('brands.mjs');
    for (const [name, file] of Object.entries(table)) {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      expect(text, name).toMatch(new RegExp(`^export type ${name}\\b`, 'm'));
    }
  });
});

describe('brands: what lint lets pass', () => {
  test.each([
    ['a cast in the file of the brand', KREFS, `f(n as KRef);`],
    ['a predicate in the file of the brand', KREFS, `const f = (n: unknown): n is KRef => true;`],
    ['a brand in a file of the table', KREFS, `type Owner = Brand<number, 'Owner'>;`],
    ['a cast to something else', IN_STATE, `f(n as number);`],
    ['as const', IN_STATE, `f([1] as const);`],
    ['a predicate about something else', IN_STATE, `const f = (n: A): n is B => true;`],
    ['a list of a brand', IN_STATE, `type Krefs = readonly KRef[];`],
    ['a brand as a parameter', IN_STATE, `const f = (n: KRef): KRef => n;`],
  ])('brands: %s -> no error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toEqual([]);
  });
});

describe('exports: what nobody imports', () => {
  test.each([
    ['a value', `export const nobodyImportsThis = 1;`],
    ['a function', `export function nobodyImportsThis() {}`],
    ['a type', `export type NobodyImportsThis = 1;`],
    ['an interface', `export interface NobodyImportsThis {}`],
    ['a default', `export default 1;`],
    ['a name at the end', `const a = 1;\nexport { a as nobodyImportsThis };`],
    ['a name of another file', `export { nobodyImportsThis } from './journal.js';`],
    ['one of several', `export const [isPromiseKRef, nobodyImportsThis] = [1, 2];`],
  ])('exports: %s -> an error', async (_title, text) => {
    expect(await ofOurRules(`${KERNEL}/state/krefs.ts`, text)).toEqual([EXPORTS]);
  });

  test.each([
    ['an import', `${KERNEL}/state/krefs.ts`, `export const isPromiseKRef = 1;`],
    ['an import of a test', `${KERNEL}/state/row-table.ts`, `export class RowTable {}`],
    ['an import of a namespace', 'packages/store/src/codec/format.ts', `export const TAG_NIL = 1;`],
    ['a package.json', 'packages/store/src/keys.ts', `export const nobodyImportsThis = 1;`],
    ['a vat, which is loaded', VAT, `export const nobodyImportsThis = 1;`],
  ])('exports: what is named by %s -> no error', async (_title, filePath, text) => {
    expect(await ofOurRules(filePath, text)).toEqual([]);
  });
});

test('layers: npm run layers -> the plan is met', () => {
  expect(figures.trees.flatMap(({ faults }) => faults)).toEqual([]);
  expect(figures.circles.flatMap(({ circles }) => circles)).toEqual([]);
  expect(figures.isMet).toBe(true);
});

test('casts: one more than is permitted -> the plan is not met; as const is none', async () => {
  expect(figures.casts.flatMap(({ faults }) => faults)).toEqual([]);
  const { compareCasts } = await lintModule<CastsModule>('casts.mjs');
  const faultsWith = (less: number): readonly string[] => {
    const limits = figures.casts.map(({ root, as, bang }) =>
      ({ root, asMax: as - less, bangMax: bang - less }));
    return compareCasts(figures.casts, limits).flatMap(({ faults }) => faults);
  };
  expect(faultsWith(0)).toEqual([]);
  expect(faultsWith(1)).toHaveLength(2 * figures.casts.length);
  expect(faultsWith(1)[0]).toMatch(/^packages\/kernel\/src: \d+ times `as`, at most \d+$/);
  const text = readFileSync(path.join(ROOT, 'bench/src/parallel.ts'), 'utf8');
  expect(text).toContain(' as const');
  expect(figures.casts.find(({ root }) => root === 'bench/src')?.as).toBe(0);
});

test('layers: the drawings of ARCHITECTURE.md -> those of lint/layers.mjs', async () => {
  const text = readFileSync(path.join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const { TREES } = await lintModule<{ TREES: readonly unknown[] }>('layers.mjs');
  const { drawingOf } = await lintModule<{ drawingOf(tree: unknown): string }>('rooms.mjs');
  expect(TREES.length).toBeGreaterThan(3);
  for (const tree of TREES) expect(text).toContain(drawingOf(tree));
});
