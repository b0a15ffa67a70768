/** Which room and floor a file belongs to, and what it may import: decisions over layers.mjs. */
import path from 'node:path';
import { TREES } from './layers.mjs';

const { posix } = path;

/** Tests and what they share know every room. */
export const isOutside = file => file.endsWith('.test.ts') || file.includes('/testing/');

/** The names of a tree's rooms. */
export const roomsOf = ({ floors }) => floors.flatMap(floor => Object.keys(floor));

/** From 1, the ground; 0 for a room that the table does not have. */
export const floorOf = ({ floors }, room) =>
  floors.findIndex(floor => Object.hasOwn(floor, room)) + 1;

/** The first part of the path below a tree's root; undefined for a file of another place. */
export const roomOf = ({ root }, file) =>
  file.startsWith(`${root}/`) ? file.slice(root.length + 1).split('/')[0] : undefined;

/** The file that a relative specifier of `importer` names, both from the root of the repository. */
export const resolveSpecifier = (importer, specifier) =>
  posix.join(posix.dirname(importer), specifier).replace(/\.js$/, '.ts');

/** Where the file stands that the table has no room for; undefined if there is no such tree. */
export const unknownRoom = file => {
  if (isOutside(file)) return undefined;
  const tree = TREES.find(each => {
    const room = roomOf(each, file);
    return room !== undefined && floorOf(each, room) === 0;
  });
  return tree && { tree, room: roomOf(tree, file) };
};

/**
 * What is wrong with one import, as a sentence; undefined if nothing is. `isType`: nothing of it
 * exists at run time.
 */
export const faultOf = ({ importer, imported, isType }) => {
  if (isOutside(importer)) return undefined;
  for (const tree of TREES) {
    const [from, to] = [roomOf(tree, importer), roomOf(tree, imported)];
    if (from === undefined || to === undefined || from === to) continue;
    if (isOutside(imported)) return 'Sources import nothing that is made for tests.';
    const [above, below] = [floorOf(tree, from), floorOf(tree, to)];
    // A room that is not in the table is told of by itself.
    if (above === 0 || below === 0 || above > below) continue;
    const isKnown = tree.backArrows.some(arrow => arrow.from === from && arrow.to === to);
    if (isKnown && isType) continue;
    return isKnown
      ? `${from} may import types of ${to}, which is above it, and nothing else (lint/layers.mjs).`
      : `${from} (floor ${above}) imports from lower floors only, and ${to} is on floor ${below}:` +
          ' move what both need down, or pass it in (lint/layers.mjs).';
  }
  return undefined;
};

/** A tree as text, the highest floor first. */
export const drawingOf = tree => {
  const width = Math.max(...roomsOf(tree).map(room => room.length));
  const floors = tree.floors.map((floor, index) =>
    Object.entries(floor).map(
      ([room, what], place) =>
        `${place === 0 ? index + 1 : ' '}  ${room.padEnd(width)}  ${what}`,
    ),
  );
  return `${tree.root}\n${floors.reverse().flat().join('\n')}`;
};
