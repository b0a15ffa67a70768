/** What moving-host.mjs does in which block, as far as it can be said without a kernel. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Purses that stay bound to names. */
export const NAMES_MAX = 12;
export const FIRST_PURSE_AT = 3;

/** Numbers below a limit: the same for a seed and a height. */
export const randomOf = (seed, height) => {
  const generator = xoroshiro128plus(seed * 1_009 + height);
  return limit => uniformInt(generator, 0, limit - 1);
};

/**
 * What is done at a height when so many names are bound. `at`: the place of a name in their order.
 *
 * @returns {{ pays: { at: number, amount: number }[], unbindsAt: number | undefined,
 *   balance: number }}
 */
export const planOf = (seed, height, names) => {
  const random = randomOf(seed, height);
  const pays = [];
  for (let n = 0; n < 3 && names > 0; n += 1) {
    pays.push({ at: random(names), amount: random(100) });
  }
  const unbindsAt = names > NAMES_MAX ? random(names) : undefined;
  return { pays, unbindsAt, balance: random(1_000) };
};

/** What all purses hold in the end, and how many names are bound, by arithmetic alone. */
export const expectedAt = (seed, until, adoptAt) => {
  let total = 0;
  let names = 0;
  let isNew = false;
  for (let height = FIRST_PURSE_AT; height <= until; height += 1) {
    if (adoptAt.includes(height)) continue;
    if (isNew) names += 1;
    const { pays, unbindsAt, balance } = planOf(seed, height, names);
    if (unbindsAt !== undefined) names -= 1;
    total += balance + pays.reduce((sum, { amount }) => sum + amount, 0);
    isNew = true;
  }
  return { total, names };
};
