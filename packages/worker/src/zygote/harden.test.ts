import { beforeAll, describe, expect, test } from 'vitest';
import { amount } from '../../../../test/support/suite/amounts.js';
import { buildFixtures, runFixture } from './testing/run-fixture.js';

const GRAPHS = amount({ quick: 1000, thorough: 3000 });

interface Found {
  readonly failure?: string;
  readonly stats: { readonly graphs: number; readonly thrown: number; readonly nodesMax: number };
  readonly reentrant: unknown;
  readonly marks: unknown;
}

describe('harden', { tags: ['sized'] }, () => {
  let found: Found;
  const seed = Number(process.env['HARDEN_SEED'] ?? 20260101);

  beforeAll(async () => {
    const directory = await buildFixtures('harden', ['testing/harden-fixture']);
    const args = [String(GRAPHS), String(seed)];
    found = (await runFixture(`${directory}/harden-fixture.js`, { args })) as Found;
  });

  test(`harden: random graphs, seed ${seed} -> as SES: result, traps, frozen, marks`, () => {
    expect(found.failure).toBeUndefined();
    expect(found.stats.graphs).toBe(GRAPHS);
    expect(found.stats.thrown).toBeGreaterThan(GRAPHS / 100);
    expect(found.stats.thrown).toBeLessThan(GRAPHS * 0.8);
    expect(found.stats.nodesMax).toBeGreaterThan(30);
  });

  test('harden: a trap hardens what is pending -> frozen when it returns, marked once', () => {
    expect(found.reentrant).toEqual([true, true, true]);
  });

  test('harden: marks -> not inherited, not seen through proxies, not given by freeze', () => {
    expect(found.marks).toEqual({
      child: false,
      proxy: false,
      frozenOnly: false,
      born: true,
      again: true,
      primitive: true,
    });
  });
});
