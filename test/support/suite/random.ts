/**
 * Seeded randomness for the models: one seed is one run, and a failure names its seed.
 */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  chance(probability: number): boolean;
}

/** The mulberry32 generator: 32 bits of state, good enough to choose what a model does next. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    below: bound => Math.floor(next() * bound),
    chance: probability => next() < probability,
  };
}

/** The runs of a model in which something went wrong, each with what to look for in it. */
export interface Failures {
  readonly runs: number;
  readonly failed: readonly string[];
}

/** Runs a model once per seed, from 1; `run` returns what went wrong, or undefined. */
export function runSeeds(runs: number, run: (seed: number) => string | undefined): Failures {
  const failed: string[] = [];
  for (let seed = 1; seed <= runs; seed += 1) {
    const problem = run(seed);
    if (problem !== undefined) failed.push(`seed ${seed}: ${problem}`);
  }
  return { runs, failed };
}

/** The seed that HEIRLOOM_SEED names, or so many that no run before has had. */
export function freshSeeds(count: number): readonly number[] {
  const given = process.env['HEIRLOOM_SEED'];
  if (given !== undefined) return [Number(given)];
  const first = Date.now() % 2 ** 31;
  return Array.from({ length: count }, (_, n) => first + n);
}

/** Runs a model once per fresh seed. Says which they are; an error names its own. */
export async function runFreshSeeds(
  name: string,
  count: number,
  run: (seed: number) => Promise<void>,
): Promise<void> {
  const seeds = freshSeeds(count);
  console.log(`${name}: HEIRLOOM_SEED=${seeds[0]} and ${seeds.length - 1} more`);
  for (const seed of seeds) {
    try {
      await run(seed);
    } catch (error) {
      throw Error(`HEIRLOOM_SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
}
