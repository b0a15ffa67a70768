/**
 * The supervisor as the kernel sees it: start, waves, faults, upgrade, replay.
 */
import { packFrame, unpackFrame } from '@heirloom/store/frame';
import { describe, expect, it } from 'vitest';
import { Delivery, FromWorker } from '../protocol/opcodes.js';
import { storedVRef } from '../protocol/refs.js';
import type { DeliveryTuple } from '../protocol/to-worker.js';
import type { TranscriptTuple } from '../protocol/transcript.js';
import { makePlainHarness } from '../testing/plain-worker.js';
import { ref } from '../testing/vat-harness.js';

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

/** Mentions a promise twice: when it makes and settles it, and when told to. */
const PROMISES = `(() => {
  const promise = Promise.resolve('done');
  const buildRootObject = () => Far('root', {
    make: () => harden({ promise }),
    tell(target) { E(target).take(promise); },
  });
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

  it('messages of any bytes -> their results are rejected, the vat goes on', async () => {
    const vat = makePlainHarness();
    await vat.start(COUNTERS);
    const bodies = [[], [0xff], [0xc0], [0xff, 0xff], [0x92, 0xa1, 0x61, 0xc0]];
    const messages = bodies.map((bytes, i): DeliveryTuple => {
      const body = new Uint8Array(bytes);
      return [Delivery.message, storedVRef('o+0'), body, [], storedVRef(`p-${i + 1}`)];
    });
    const cranks = await vat.wave(...messages, vat.message('o+0', 'calls', [], 'p-9'));
    expect(cranks.map(({ outcome }) => outcome)).toEqual(cranks.map(() => null));
    const reason = expect.objectContaining({ message: 'the message is not [method, args]' });
    const rejections = bodies.map((_, i) => [['resolve', [`p-${i + 1}`, 'rejected', reason]]]);
    const answer = [['resolve', ['p-9', 'fulfilled', 0]]];
    expect(cranks.map(({ syscalls }) => syscalls)).toEqual([...rejections, answer]);
    await vat.replay();
  });

  it('a promise that is settled with any bytes -> rejected', async () => {
    const vat = makePlainHarness();
    await vat.start(`({ buildRootObject: () => Far('root', {
      wait: promise => promise.then(() => 'fulfilled', ({ message }) => message),
    }) })`);
    const body = new Uint8Array([0xff, 0xff]);
    const waiting = vat.message('o+0', 'wait', [ref('p-7')], 'p-1');
    const settled: DeliveryTuple = [Delivery.notify, [[storedVRef('p-7'), false, body, []]]];
    await vat.wave(waiting);
    const [crank] = await vat.wave(settled);
    const text = 'the promise was settled with no data';
    expect(crank!.syscalls).toEqual([['resolve', ['p-1', 'fulfilled', text]]]);
  });

  it('a fault inside an accessor that vat code catches -> still the outcome', async () => {
    const vat = makePlainHarness();
    const script = `({
      buildRootObject: () => {
        const handle = VatData.makeKindHandle('thing');
        const make = VatData.defineDurableKind(handle, () => ({ n: 1 }), {
          get: ({ state }) => {
            try { return state.n; } catch (error) { console.log(Object.isFrozen(error)); }
            return 'caught';
          },
        });
        make();
        return Far('root', {});
      },
    })`;
    await vat.start(script);
    const [first, second] = await vat.wave(
      vat.message('o+d10/1', 'get', [], 'p-1'),
      vat.message('o+d10/7', 'get', [], 'p-2'),
    );
    expect(first!.syscalls).toEqual([['resolve', ['p-1', 'fulfilled', 1]]]);
    expect(second!.outcome).toMatchObject({
      code: 'BAD_DELIVERY',
      error: { message: 'o+d10/7 has no state' },
    });
    expect(second!.syscalls).toEqual([]);
    expect(vat.logs).toEqual(['log: true']);
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

  /** What the last row of the transcript, three cranks from position 2 on, is changed to. */
  const replayChanged = async (
    change: (row: TranscriptTuple) => TranscriptTuple,
  ): Promise<readonly [opcode: unknown, position: unknown, reason: string]> => {
    const vat = makePlainHarness();
    await vat.start(COUNTERS);
    await vat.call('o+0', 'make', 'a', 1);
    vat.commit();
    const deliveries = ['p-1', 'p-2', 'p-3'].map(p => vat.message('o+0', 'add', ['a', 1], p));
    await vat.wave(...deliveries);
    vat.commit();
    const transcript = vat.store.table('transcript');
    const [key, row] = [...transcript.entries()].at(-1)!;
    const changed = change(unpackFrame(row) as unknown as TranscriptTuple);
    transcript.set(key, packFrame(changed));
    const [opcode, position, reason] = await vat.replay();
    return [opcode, position, Buffer.from(reason as unknown as Uint8Array).toString('utf8')];
  };
  const flipped = (bytes: Uint8Array, index: number): Uint8Array =>
    bytes.map((byte, i) => (i === index ? byte ^ 1 : byte));

  it('a crank whose check is not matched -> diverged, with its position', async () => {
    const [opcode, position, reason] = await replayChanged(
      ([height, wave, deliveries, checks, digest]) =>
        [height, wave, deliveries, flipped(checks, 7), flipped(digest, 31)],
    );
    expect([opcode, position]).toEqual([FromWorker.diverged, 3]);
    expect(reason).toContain('1 syscalls');
  });

  it('a digest that alone is not matched -> diverged, with the first position', async () => {
    const [opcode, position, reason] = await replayChanged(
      ([height, wave, deliveries, checks, digest]) =>
        [height, wave, deliveries, checks, flipped(digest, 0)],
    );
    expect([opcode, position]).toEqual([FromWorker.diverged, 2]);
    expect(reason).toContain('wave digest');
  });

  it('a wave that ends elsewhere, or lacks a check -> diverged, with its position', async () => {
    const [, , late] = await replayChanged(([height, wave, deliveries, checks, digest]) => {
      const more = new Uint8Array([...checks, 0, 0, 0, 0]);
      return [height, wave, [...deliveries, deliveries[0]!], more, digest];
    });
    expect(late).toContain('goes on past 5');
    const [, , unchecked] = await replayChanged(([height, wave, deliveries, , digest]) =>
      [height, wave, deliveries, new Uint8Array(8), digest]);
    expect(unchecked).toContain('without a check');
  });

  it('a wave 0 in each of two blocks -> replayed as two waves', async () => {
    const vat = makePlainHarness();
    await vat.start(PROMISES);
    vat.commit();
    // The promise is settled: it has its identifier until the wave ends, then a fresh one.
    const [made] = await vat.wave(vat.message('o+0', 'make', [], 'p-1'));
    vat.commit();
    const [told] = await vat.wave(vat.message('o+0', 'tell', [ref('o-5')], 'p-2'));
    vat.commit();
    expect(made!.syscalls).toEqual([
      ['resolve', ['p-1', 'fulfilled', { promise: ref('p+0/1') }]],
      ['resolve', ['p+0/1', 'fulfilled', 'done']],
    ]);
    expect(told!.syscalls[0]).toEqual(['send', 'o-5', 'take', [ref('p+0/2')], 'p+0/3']);
    expect([...vat.store.table('transcript').values()].map(row => unpackFrame(row)[1])).toEqual(
      [0, 0, 0],
    );
    expect(await vat.replay()).toEqual([FromWorker.replayed, 3]);
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
