/**
 * Casts: where a source says something of a value that the compiler cannot see. `x as T` and `x!`
 * are counted, `as const` is none; tests and folders called `testing` are not looked at.
 *
 * What is permitted is what there is: who adds a cast takes another one away.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { REPOSITORY, filesBelow, parse } from './imports.mjs';
import { isOutside } from './rooms.mjs';

/** The most that each tree may have of either. */
const CASTS_MAX = [
  { root: 'packages/kernel/src', asMax: 34, bangMax: 0 },
  { root: 'packages/worker/src', asMax: 20, bangMax: 9 },
  { root: 'packages/store/src', asMax: 3, bangMax: 0 },
  { root: 'bench/src', asMax: 0, bangMax: 0 },
];

const isCast = node =>
  (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) ||
  ts.isTypeAssertionExpression(node);

/** The casts of one file: how many `as`, how many `!`. */
const castsOf = file => {
  const source = parse(file, readFileSync(path.join(REPOSITORY, file), 'utf8'));
  const counts = { as: 0, bang: 0 };
  const visit = node => {
    if (isCast(node)) counts.as += 1;
    if (ts.isNonNullExpression(node)) counts.bang += 1;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return counts;
};

const sumOf = (counts, kind) => counts.reduce((sum, each) => sum + each[kind], 0);

/** How many there are in each tree. */
export const countCasts = () =>
  CASTS_MAX.map(({ root }) => {
    const counts = filesBelow(root).filter(file => !isOutside(file)).map(castsOf);
    return { root, as: sumOf(counts, 'as'), bang: sumOf(counts, 'bang') };
  });

/** The same beside what is permitted, and what is wrong. */
export const compareCasts = (counted, limits = CASTS_MAX) =>
  counted.map(({ root, as, bang }) => {
    const { asMax, bangMax } = limits.find(limit => limit.root === root);
    const faults = [
      ...(as > asMax ? [`${root}: ${as} times \`as\`, at most ${asMax}`] : []),
      ...(bang > bangMax ? [`${root}: ${bang} times \`!\`, at most ${bangMax}`] : []),
    ];
    return { root, as, asMax, bang, bangMax, faults };
  });
