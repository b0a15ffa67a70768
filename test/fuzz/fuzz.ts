/** Sessions of random cases: a seed is a session; one that fails is made smaller. */
import fc from 'fast-check';
import type { FuzzCase, FuzzKind } from './case.js';
import { errorCases } from './errors.js';
import { frameCases } from './frames.js';
import { nativeCases } from './natives.js';
import { parserCases } from './parsers.js';
import { liveSession, type Bench, type SessionPlan, type Variant } from './session.js';

const CASES: Readonly<Record<FuzzKind, fc.Arbitrary<FuzzCase>>> = {
  errors: errorCases,
  parsers: parserCases,
  natives: nativeCases,
  frames: frameCases,
};

const variant: fc.Arbitrary<Variant> = fc.record({
  isolation: fc.constantFrom('thread', 'process'),
  collectsEveryCrank: fc.boolean(),
  maxVatsOnline: fc.constantFrom(1, 3, 50),
  restartEvery: fc.constantFrom(0, 1, 3),
});

/** A session has workers of one sort: those of frames can be taken over. */
const planOf = (kind: FuzzKind, casesMax: number): fc.Arbitrary<SessionPlan> =>
  fc.record({
    cases: fc.array(CASES[kind], { minLength: 1, maxLength: casesMax, size: 'max' }),
    variant,
    isTakenOver: fc.constant(kind === 'frames'),
  });

export interface FuzzFailure {
  readonly seed: number;
  readonly kind: FuzzKind;
  readonly wrong: string;
  /** As small as it got. */
  readonly plan: SessionPlan;
}

interface SessionOptions {
  readonly bench: Bench;
  readonly kind: FuzzKind;
  readonly seed: number;
  readonly casesMax: number;
  /** Sessions that a failing one may be made smaller by. */
  readonly shrinksMax: number;
  /** Told of each wrong session: of the first, and of smaller ones. */
  readonly onWrong?: (seed: number, wrong: string) => void;
}

interface SessionEnd {
  readonly cases: number;
  readonly failure?: FuzzFailure;
}

/** Lives through the session of a seed. */
export const fuzzSession = async (options: SessionOptions): Promise<SessionEnd> => {
  const { bench, kind, seed, casesMax, shrinksMax, onWrong } = options;
  let lived = 0;
  let cases = 0;
  let smallest: Omit<FuzzFailure, 'seed' | 'kind'> | undefined;
  const property = fc.asyncProperty(planOf(kind, casesMax), async plan => {
    if (lived > shrinksMax) return;
    lived += 1;
    if (lived === 1) cases = plan.cases.length;
    const wrong = await liveSession(bench, plan);
    if (wrong === undefined) return;
    smallest = { wrong, plan };
    onWrong?.(seed, wrong);
    throw Error(wrong);
  });
  await fc.check(property, { seed, numRuns: 1 });
  return smallest === undefined ? { cases } : { cases, failure: { seed, kind, ...smallest } };
};
