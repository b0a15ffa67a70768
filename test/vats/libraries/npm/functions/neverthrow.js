import { err, errAsync, ok, okAsync, Result, ResultAsync, safeTry } from 'neverthrow';

const parse = Result.fromThrowable(JSON.parse, () => 'bad JSON');

export const use = async () => [
  ok(2)
    .map(n => n * 3)
    .andThen(n => (n > 5 ? ok(n) : err('small')))
    .unwrapOr(0),
  [
    parse('{"a":1}').unwrapOr(null),
    parse('{').match(
      () => 'good',
      error => error,
    ),
  ],
  Result.combine([ok(1), err('two'), err('three')]).isErr(),
  Result.combineWithAllErrors([ok(1), err('two'), err('three')]).error,
  await okAsync(1)
    .andThen(n => errAsync(n + 1))
    .orElse(n => ok(n + 1))
    .unwrapOr(0),
  await ResultAsync.fromPromise(Promise.reject(Error('x')), error => error.message).match(
    () => 0,
    it => it,
  ),
  safeTry(function* () {
    return ok((yield* ok(4)) + (yield* ok(5)));
  }).unwrapOr(0),
];
