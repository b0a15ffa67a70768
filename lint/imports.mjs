/** What the files of the repository import from each other, read by the TypeScript compiler. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { resolveSpecifier } from './rooms.mjs';

export const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** The name of what is imported whole: nobody can tell which names are used. */
export const ALL = '*';

export const parse = (file, text) => ts.createSourceFile(file, text, ts.ScriptTarget.Latest);

/** Names of `bound.name` and the like. */
const membersOf = (source, bound) => {
  const names = [];
  const visit = node => {
    if (ts.isPropertyAccessExpression(node) && node.expression.getText(source) === bound) {
      names.push(node.name.text);
    } else if (ts.isQualifiedName(node) && node.left.getText(source) === bound) {
      names.push(node.right.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
};

const importedNames = (source, { importClause }) => {
  if (importClause === undefined) return [];
  const names = importClause.name === undefined ? [] : ['default'];
  const bindings = importClause.namedBindings;
  if (bindings === undefined) return names;
  if (ts.isNamespaceImport(bindings)) return [...names, ...membersOf(source, bindings.name.text)];
  return [...names, ...bindings.elements.map(each => (each.propertyName ?? each.name).text)];
};

const passedOnNames = ({ exportClause }) =>
  exportClause !== undefined && ts.isNamedExports(exportClause)
    ? exportClause.elements.map(each => (each.propertyName ?? each.name).text)
    : [ALL];

/** What a file imports: `{ specifier, isType, names }`; `isType`: it leaves no trace in JS. */
const importsIn = source => {
  const found = [];
  const add = (node, isType, names) => {
    if (node !== undefined && ts.isStringLiteralLike(node)) {
      found.push({ specifier: node.text, isType, names });
    }
  };
  const visit = node => {
    // `import { type A }` is an import of no names at run time (verbatimModuleSyntax).
    if (ts.isImportDeclaration(node)) {
      const isType = !!node.importClause?.isTypeOnly;
      add(node.moduleSpecifier, isType, importedNames(source, node));
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly, passedOnNames(node));
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const name = node.qualifier?.getText(source).split('.')[0] ?? ALL;
      add(node.argument.literal, true, [name]);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false, [ALL]);
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
  return importsIn(parse(importer, text))
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, isType, names }) => ({
      importer,
      imported: resolveSpecifier(importer, specifier),
      isType,
      names,
    }));
};

/** By file: each is read once in a process. */
const known = new Map();

/** The relative imports of a file: `{ importer, imported, isType, names }`. */
export const importsOf = file => {
  if (!known.has(file)) known.set(file, readImports(file));
  return known.get(file);
};

/** Those of all files below `root`. */
export const importsBelow = root => filesBelow(root).flatMap(importsOf);
