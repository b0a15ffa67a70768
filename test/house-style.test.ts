/**
 * The lint rules that stand for the house style can fail: each is shown a line that breaks it.
 * `npm run lint` applies them to the sources; this guards the configuration itself.
 */
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, test } from 'vitest';

/** Files that exist: a typed rule needs a file of some project. The text is ours. */
const STORE = 'packages/store/src/types.ts';
const WORKER = 'packages/worker/src/protocol/refs.ts';
const SUPERVISOR = 'packages/worker/src/supervisor/turns.ts';
const TEST = 'test/models/random.ts';
const EXAMPLE = 'examples/purse/host.mjs';

const IMPORTS = '@typescript-eslint/no-restricted-imports';

const lines = (count: number): string => 'export {};\n'.repeat(count);
const functionOf = (count: number): string =>
  `export const f = () => {\n${'f();\n'.repeat(count - 2)}};\n`;

let eslint: ESLint;

beforeAll(() => {
  // Under CI=true typescript-eslint parses each file once: here one file has many texts.
  process.env['TSESTREE_SINGLE_RUN'] = 'false';
  eslint = new ESLint({ cwd: fileURLToPath(new URL('..', import.meta.url)) });
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
    ['a package climbs into another', WORKER, `import '../../../store/src/types.js';`, IMPORTS],
    ['randomness', STORE, `export const n = Math.random();`, 'no-restricted-properties'],
    ['the environment', STORE, `export const e = process.env.A;`, 'no-restricted-properties'],
    ['the clock', STORE, `export const d = new Date();`, 'no-restricted-globals'],
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

describe('lint: what it lets pass', () => {
  test.each([
    ['a type of the store', WORKER, `export type { ReadView } from '@heirloom/store';`],
    ['a turn of the supervisor', SUPERVISOR, `setImmediate(() => 1);`],
    ['an example that imports the kernel', EXAMPLE, `import '@heirloom/kernel';`],
    ['a file of 500 lines', STORE, lines(500)],
    ['a function of 70 lines', STORE, functionOf(70)],
  ])('lint: %s -> no error', async (_title, filePath, text) => {
    expect(await rulesBroken(filePath, text)).toEqual([]);
  });

  test.each([
    ['a test of 800 lines', TEST, lines(800)],
    ['a test that takes a time', TEST, `export const ms = performance.now();`],
  ])('lint: %s -> no error', { tags: ['thorough'] }, async (_title, filePath, text) => {
    expect(await rulesBroken(filePath, text)).toEqual([]);
  });
});
