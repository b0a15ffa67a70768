/** All pieces, by kind. */
import { ERRORS } from './pieces/errors.js';
import { GIANTS } from './pieces/giants.js';
import { HOSTS, LIVES } from './pieces/hosts.js';
import { LOOPS, MEMORY } from './pieces/loops.js';
import { NATIVES } from './pieces/natives.js';
import { PARSER } from './pieces/parser.js';
import { FLOODS, REALM } from './pieces/realm.js';
import { PIPES, WORKERS } from './pieces/workers.js';
import type { Kind } from './piece.js';

export const KINDS: readonly Kind[] = [
  ...[ERRORS, NATIVES, PARSER, GIANTS, REALM, FLOODS, HOSTS, LIVES],
  ...[LOOPS, MEMORY, WORKERS, PIPES],
];
