/** Sessions of the fuzz, a few of each kind, by fixed seeds: `npm run fuzz` has others. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { hostileImage } from '../support/hostile/hostile-worker.js';
import { fixture, freshDirectory } from '../support/kernels/fresh-kernels.js';
import { amount } from '../support/suite/amounts.js';
import { FUZZ_KINDS } from './case.js';
import { fuzzSession } from './fuzz.js';
import { liveSession, type Bench, type SessionPlan } from './session.js';

const SESSIONS = amount({ quick: 1, thorough: 3 });
const CASES_MAX = amount({ quick: 2, thorough: 8 });
const SIZED = { tags: ['sized'] };

let bench: Bench;
beforeAll(async () => {
  const directory = await freshDirectory();
  const [bundles, image] = ['bundles.json', 'image.json'].map(name => join(directory, name));
  const till = await fixture('faulty/till.js');
  const innocent = await fixture('faulty/innocent.js');
  const workbench = await fixture('workbench.js');
  await writeFile(bundles!, JSON.stringify({ till, innocent, workbench }));
  await writeFile(image!, JSON.stringify(await hostileImage()));
  bench = { root: new URL('../../', import.meta.url), bundles: bundles!, image: image! };
});

const VARIANT = { isolation: 'thread', collectsEveryCrank: false } as const;

describe('fuzz:', () => {
  test.each(FUZZ_KINDS)('%s -> nothing is wrong', SIZED, async kind => {
    for (let seed = 1; seed <= SESSIONS; seed += 1) {
      const options = { bench, kind, seed, casesMax: CASES_MAX, shrinksMax: 0 };
      const { cases, failure } = await fuzzSession(options);
      expect(cases).toBeGreaterThan(0);
      expect(failure?.wrong, JSON.stringify(failure)).toBeUndefined();
    }
  });

  test('a host that stops -> told', async () => {
    const code = `console.log('looping'); for (;;) {}`;
    const plan: SessionPlan = {
      cases: [{ kind: 'errors', what: 'a loop', steps: [['hostile', code]] }],
      variant: { ...VARIANT, maxVatsOnline: 50, restartEvery: 0 },
      isTakenOver: false,
    };
    expect(await liveSession(bench, plan)).toMatch(/^errors, a loop: the host stops: /);
  });
});
