/**
 * The tests have rooms that a stranger finds: every directory of `test`, and every `testing` folder
 * of a package, has an index (README.md) with a line for each file, and none for what is not there.
 * Models of the design import nothing of the product. Each check is shown what breaks it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** They are made, or configure a tool. */
const NOT_INDEXED = ['dist', 'node_modules', 'package.json', 'tsconfig.json'];
const INDEX = 'README.md';
/** Of rooms for helpers and fixtures, beside the index: more are not taken in at a glance. */
const ENTRIES_MAX = 12;

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const entriesOf = (directory: string) =>
  readdirSync(path.join(ROOT, directory), { withFileTypes: true })
    .filter(({ name }) => !NOT_INDEXED.includes(name) && !name.endsWith('.tsbuildinfo'))
    .map(entry => ({ at: path.posix.join(directory, entry.name), isRoom: entry.isDirectory() }));

/** All directories below one, itself first. */
const roomsBelow = (directory: string): string[] => [
  directory,
  ...entriesOf(directory).flatMap(({ at, isRoom }) => (isRoom ? roomsBelow(at) : [])),
];

const hasIndex = (directory: string): boolean =>
  existsSync(path.join(ROOT, directory, INDEX));

/** What an index must name: the files below it, and directories that have an index of their own. */
const toName = (directory: string): string[] =>
  entriesOf(directory).flatMap(({ at, isRoom }) => {
    if (!isRoom) return path.posix.basename(at) === INDEX ? [] : [at];
    return hasIndex(at) ? [path.posix.join(at, INDEX)] : toName(at);
  });

/** The files that a document links to, from the root of the repository. */
const linksOf = (document: string, text: string): string[] =>
  [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) =>
    path.posix.join(path.posix.dirname(document), link!),
  );

/** What is wrong with the index of a directory. */
const findingsIn = (directory: string, text: string): string[] => {
  const links = linksOf(path.posix.join(directory, INDEX), text);
  const missing = toName(directory).filter(file => !links.includes(file));
  const gone = links.filter(file => !existsSync(path.join(ROOT, file)));
  return [...missing.map(file => `no line: ${file}`), ...gone.map(file => `not there: ${file}`)];
};

const indexed = ['test', ...['store', 'worker', 'kernel'].map(name => `packages/${name}/src`)]
  .flatMap(roomsBelow)
  .filter(hasIndex);

const isTypeScript = (file: string): boolean => /\.m?ts$/.test(file);
const filesBelow = (directory: string): string[] =>
  roomsBelow(directory).flatMap(room =>
    entriesOf(room).flatMap(({ at, isRoom }) => (isRoom ? [] : [at])),
  );

/** What a source imports: names of packages, and files from the root of the repository. */
const importsOf = (file: string, text: string): string[] =>
  [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^'\n]+)'/g)].map(([, name]) =>
    name!.startsWith('.') ? path.posix.join(path.posix.dirname(file), name!) : name!,
  );

/** A model imports models, Node, what tests and compares, and random choices. */
const MAY_IMPORT = /^(test\/models\/|test\/support\/suite\/random\.js$|node:|vitest$|fast-check$)/;
const foreignImports = (file: string, text: string): string[] =>
  importsOf(file, text).filter(name => !MAY_IMPORT.test(name));

const isModelTest = (file: string): boolean => file.endsWith('.model.test.ts');
const usesModels = (file: string, text: string): boolean =>
  importsOf(file, text).some(name => name.startsWith('test/models/'));

describe('indexes', () => {
  test('rooms: every directory of test, every testing folder -> has an index', () => {
    const rooms = entriesOf('test').filter(({ isRoom }) => isRoom);
    expect(rooms.map(({ at }) => at).filter(at => !hasIndex(at))).toEqual([]);
    const folders = ['store', 'worker', 'kernel']
      .flatMap(name => roomsBelow(`packages/${name}/src`))
      .filter(room => room.endsWith('/testing'));
    expect(folders.length).toBeGreaterThan(4);
    expect(folders.filter(folder => !hasIndex(folder))).toEqual([]);
  });

  test.each(indexed)('rooms: %s -> a line for each file, none for what is not there', room => {
    expect(findingsIn(room, read(path.posix.join(room, INDEX)))).toEqual([]);
  });

  test('rooms: helpers and fixtures -> few entries at each level', () => {
    const rooms = ['test/support', 'test/vats', 'test/models'].flatMap(roomsBelow);
    const crowded = rooms.filter(room => entriesOf(room).length > ENTRIES_MAX + 1);
    expect(crowded).toEqual([]);
  });

  test('rooms: an index that leaves out a file, or names another -> told', () => {
    const text = read(`test/sync/${INDEX}`);
    const without = text.replaceAll('(state-sync.test.ts)', '(README.md)');
    expect(findingsIn('test/sync', without)).toEqual(['no line: test/sync/state-sync.test.ts']);
    const more = `${text}[no-such.ts](no-such.ts)`;
    expect(findingsIn('test/sync', more)).toEqual(['not there: test/sync/no-such.ts']);
    expect(findingsIn('test', '[sync](sync/README.md)')).toContain('no line: test/vats/README.md');
  });
});

