/**
 * Three rules of ESLint: `layers` (which room imports from which), `no-circles` (no run-time
 * imports in a circle) and `no-needless-exports` (what is exported is imported by another file).
 * test/house-style.test.ts shows that each can fail.
 */
import path from 'node:path';
import { runTimeGraph, wayBetween } from './circles.mjs';
import { needlessExports } from './exports.mjs';
import { importsBelow, REPOSITORY } from './imports.mjs';
import { CIRCLE_ROOTS } from './layers.mjs';
import { faultOf, resolveSpecifier, unknownRoom } from './rooms.mjs';

const fileOf = context =>
  path.relative(REPOSITORY, context.filename).replaceAll(path.sep, '/');

/** Calls `check(node, import)` for each relative import of the file. */
const onImports = (context, check) => {
  const importer = fileOf(context);
  const visit = (node, source, isType) => {
    if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
    check(node, { importer, imported: resolveSpecifier(importer, source.value), isType });
  };
  return {
    ImportDeclaration: node => visit(node, node.source, node.importKind === 'type'),
    ExportNamedDeclaration: node => visit(node, node.source, node.exportKind === 'type'),
    ExportAllDeclaration: node => visit(node, node.source, node.exportKind === 'type'),
    ImportExpression: node => visit(node, node.source, false),
    TSImportType: node => visit(node, node.source ?? node.argument?.literal, true),
  };
};

const layers = {
  meta: {
    type: 'problem',
    docs: { description: 'A room imports from rooms of lower floors only.' },
    schema: [],
  },
  create: context => ({
    Program: node => {
      const unknown = unknownRoom(fileOf(context));
      if (unknown === undefined) return;
      const { room, tree } = unknown;
      const message = `${room} is no room of ${tree.root}: give it a floor in lint/layers.mjs.`;
      context.report({ node, message });
    },
    ...onImports(context, (node, each) => {
      const message = faultOf(each);
      if (message !== undefined) context.report({ node, message });
    }),
  }),
};

/** By root: the files are read once in a process. */
const graphs = new Map();
const graphOf = root => {
  if (!graphs.has(root)) graphs.set(root, runTimeGraph(importsBelow(root)));
  return graphs.get(root);
};

const noCircles = {
  meta: {
    type: 'problem',
    docs: { description: 'Run-time imports do not go in a circle.' },
    schema: [],
  },
  create: context => {
    const file = fileOf(context);
    const root = CIRCLE_ROOTS.find(each => file.startsWith(`${each}/`));
    if (root === undefined) return {};
    return onImports(context, (node, { imported, isType }) => {
      if (isType) return;
      const way = wayBetween(graphOf(root), imported, file);
      if (way === undefined) return;
      const names = [file, ...way].map(name => path.posix.relative(root, name));
      const message =
        `This import closes a circle, ${names.join(' -> ')}: ` +
        'import a type, or move what both need into a file of its own.';
      context.report({ node, message });
    });
  },
};

const noNeedlessExports = {
  meta: {
    type: 'problem',
    docs: { description: 'What a file exports is imported by another file.' },
    schema: [],
  },
  create: context => ({
    Program: () => {
      for (const { name, line } of needlessExports(fileOf(context), context.sourceCode.text)) {
        const message = `No other file imports ${name}: strike off the word export, or all of it.`;
        context.report({ loc: { line, column: 0 }, message });
      }
    },
  }),
};

export const heirloom = {
  rules: { layers, 'no-circles': noCircles, 'no-needless-exports': noNeedlessExports },
};
