/**
 * Five rules of ESLint: `layers` (which room imports from which), `no-circles` (no run-time
 * imports in a circle), `ways-out` (where the outside is reached), `brands` (who makes the values
 * of branded types) and `no-needless-exports` (what is exported is imported by another file).
 * test/house-style.test.ts shows that each can fail.
 */
import path from 'node:path';
import { declaresBrands, isForeignBrand } from './brands.mjs';
import { runTimeGraph, wayBetween } from './circles.mjs';
import { needlessExports } from './exports.mjs';
import { ALL, importsBelow, REPOSITORY } from './imports.mjs';
import { CIRCLE_ROOTS } from './layers.mjs';
import { faultOf, resolveSpecifier, unknownRoom } from './rooms.mjs';
import { isPlace, outsideOf } from './ways-out.mjs';

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

const WHOLE = ['ImportExpression', 'ExportAllDeclaration'];

/** The names that an import or a re-export takes and that exist at run time; ALL: the module. */
const runTimeNames = ({ type, specifiers = [] }) => {
  const isWhole = specifiers.some(each => each.type === 'ImportNamespaceSpecifier');
  if (isWhole || WHOLE.includes(type)) return [ALL];
  return specifiers
    .filter(({ importKind, exportKind }) => importKind !== 'type' && exportKind !== 'type')
    .map(({ imported, local }) => (imported ?? local).name);
};

const waysOut = {
  meta: {
    type: 'problem',
    docs: { description: 'The outside is reached in the places of a table only.' },
    schema: [],
  },
  create: context => {
    if (isPlace(fileOf(context))) return {};
    const report = (node, what) => {
      const message =
        `${what} is a way to the outside, and this file is no place for one: ` +
        'take it as an interface that host-ways.ts fills in (lint/ways-out.mjs).';
      context.report({ node, message });
    };
    const visit = (node, isType) => {
      if (typeof node.source?.value !== 'string' || isType) return;
      const outside = outsideOf(node.source.value, runTimeNames(node));
      if (outside !== undefined) report(node, outside);
    };
    return {
      ImportDeclaration: node => visit(node, node.importKind === 'type'),
      ExportNamedDeclaration: node => visit(node, node.exportKind === 'type'),
      ExportAllDeclaration: node => visit(node, node.exportKind === 'type'),
      ImportExpression: node => visit(node, false),
      'MemberExpression[object.name="globalThis"][property.name="process"]': node =>
        report(node, 'process'),
      'Program:exit': node => {
        const { through } = context.sourceCode.getScope(node);
        for (const { identifier, resolved } of through) {
          if (resolved === null && identifier.name === 'process') report(identifier, 'process');
        }
      },
    };
  },
};

const NAMING = ['TSTypeReference', 'TSImportType'];
/** Of `KRef`, of `krefs.KRef`, of `import('./krefs.js').KRef`. */
const nameOfType = ({ typeName, qualifier }) => {
  const name = typeName ?? qualifier;
  return name?.right?.name ?? name?.name;
};

const brands = {
  meta: {
    type: 'problem',
    docs: { description: 'Values of a branded type are made in the file that declares it.' },
    schema: [],
  },
  create: context => {
    const file = fileOf(context);
    const { visitorKeys } = context.sourceCode;
    const report = (node, message) => context.report({ node, message });
    /** Calls `check(node, name)` for each type that a type is made of. */
    const onNames = (type, check) => {
      if (NAMING.includes(type.type)) check(type, nameOfType(type));
      for (const key of visitorKeys[type.type] ?? []) {
        for (const part of [type[key]].flat()) if (part) onNames(part, check);
      }
    };
    const refuseMade = (type, how) =>
      onNames(type, (node, name) => {
        if (!isForeignBrand(name, file)) return;
        report(node, `${how} makes a ${name} here: call a function of the file that declares it.`);
      });
    const refuseRenamed = (node, { name: from }, { name: to }) => {
      if (!isForeignBrand(from, file) || from === to) return;
      report(node, `${from} is a brand, and keeps its name.`);
    };
    return {
      TSAsExpression: ({ typeAnnotation }) => refuseMade(typeAnnotation, 'A cast'),
      TSTypeAssertion: ({ typeAnnotation }) => refuseMade(typeAnnotation, 'A cast'),
      TSTypePredicate: ({ typeAnnotation }) => {
        if (typeAnnotation) refuseMade(typeAnnotation.typeAnnotation, 'A predicate');
      },
      ImportSpecifier: node => refuseRenamed(node, node.imported, node.local),
      ExportSpecifier: node => refuseRenamed(node, node.local, node.exported),
      TSTypeAliasDeclaration: ({ id, typeAnnotation: type }) => {
        if (!NAMING.includes(type.type)) return;
        if (isForeignBrand(nameOfType(type), file) && nameOfType(type) !== 'Brand') {
          report(id, `${id.name} is ${nameOfType(type)} by another name.`);
        }
      },
      TSTypeReference: node => {
        if (nameOfType(node) !== 'Brand' || declaresBrands(file)) return;
        report(node, 'Brands are declared in the files of lint/brands.mjs.');
      },
    };
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
  rules: {
    layers,
    'no-circles': noCircles,
    'ways-out': waysOut,
    brands,
    'no-needless-exports': noNeedlessExports,
  },
};