/** `name` and the files that use it, of each line of the index of fixtures. */
const FIXTURE_LINE = /^\| \[([^\]]+)\]\([^)]+\) \| .* \| ([^|]*) \|$/gm;
const USERS_MAX = 6;

/** The files of `test` that name a fixture as tests do: `'bank.js'`, `'promises/holder.js'`. */
const usersOf = (name: string, sources: ReadonlyMap<string, string>): string[] =>
  [...sources].filter(([, text]) => new RegExp(`['/]${name}'`).test(text)).map(([file]) => file);

/** What is wrong with the users that the index of fixtures names. */
const wrongUsers = (index: string, sources: ReadonlyMap<string, string>): string[] =>
  [...index.matchAll(FIXTURE_LINE)].flatMap(([, name, cell]) => {
    const users = usersOf(name!, sources);
    if (cell === 'many') return users.length > USERS_MAX ? [] : [`${name}: not many`];
    const told = linksOf(`test/vats/${INDEX}`, cell!);
    const base = path.posix.basename(name!);
    const idle = told.filter(file => !read(file).includes(base));
    const untold = users.filter(file => !told.includes(file));
    return [...idle, ...untold].map(file => `${name}: ${file}`);
  });

describe('fixtures', () => {
  const files = filesBelow('test').filter(isTypeScript);
  const sources = new Map(
    files
      .filter(file => !/^test\/(vats|stores|mutations)\/|^test\/(rooms|house-style)\./.test(file))
      .map(file => [file, read(file)]),
  );
  const index = read(`test/vats/${INDEX}`);

  test('rooms: the index of fixtures -> says who uses each, and somebody does', () => {
    expect([...index.matchAll(FIXTURE_LINE)].length).toBeGreaterThan(35);
    expect(wrongUsers(index, sources)).toEqual([]);
  });

  test('rooms: a user left out, one too many, not many, none -> told', () => {
    const line = (name: string, cell: string): string =>
      wrongUsers(`| [${name}](${name}) | is. | ${cell} |`, sources).join();
    expect(line('garbage/leaker.js', '')).toBe('garbage/leaker.js: test/objects/leaks.test.ts');
    expect(line('garbage/leaker.js', 'many')).toBe('garbage/leaker.js: not many');
    const users = '[a](../objects/leaks.test.ts), [b](../objects/far.test.ts)';
    expect(line('garbage/leaker.js', users)).toBe('garbage/leaker.js: test/objects/far.test.ts');
  });
});

describe('models', () => {
  const tests = ['test', 'packages/store/src', 'packages/worker/src', 'packages/kernel/src']
    .flatMap(filesBelow)
    .filter(file => file.endsWith('.test.ts'));
  const index = read(`test/models/${INDEX}`);

  test('rooms: models -> import nothing of the product', () => {
    const models = filesBelow('test/models').filter(isTypeScript);
    expect(models.length).toBeGreaterThan(8);
    expect(models.flatMap(file => foreignImports(file, read(file)))).toEqual([]);
  });

  test('rooms: tests against a model -> have names of one kind, and a line in the index', () => {
    const others = tests.filter(file => !isModelTest(file) && !file.startsWith('test/models/'));
    expect(others.filter(file => usesModels(file, read(file)))).toEqual([]);
    const links = linksOf(`test/models/${INDEX}`, index);
    expect(tests.filter(file => isModelTest(file) && !links.includes(file))).toEqual([]);
  });

  test.each([
    ['a package', `import { openKernel } from '@heirloom/kernel';`, '@heirloom/kernel'],
    ['a type of it', `import type { A } from '@heirloom/worker';`, '@heirloom/worker'],
    ['a source', `export * from '../../packages/store/src/keys.js';`, 'packages/store/src/keys.js'],
    ['a helper', `await import('../support/drivers/admin.js');`, 'test/support/drivers/admin.js'],
    ['a library of vats', `import { M } from '@endo/patterns';`, '@endo/patterns'],
  ])('rooms: a model that imports %s -> told', (_title, text, what) => {
    expect(foreignImports('test/models/a.ts', text)).toEqual([what]);
  });
});
