/** What the files of the repository import from each other, read by the TypeScript compiler. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { resolveSpecifier } from './rooms.mjs';

export const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** Declarations of a file by which it imports: specifier, and whether they leave a trace in JS. */
const importsIn = source => {
  const found = [];
  const add = (node, isType) => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push([node.text, isType]);
  };
  const visit = node => {
    // `import { type A }` is an import of no names at run time (verbatimModuleSyntax).
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, !!node.importClause?.isTypeOnly);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
};

/** Sources below `root`, from the root of the repository, in order of their names. */
export const filesBelow = root =>
  readdirSync(path.join(REPOSITORY, root), { recursive: true, encoding: 'utf8' })
    .map(name => path.posix.join(root, name.replaceAll(path.sep, '/')))
    .filter(name => name.endsWith('.ts') && !name.includes('/dist/'))
    .filter(name => !name.includes('/node_modules/'))
    .sort();

const readImports = importer => {
  const text = readFileSync(path.join(REPOSITORY, importer), 'utf8');
  const source = ts.createSourceFile(importer, text, ts.ScriptTarget.Latest);
  return importsIn(source)
    .filter(([specifier]) => specifier.startsWith('.'))
    .map(([specifier, isType]) => ({
      importer,
      imported: resolveSpecifier(importer, specifier),
      isType,
    }));
};

/** By file: each is read once in a process. */
const known = new Map();

const importsOf = file => {
  if (!known.has(file)) known.set(file, readImports(file));
  return known.get(file);
};

/** The relative imports of all files below `root`: `{ importer, imported, isType }`. */
export const importsBelow = root => filesBelow(root).flatMap(importsOf);
