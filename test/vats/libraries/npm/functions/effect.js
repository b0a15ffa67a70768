import { Context, Effect, Option, pipe, Result, Schema } from 'effect';

class Tax extends Context.Service()('Tax') {}

export const use = async () => {
  const price = Effect.gen(function* () {
    const tax = yield* Tax;
    const net = yield* Effect.succeed(20);
    return net + tax;
  });
  const withTax = Effect.provideService(price, Tax, 1);
  const Age = Schema.Struct({ age: Schema.Number });
  return [
    Effect.runSync(withTax),
    await Effect.runPromise(Effect.all([withTax, Effect.promise(() => Promise.resolve(2))])),
    Result.isFailure(Effect.runSync(Effect.result(Effect.fail('no')))),
    pipe(
      Option.some(2),
      Option.map(n => n * 2),
      Option.getOrElse(() => 0),
    ),
    Schema.decodeUnknownOption(Age)({ age: 3 }),
    Option.isNone(Schema.decodeUnknownOption(Age)({ age: 'x' })),
  ];
};
