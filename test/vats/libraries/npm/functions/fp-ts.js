import * as A from 'fp-ts/lib/Array.js';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as N from 'fp-ts/lib/number.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';

export const use = async () => [
  pipe(
    O.some(1),
    O.map(n => n + 1),
    O.getOrElse(() => 0),
  ),
  pipe(
    [3, 1, 2],
    A.sort(N.Ord),
    A.partition(n => n > 1),
  ),
  pipe(
    E.tryCatch(
      () => JSON.parse('{'),
      () => 'bad',
    ),
    E.swap,
  ),
  await pipe(
    TE.right(2),
    TE.chain(n => (n > 1 ? TE.left('big') : TE.right(n))),
  )(),
  pipe([O.some(1), O.none], A.compact),
];
