/** All pieces, by kind. */
import { DAMAGES } from './pieces/damages.js';
import { ENDS_AMID } from './pieces/ends.js';
import { ERRORS } from './pieces/errors.js';
import { FLOODS_AMID } from './pieces/floods.js';
import { FORKS } from './pieces/forks.js';
import { GIANTS } from './pieces/giants.js';
import { HOSTS, LIVES } from './pieces/hosts.js';
import { LIMITS } from './pieces/limits.js';
import { LOOPS, MEMORY } from './pieces/loops.js';
import { MESHES } from './pieces/meshes.js';
import { NATIVES } from './pieces/natives.js';
import { PARSER } from './pieces/parser.js';
import { FLOODS, REALM } from './pieces/realm.js';
import { PIPES, WORKERS } from './pieces/workers.js';
import type { Kind } from './piece.js';

export const KINDS: readonly Kind[] = [
  ...[ERRORS, NATIVES, PARSER, GIANTS, REALM, FLOODS, HOSTS, LIVES],
  ...[FLOODS_AMID, MESHES, FORKS, ENDS_AMID, LIMITS, DAMAGES],
  ...[LOOPS, MEMORY, WORKERS, PIPES],
];
