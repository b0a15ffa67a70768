/**
 * `npm run layers`: counts rooms, floors, arrows, circles and casts, and compares them with the
 * plan.
 *
 * Exit codes: 0 the plan is met; 1 it is not; 2 the arguments are wrong.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CASTS_MAX, casts } from './casts.mjs';
import { circlesOf, runTimeGraph } from './circles.mjs';
import { filesBelow, importsBelow } from './imports.mjs';
import { BACK_ARROWS_MAX, CIRCLE_ROOTS, FLOORS_MAX, NAME_ROOTS, TREES } from './layers.mjs';
import { drawingOf, faultOf, floorOf, isOutside, roomOf, roomsOf } from './rooms.mjs';

const roomsMaxOf = name => TREES.find(({ root }) => root.endsWith(name)).roomsMax;
const [ROOMS_MAX, LIVESLOTS_ROOMS_MAX] = ['kernel/src', 'liveslots'].map(roomsMaxOf);

const HELP = `npm run layers -- [--json | --drawing] [--casts-max N] [--help]

Counts the rooms of each package, its floors, and the arrows between rooms (one for all imports of
one room from another), and compares them with the plan: rooms at one level at most ${ROOMS_MAX},
in liveslots ${LIVESLOTS_ROOMS_MAX}; at most ${FLOORS_MAX} floors;
at most ${BACK_ARROWS_MAX} arrows back up, of types alone;
no circle of run-time imports; no name of a file twice, index.ts aside;
of casts no more than lint/casts.mjs permits.

  --json         the figures as JSON, in one line
  --drawing      the layers of each package as text, the highest floor first
  --casts-max N  at most N times \`as\` and N times \`!\` in each tree, instead of that table
  --help         this text

The layers are declared in lint/layers.mjs; docs/internals/layers.md says what they are for.
Exit status: 0 the plan is met, 1 it is not, 2 wrong arguments.
`;

/** Floors as the arrows make them, back arrows left out: the longest way down, in rooms. */
const heightOf = (tree, arrows) => {
  const heights = new Map();
  // Every arrow that counts points to a lower floor of the table.
  const heightFrom = room => {
    if (!heights.has(room)) {
      const below = arrows.filter(({ from, isBack }) => from === room && !isBack);
      heights.set(room, 1 + Math.max(0, ...below.map(({ to }) => heightFrom(to))));
    }
    return heights.get(room);
  };
  return Math.max(...roomsOf(tree).map(heightFrom));
};

const arrowsOf = (tree, imports) => {
  const arrows = new Map();
  for (const each of imports) {
    const from = roomOf(tree, each.importer);
    const to = roomOf(tree, each.imported);
    if (to === undefined || from === to) continue;
    const name = `${from} -> ${to}`;
    const isBack = floorOf(tree, from) <= floorOf(tree, to);
    const arrow = arrows.get(name) ?? { from, to, isBack, isType: true };
    arrows.set(name, { ...arrow, isType: arrow.isType && each.isType });
  }
  return [...arrows.values()];
};

const measure = tree => {
  const { root, roomsMax } = tree;
  const files = filesBelow(root).filter(file => !isOutside(file));
  const imports = importsBelow(root).filter(({ importer }) => !isOutside(importer));
  const rooms = [...new Set(files.map(file => roomOf(tree, file)))];
  const unknown = rooms.filter(room => floorOf(tree, room) === 0);
  const arrows = arrowsOf(tree, imports);
  const backArrows = arrows.filter(({ isBack }) => isBack);
  const floors = heightOf(tree, arrows);
  const faults = [
    ...unknown.map(room => `${room} is no room of lint/layers.mjs: give it a floor there`),
    ...roomsOf(tree)
      .filter(room => !rooms.includes(room))
      .map(room => `${room} is in lint/layers.mjs, and there is no such room: strike it off`),
    ...(rooms.length > roomsMax ? [`${rooms.length} rooms, at most ${roomsMax}`] : []),
    ...(floors > FLOORS_MAX ? [`${floors} floors, at most ${FLOORS_MAX}`] : []),
    ...(backArrows.length > BACK_ARROWS_MAX
      ? [`${backArrows.length} arrows back up, at most ${BACK_ARROWS_MAX}`]
      : []),
    ...imports.flatMap(each => {
      const fault = faultOf(each);
      return fault === undefined ? [] : [`${each.importer}, ${each.imported}: ${fault}`];
    }),
  ];
  const counts = { rooms: rooms.length, roomsMax, floors, arrows: arrows.length };
  const names = tree.floors.map(floor => Object.keys(floor));
  return { root, files: files.length, ...counts, names, backArrows, faults };
};

