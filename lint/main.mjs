/**
 * `npm run layers`: counts rooms, floors, arrows, circles and casts, and compares them with the
 * plan.
 *
 * Exit codes: 0 the plan is met; 1 it is not; 2 the arguments are wrong.
 */
import { parseArgs } from 'node:util';
import { figures } from './figures.mjs';
import { BACK_ARROWS_MAX, FLOORS_MAX, TREES } from './layers.mjs';
import { drawingOf } from './rooms.mjs';

const roomsMaxOf = name => TREES.find(({ root }) => root.endsWith(name)).roomsMax;
const [ROOMS_MAX, LIVESLOTS_ROOMS_MAX] = ['kernel/src', 'liveslots'].map(roomsMaxOf);

const HELP = `npm run layers -- [--json | --drawing] [--help]

Counts the rooms of each package, its floors, and the arrows between rooms (one for all imports of
one room from another), and compares them with the plan: rooms at one level at most ${ROOMS_MAX},
in liveslots ${LIVESLOTS_ROOMS_MAX}; at most ${FLOORS_MAX} floors;
at most ${BACK_ARROWS_MAX} arrows back up, of types alone;
no circle of run-time imports; no name of a file twice, index.ts aside;
of casts no more than lint/casts.mjs permits.

  --json      the figures as JSON, in one line
  --drawing   the layers of each package as text, the highest floor first
  --help      this text

The layers are declared in lint/layers.mjs; docs/internals/layers.md says what they are for.
Exit status: 0 the plan is met, 1 it is not, 2 wrong arguments.
`;

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

const run = ({ json, drawing }) => {
  if (drawing) return { text: TREES.map(drawingOf).join('\n\n'), isMet: true };
  const { faults, ...counted } = figures();
  const { isMet, trees, circles, names, casts } = counted;
  if (json) return { text: JSON.stringify(counted), isMet };
  const verdict = isMet ? 'The plan is met.' : 'The plan is not met.';
  return { text: [report(trees, circles, names, casts), ...faults, verdict].join('\n'), isMet };
};

const FLAG = { type: 'boolean' };
const FLAGS = { json: FLAG, drawing: FLAG, help: FLAG };

const flagsOf = args => {
  try {
    return parseArgs({ args, options: FLAGS }).values;
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
