/**
 * Exports that no other file imports: either they are dead, or `export` is a word too many.
 *
 * The files that `exports` of a package.json names are public, and so is what they pass on. Tests
 * count as importers. Names are read from the syntax alone, file by file.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ALL, filesBelow, importsOf, parse, REPOSITORY } from './imports.mjs';

const PACKAGES = ['packages/store', 'packages/worker', 'packages/kernel', 'bench'];
const ROOTS = [...PACKAGES.map(root => `${root}/src`), 'test', 'examples'];

/** What something other than an import loads, and what does. */
const LOADED = new Map([
  ['packages/worker/src/zygote/image-main.ts', 'the loader of the image'],
  ['packages/worker/src/zygote/entry.ts', 'thread-loader.ts, as a bundle'],
  ['packages/worker/src/zygote/older-guard.ts', 'image-repair.ts, as a bundle'],
  ['packages/worker/src/zygote/lmdb-addon.ts', 'scripts/build-image.mjs'],
  ['packages/worker/src/zygote/thread-loader.ts', 'Piscina'],
  ['packages/worker/src/zygote/testing/echo-supervisor.ts', 'build-image.mjs --supervisor'],
  ['packages/worker/src/testing/hostile-supervisor.ts', 'build-image.mjs --supervisor'],
  ['packages/kernel/src/code/bundler-thread.ts', 'Piscina'],
  ['packages/kernel/src/code/weaver-thread.ts', 'Piscina'],
  ['test/reference/swingset-workbench.ts', 'test/reference/vitest.config.ts, as an alias'],
  ['test/line-coverage/write-setup.ts', 'vitest.config.ts, as a set-up'],
  ['test/support/bundles/bundle-server.ts', 'vitest.config.ts, as a global set-up'],
  ['test/support/suite/summary.ts', 'vitest.config.ts, as a reporter'],
]);
/** They are read as importers only. */
const CONFIGURATIONS = ['vitest.config.ts', 'test/reference/vitest.config.ts'];
const isLoaded = file =>
  LOADED.has(file) || CONFIGURATIONS.includes(file) || file.startsWith('test/vats/');

/** The sources that `exports` of a package.json name. */
const entriesOf = root => {
  const manifest = JSON.parse(readFileSync(path.join(REPOSITORY, root, 'package.json'), 'utf8'));
  return Object.values(manifest.exports ?? {}).flatMap(({ types }) =>
    types.startsWith('./dist/')
      ? [path.posix.join(root, types.replace('./dist/', 'src/').replace('.d.ts', '.ts'))]
      : [],
  );
};

const boundNames = name =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap(each => (ts.isBindingElement(each) ? boundNames(each.name) : []));

const hasModifier = (node, kind) =>
  ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(modifier => modifier.kind === kind);

/** Names that a statement exports, of its own file and of others. */
const namesOf = node => {
  if (ts.isExportAssignment(node)) return ['default'];
  if (ts.isExportDeclaration(node)) {
    const clause = node.exportClause;
    return clause !== undefined && ts.isNamedExports(clause)
      ? clause.elements.map(it => it.name.text)
      : [];
  }
  if (!hasModifier(node, ts.SyntaxKind.ExportKeyword)) return [];
  if (hasModifier(node, ts.SyntaxKind.DefaultKeyword)) return ['default'];
  return ts.isVariableStatement(node)
    ? node.declarationList.declarations.flatMap(({ name }) => boundNames(name))
    : [node.name.text];
};

/** `file: name` of all that files of the repository take from each other. */
const readUses = () => {
  const files = new Set([...ROOTS.flatMap(filesBelow), ...CONFIGURATIONS]);
  for (const file of LOADED.keys()) {
    if (!files.has(file)) throw Error(`lint/exports.mjs: LOADED names ${file}, which is not there`);
  }
  const imports = [...files].flatMap(importsOf);
  const uses = imports.flatMap(({ imported, names }) => names.map(name => `${imported}: ${name}`));
  return { files, uses: new Set(uses), entries: PACKAGES.flatMap(entriesOf) };
};

/** Read once in a process. */
let known;

/**
 * What `file`, with this text, exports for nobody: `{ name, line }` of each, in order. A file that
 * the repository does not have yet has no importers either: nothing is said of it.
 */
export const needlessExports = (file, text) => {
  known ??= readUses();
  const { files, uses, entries } = known;
  if (!files.has(file) || entries.includes(file) || isLoaded(file)) return [];
  if (uses.has(`${file}: ${ALL}`)) return [];
  const source = parse(file, text);
  return source.statements.flatMap(node => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    const needless = namesOf(node).filter(name => !uses.has(`${file}: ${name}`));
    return needless.map(name => ({ name, line: line + 1 }));
  });
};