/** Sources of one name: on the walk of a message through the packages a name means one file. */
const namesakes = () => {
  const files = NAME_ROOTS.flatMap(filesBelow).filter(file => !isOutside(file));
  const byName = new Map();
  for (const file of files) {
    const name = path.basename(file);
    byName.set(name, [...(byName.get(name) ?? []), file]);
  }
  return [...byName].filter(([name, same]) => name !== 'index.ts' && same.length > 1);
};

const circlesBelow = root => ({ root, circles: circlesOf(runTimeGraph(importsBelow(root))) });

const HEADS = ['tree', 'files', 'rooms', 'floors', 'arrows', 'back up', 'of them types'];

const CAST_HEADS = ['tree', 'as', '!'];

const table = rows => {
  const [heads] = rows;
  const widths = heads.map((_, column) => Math.max(...rows.map(row => row[column].length)));
  return rows.map(row => row.map((cell, column) => cell.padEnd(widths[column])).join('  '));
};

const castTable = counted =>
  table([
    CAST_HEADS,
    ...counted.map(({ root, as, asMax, bang, bangMax }) => [
      root,
      `${as} of ${asMax}`,
      `${bang} of ${bangMax}`,
    ]),
  ]);

const report = (trees, circles, names, counted) => {
  const rows = trees.map(({ root, files, rooms, roomsMax, floors, arrows, backArrows }) => {
    const types = backArrows.filter(({ isType }) => isType);
    const [most, back] = [`${rooms} of ${roomsMax}`, `${backArrows.length} of ${BACK_ARROWS_MAX}`];
    const height = `${floors} of ${FLOORS_MAX}`;
    return [root, files, most, height, arrows, back, types.length].map(String);
  });
  const lines = table([HEADS, ...rows]);
  for (const { root, backArrows } of trees) {
    for (const { from, to, isType } of backArrows) {
      lines.push(`back up in ${root}: ${from} -> ${to}, ${isType ? 'types' : 'not only types'}`);
    }
  }
  lines.push(`run-time circles: ${circles.reduce((sum, each) => sum + each.circles.length, 0)}`);
  for (const way of circles.flatMap(each => each.circles)) lines.push(`  ${way.join(' -> ')}`);
  lines.push(`names that occur twice in these packages: ${names.length}`);
  for (const [, same] of names) lines.push(`  ${same.join(', ')}`);
  lines.push('', ...castTable(counted));
  return lines.map(line => line.trimEnd()).join('\n');
};

/** `most` of either kind in each tree, where it is given. */
const limitsOf = most =>
  most === undefined
    ? CASTS_MAX
    : CASTS_MAX.map(({ root }) => ({ root, asMax: Number(most), bangMax: Number(most) }));

const run = ({ json, drawing, 'casts-max': castsMax }) => {
  if (drawing) return { text: TREES.map(drawingOf).join('\n\n'), isMet: true };
  const trees = TREES.map(measure);
  const circles = CIRCLE_ROOTS.map(circlesBelow);
  const counted = casts(limitsOf(castsMax));
  // liveslots is a tree within another: what is wrong there is found twice.
  const faults = [...new Set([...trees, ...counted].flatMap(tree => tree.faults))];
  const names = namesakes();
  const isStraight = circles.every(each => each.circles.length === 0);
  const isMet = faults.length === 0 && isStraight && names.length === 0;
  const figures = { isMet, trees, circles, names, casts: counted };
  if (json) return { text: JSON.stringify(figures), isMet };
  const verdict = isMet ? 'The plan is met.' : 'The plan is not met.';
  return { text: [report(trees, circles, names, counted), ...faults, verdict].join('\n'), isMet };
};

const FLAG = { type: 'boolean' };
const FLAGS = { json: FLAG, drawing: FLAG, help: FLAG, 'casts-max': { type: 'string' } };

const flagsOf = args => {
  try {
    const { values } = parseArgs({ args, options: FLAGS });
    const { 'casts-max': most = '0' } = values;
    if (!/^[0-9]+$/.test(most)) throw Error(`--casts-max is a number, not ${most}`);
    return values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    return undefined;
  }
};

const flags = flagsOf(process.argv.slice(2));
if (flags === undefined) process.exitCode = 2;
else if (flags.help) process.stdout.write(HELP);
else {
  const { text, isMet } = run(flags);
  process.stdout.write(`${text}\n`);
  process.exitCode = isMet ? 0 : 1;
}
