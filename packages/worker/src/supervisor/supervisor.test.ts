/**
 * The supervisor as the kernel sees it: start, waves, faults, upgrade, replay.
 */
import { makePlainHarness } from '../testing/plain-worker.js';
import { describe, expect, it } from 'vitest';
import { FromWorker } from '../protocol/messages.js';

/** A durable counter kind, a list of what arrived, and a heap that replay has to rebuild. */
const COUNTERS = `(() => {
  const { makeKindHandle, defineDurableKind } = VatData;
  const buildRootObject = (vatPowers, parameters, baggage) => {
    const handle = baggage.has('handle') ? baggage.get('handle') : makeKindHandle('counter');
    if (!baggage.has('handle')) baggage.init('handle', handle);
    const makeCounter = defineDurableKind(handle, n => ({ n }), {
      add: ({ state }, n) => { state.n += n; return state.n; },
      get: ({ state }) => state.n,
    });
    let calls = 0;
    return Far('root', {
      make(name, n) { calls += 1; baggage.init(name, makeCounter(n)); return baggage.get(name); },
      add(name, n) { calls += 1; return baggage.get(name).add(n); },
      drop(name) { calls += 1; baggage.delete(name); },
      names: () => [...baggage.keys()].filter(k => k !== 'handle').join(),
      calls: () => calls,
      spin() { console.log('spun', calls); throw RangeError('no'); },
    });
  };
  return { buildRootObject };
})()`;

describe('supervisor: waves', () => {
  it('a wave of more cranks than a chunk -> every crank, in order', async () => {
    const vat = makePlainHarness();
    expect((await vat.start(COUNTERS)).outcome).toBeNull();
    await vat.call('o+0', 'make', 'a', 1);
    const deliveries = Array.from({ length: 700 }, (_, i) =>
      vat.message('o+0', 'add', ['a', 1], `p-${i + 1}`),
    );
    const cranks = await vat.wave(...deliveries);
    expect(cranks.map(({ syscalls }) => syscalls)).toEqual(
      deliveries.map((_, i) => [['resolve', [`p-${i + 1}`, 'fulfilled', i + 2]]]),
    );
    expect(vat.store.openSnapshots).toBe(0);
  });

  it('rows written in one wave -> seen in the next, before and after the commit', async () => {
    const vat = makePlainHarness();
    await vat.start(COUNTERS);
    await vat.call('o+0', 'make', 'a', 1);
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(2);
    vat.commit();
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(3);
    vat.commit();
    vat.commit();
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(4);
    expect(await vat.call('o+0', 'names')).toBe('a');
  });

  it('a fault -> an empty crank, and no later delivery of the wave is run', async () => {
    const vat = makePlainHarness();
    await vat.start(COUNTERS);
    const cranks = await vat.wave(
      vat.message('o+0', 'calls', [], 'p-1'),
      vat.message('o+e0/77', 'calls', [], 'p-2'),
      vat.message('o+0', 'calls', [], 'p-3'),
    );
    expect(cranks.map(({ outcome }) => outcome?.code ?? null)).toEqual([null, 'BAD_DELIVERY']);
    expect(cranks[1]!.tuple[1]).toEqual([]);
    expect(cranks[1]!.tuple[2]).toEqual([]);
  });

  it('console lines -> sent once, also those of an evaluation ahead of the vat', async () => {
    const vat = makePlainHarness();
    const script = `(console.log('evaluated'), ${COUNTERS})`;
    await vat.start(script);
    await vat.wave(vat.message('o+0', 'spin', [], 'p-1'));
    expect(vat.logs).toEqual(['log: evaluated', 'log: spun 0']);
    await vat.replay();
    expect(vat.logs).toEqual(['log: evaluated', 'log: spun 0']);
  });
});

describe('supervisor: replay', () => {
  it('a transcript over rows that later changed -> replayed, and the vat goes on', async () => {
    const vat = makePlainHarness();
    await vat.start(COUNTERS);
    await vat.call('o+0', 'make', 'a', 1);
    await vat.call('o+0', 'make', 'b', 10);
    vat.commit();
    await vat.start(COUNTERS);
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(2);
    vat.commit();
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(3);
    await vat.call('o+0', 'drop', 'b');
    await vat.call('o+0', 'make', 'b', 20);
    await vat.call('o+0', 'make', 'c', 30);
    expect(await vat.replay()).toEqual([FromWorker.replayed, 6]);
    expect(await vat.call('o+0', 'calls')).toBe(5);
    expect(await vat.call('o+0', 'add', 'b', 1)).toBe(21);
    expect(await vat.call('o+0', 'names')).toBe('a,b,c');
    expect(await vat.replay()).toEqual([FromWorker.replayed, 9]);
    expect(vat.store.openSnapshots).toBe(0);
  });

  it('a transcript whose digest is not matched -> diverged, with the position', async () => {
    const vat = makePlainHarness();
    await vat.start(COUNTERS);
    await vat.call('o+0', 'make', 'a', 1);
    await vat.call('o+0', 'add', 'a', 1);
    vat.commit();
    const [, entry] = [...vat.store.table('transcript').entries()].at(-1)!;
    entry[entry.length - 1]! ^= 1;
    const answer = await vat.replay();
    expect(answer.slice(0, 2)).toEqual([FromWorker.diverged, 2]);
    expect(Buffer.from(answer[2] as Uint8Array).toString()).toContain('1 syscalls');
  });
});

describe('supervisor: upgrade', () => {
  it('deposit, upgrade, get in one block -> the successor reads the rows handed over', async () => {
    const vat = makePlainHarness();
    await vat.start(COUNTERS);
    await vat.call('o+0', 'make', 'a', 1);
    vat.commit();
    await vat.call('o+0', 'add', 'a', 5);
    await vat.call('o+0', 'make', 'b', 5);
    expect((await vat.start(COUNTERS)).outcome).toBeNull();
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(7);
    expect(await vat.call('o+0', 'names')).toBe('a,b');
    vat.commit();
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(8);
    expect(await vat.replay()).toEqual([FromWorker.replayed, 4]);
    expect(await vat.call('o+0', 'add', 'a', 1)).toBe(9);
  });

  it('VatData called while evaluated -> the crank evaluates it, also in a replay', async () => {
    const vat = makePlainHarness();
    const script = `((handle) => ({
      buildRootObject: () => {
        VatData.defineDurableKind(handle, () => ({}), { hello: () => 'hi' });
        return Far('root', { hello: () => 'hello' });
      },
    }))(VatData.makeKindHandle('early'))`;
    expect((await vat.start(script)).outcome).toBeNull();
    expect(await vat.call('o+0', 'hello')).toBe('hello');
    expect(await vat.replay()).toEqual([FromWorker.replayed, 2]);
  });

  it('evaluated ahead or in the crank -> the same cranks', async () => {
    const ahead = makePlainHarness();
    const inCrank = makePlainHarness();
    const cranks = [await ahead.start(COUNTERS), await inCrank.start(COUNTERS, undefined, false)];
    expect(cranks[0]!.packed).toEqual(cranks[1]!.packed);
  });
});
