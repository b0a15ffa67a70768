/**
 * What `npm run layers` counts: rooms, floors, arrows, circles, names and casts, and what of them
 * is not as the plan has it.
 */
import path from 'node:path';
import { compareCasts, countCasts } from './casts.mjs';
import { circlesOf, runTimeGraph } from './circles.mjs';
import { filesBelow, importsBelow } from './imports.mjs';
import { BACK_ARROWS_MAX, CIRCLE_ROOTS, FLOORS_MAX, NAME_ROOTS, TREES } from './layers.mjs';
import { faultOf, floorOf, isOutside, roomOf, roomsOf } from './rooms.mjs';

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

/** `isMet`: there is no fault. */
export const figures = () => {
  const trees = TREES.map(measure);
  const circles = CIRCLE_ROOTS.map(circlesBelow);
  const casts = compareCasts(countCasts());
  // liveslots is a tree within another: what is wrong there is found twice.
  const faults = [...new Set([...trees, ...casts].flatMap(tree => tree.faults))];
  const names = namesakes();
  const isStraight = circles.every(each => each.circles.length === 0);
  const isMet = faults.length === 0 && isStraight && names.length === 0;
  return { isMet, trees, circles, names, casts, faults };
};
