/**
 * Garbage in the worker (docs/gc.md): what nothing holds goes, exactly, and nothing else does.
 */
import '../../testing/plain-worker.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { FromWorker } from '../../protocol/opcodes.js';
import { makePlainHarness } from '../../testing/plain-worker.js';
import { Puppet, type Operation, type Sort } from '../../testing/puppet.js';

const NOTHING = { dropImports: [], retireImports: [], retireExports: [] };

let vat: Puppet;
let baseline: string[];

/** Rows of counters are there from the start. */
const WARM_UP: readonly Sort[] = ['node', 'kit', 'dmap'];

beforeEach(async () => {
  vat = new Puppet(makePlainHarness());
  await vat.start();
  for (const sort of WARM_UP) await vat.run(['make', sort, 'x']);
  await vat.run(['init', '@baggage', '#warm', 1], ['delete', '@baggage', '#warm'], ['free', 'x']);
  await vat.reap();
  baseline = vat.keys();
});

/** Each but the first is held by the next alone. */
const makeChain = (): Promise<void> => {
  const links = Array.from({ length: 999 }, (_, i): Operation[] => [
    ['make', 'node', `n${i + 1}`, `n${i}`],
    ['free', `n${i}`],
  ]);
  return vat.run(['make', 'node', 'n0'], ...links.flat());
};

const expectBaseline = (): void => {
  vat.audit();
  expect(vat.keys()).toEqual(baseline);
};

describe('gc: reap', () => {
  for (const sort of ['node', 'kit', 'vnode', 'dmap', 'dset', 'dweak', 'vmap', 'vweak'] as const) {
    it(`a new ${sort} that nothing holds -> listed, then gone`, async () => {
      await vat.run(['make', sort, 'x']);
      expect([...vat.audit().things.values()].filter(thing => thing.isListed)).toHaveLength(1);
      expect(await vat.reap()).toEqual(NOTHING);
      expect(vat.audit().things.size).toBe(1);
      await vat.run(['free', 'x']);
      expect(await vat.reap()).toEqual(NOTHING);
      expectBaseline();
    });
  }

  it('an object in baggage -> stays, goes when it is taken out', async () => {
    await vat.run(['make', 'node', 'x'], ['init', '@baggage', '#k', 'x'], ['free', 'x']);
    await vat.reap();
    expect(vat.audit().things.get('o+d10/2')).toMatchObject({ count: 1, isListed: false });
    await vat.run(['delete', '@baggage', '#k']);
    await vat.reap();
    expectBaseline();
  });

  it('a chain of 1,000 objects -> gone at once when its head is let go', async () => {
    await makeChain();
    await vat.reap();
    expect(vat.audit().things.size).toBe(1_000);
    await vat.run(['free', 'n999']);
    await vat.reap();
    expectBaseline();
  });

  it('an exported object -> stays until the kernel drops it; then it is retired', async () => {
    const target = vat.newImport();
    await vat.run(['keep', 't', target], ['make', 'node', 'x'], ['send', 't', 'x'], ['free', 'x']);
    await vat.reap();
    const [vref] = vat.exports.keys();
    await vat.dropExports(vref!);
    vat.audit();
    expect((await vat.reap()).retireExports).toEqual([vref]);
    await vat.run(['free', 't']);
    expect(await vat.reap()).toMatchObject({ dropImports: ['o-1'], retireImports: ['o-1'] });
    expectBaseline();
  });

  it('facets -> exported, dropped and retired each by itself', async () => {
    await vat.run(['keep', 't', vat.newImport()], ['make', 'kit', 'x']);
    await vat.run(['send', 't', 'x.a'], ['send', 't', 'x.b'], ['free', 'x'], ['free', 't']);
    const [a, b] = [...vat.exports.keys()].sort();
    await vat.dropExports(a!);
    await vat.reap();
    expect(vat.audit().things.get('o+d11/2')?.es).toBe('sr');
    await vat.dropExports(b!);
    await vat.retireExports(a!);
    expect((await vat.reap()).retireExports).toEqual([b]);
    expectBaseline();
  });

  it('a remotable -> held while the kernel reaches it, then retired', async () => {
    await vat.run(['keep', 't', vat.newImport()], ['make', 'far', 'x'], ['send', 't', 'x']);
    const [vref] = vat.exports.keys();
    await vat.dropExports(vref!);
    expect((await vat.reap()).retireExports).toEqual([]);
    await vat.run(['send', 't', 'x'], ['free', 'x']);
    expect([...vat.exports]).toEqual([[vref, 'reachable']]);
    expect((await vat.reap()).retireExports).toEqual([]);
    await vat.dropExports(vref!);
    expect((await vat.reap()).retireExports).toEqual([vref]);
  });

  it('a remotable in a virtual map -> there as long as the map', async () => {
    await vat.run(['make', 'vmap', 'm'], ['make', 'far', 'x'], ['init', 'm', 'k', 'x']);
    await vat.run(['free', 'x']);
    await vat.reap();
    await vat.run(['get', 'm', 'k', 'y'], ['delete', 'm', 'k'], ['init', 'm', 'k', 'y']);
    await vat.run(['free', 'y'], ['free', 'm']);
    await vat.reap();
    expectBaseline();
  });

  it('imports -> dropped and retired when neither RAM nor rows hold them', async () => {
    await vat.run(['keep', 'a', vat.newImport()], ['keep', 'b', vat.newImport()]);
    await vat.run(['init', '@baggage', '#a', 'a'], ['free', 'a'], ['free', 'b']);
    const told = await vat.reap();
    expect(told).toMatchObject({ dropImports: ['o-2'], retireImports: ['o-2'] });
    await vat.run(['delete', '@baggage', '#a']);
    expect((await vat.reap()).dropImports).toEqual(['o-1']);
    expectBaseline();
  });

  for (const sort of ['dweak', 'vweak', 'weakmap'] as const) {
    const put = sort === 'weakmap' ? 'put' : 'init';
    it(`an import that a ${sort} recognises -> dropped, retired with its recogniser`, async () => {
      await vat.run(['make', sort, 'w'], ['keep', 'i', vat.newImport()]);
      await vat.run([put, 'w', 'i', 5], ['free', 'i']);
      expect(await vat.reap()).toMatchObject({ dropImports: ['o-1'], retireImports: [] });
      vat.audit();
      await vat.run(['free', 'w']);
      expect(await vat.reap()).toMatchObject({ dropImports: [], retireImports: ['o-1'] });
      expectBaseline();
    });

    it(`an import that a ${sort} recognises -> its entry goes when it is retired`, async () => {
      await vat.run(['make', sort, 'w'], ['make', 'node', 'x'], ['keep', 'i', vat.newImport()]);
      await vat.run([put, 'w', 'i', 'x'], ['free', 'i'], ['free', 'x']);
      await vat.reap();
      expect(vat.audit().things.has('o+d10/2')).toBe(true);
      await vat.retireImports('o-1');
      await vat.run(['free', 'w']);
      await vat.reap();
      expectBaseline();
    });

    it(`an object that a ${sort} recognises -> its entry goes with it`, async () => {
      await vat.run(['make', sort, 'w'], ['make', 'kit', 'x'], ['make', 'node', 'y']);
      await vat.run([put, 'w', 'x.b', 'y'], ['free', 'x'], ['free', 'y']);
      expect(await vat.reap()).toEqual(NOTHING);
      expect(vat.audit().things.has('o+d10/2')).toBe(false);
      await vat.run(['free', 'w']);
      await vat.reap();
      expectBaseline();
    });
  }

  it('a collection of 1,000 entries -> removed in steps, with what it held', async () => {
    await vat.run(['make', 'dmap', 'm']);
    for (let i = 0; i < 10; i += 1) {
      const many = Array.from({ length: 100 }, (_, k) => `n${i * 100 + k}`);
      await vat.run(...many.map((name): Operation => ['make', 'node', name]));
      await vat.run(...many.map((name): Operation => ['init', 'm', name, 1]));
      await vat.run(...many.map((name): Operation => ['free', name]));
    }
    await vat.reap();
    expect(vat.audit().things.size).toBe(1_001);
    await vat.run(['free', 'm']);
    await vat.reap();
    expectBaseline();
  });

  it('a store, a method or an iterator of it -> any of them keeps the collection', async () => {
    await vat.run(['make', 'dmap', 'm'], ['init', 'm', 'k', 7]);
    await vat.run(['method', 'm', 'get', 'g'], ['free', 'm']);
    await vat.reap();
    expect(await vat.call('apply', 'g', 'k')).toBe(7);
    await vat.run(['free', 'g']);
    await vat.reap();
    expectBaseline();
  });

  it('a reap -> replays without asking V8', async () => {
    await vat.run(['make', 'dmap', 'm'], ['make', 'node', 'x'], ['make', 'kit', 'y', 'x']);
    await vat.run(['init', 'm', 'y', 'x'], ['keep', 'i', vat.newImport()], ['init', 'm', 'k', 'i']);
    await vat.run(['free', 'm'], ['free', 'x'], ['free', 'y'], ['free', 'i']);
    expect(await vat.reap(2)).toMatchObject({ dropImports: ['o-1'], retireImports: ['o-1'] });
    expectBaseline();
    expect((await vat.vat.replay())[0]).toBe(FromWorker.replayed);
  });
});

describe('gc: reaps in steps', () => {
  it('several collections die in one reap -> replayed in the same order', async () => {
    for (const map of ['m', 'n', 'o']) {
      const entries = [1, 2, 3, 4, 5].map((key): Operation => ['init', map, key, key]);
      await vat.run(['make', 'dmap', map], ...entries);
    }
    await vat.run(['free', 'm'], ['free', 'n'], ['free', 'o']);
    await vat.reap(4);
    expectBaseline();
    expect((await vat.vat.replay())[0]).toBe(FromWorker.replayed);
  });
});

describe('gc: sweep', () => {
  it('what only the heap held -> gone after the upgrade and its sweeps', async () => {
    await vat.run(['make', 'node', 'a'], ['make', 'node', 'b', 'a'], ['make', 'vnode', 'v', 'b']);
    await vat.run(['make', 'dmap', 'm'], ['init', 'm', 'b', 'a'], ['keep', 'i', vat.newImport()]);
    await vat.run(['set', 'a', 'i'], ['make', 'far', 'f'], ['make', 'vmap', 'w']);
    await vat.run(['init', 'w', 'f', 'm'], ['init', 'w', 'v', 'i']);
    await vat.start();
    const told = await vat.sweep(3);
    expect(told).toEqual({ ...NOTHING, dropImports: ['o-1'], retireImports: ['o-1'] });
    expect(vat.audit().unswept).toEqual([]);
    expectBaseline();
  });

  it('what baggage, the kernel or the new heap hold -> stays', async () => {
    await vat.run(['make', 'node', 'a'], ['make', 'node', 'b', 'a'], ['make', 'node', 'c']);
    await vat.run(
      ['keep', 't', vat.newImport()],
      ['send', 't', 'c'],
      ['init', '@baggage', '#b', 'b'],
    );
    await vat.start();
    await vat.run(['get', '@baggage', '#b', 'b'], ['delete', '@baggage', '#b']);
    await vat.sweep();
    expect([...vat.audit().things.keys()].sort()).toEqual(['o+d10/2', 'o+d10/3', 'o+d10/4']);
    await vat.start();
    await vat.sweep();
    expect([...vat.audit().things.keys()]).toEqual(['o+d10/4']);
  });

  it('a chain of 1,000 objects -> one upgrade', async () => {
    await makeChain();
    await vat.start();
    await vat.sweep();
    expectBaseline();
  });

  it('what the new heap took from a chain before the sweep -> stays listed', async () => {
    await vat.run(
      ['make', 'node', 'a'],
      ['make', 'node', 'dead', 'a'],
      ['init', '@baggage', '#a', 'a'],
    );
    await vat.start();
    await vat.run(['get', '@baggage', '#a', 'a'], ['delete', '@baggage', '#a']);
    await vat.sweep();
    expect(vat.audit().things.get('o+d10/2')).toMatchObject({ count: 0, isListed: true });
    await vat.run(['init', '@baggage', '#a', 'a']);
    vat.audit();
  });

  it('an import that comes again before the sweep -> kept for the new heap', async () => {
    const i = vat.newImport();
    await vat.run(['keep', 'i', i], ['make', 'node', 'dead', 'i']);
    await vat.start();
    await vat.run(['keep', 'i', i]);
    expect(await vat.sweep()).toEqual(NOTHING);
    expect(vat.audit().things.get('o-1')).toMatchObject({ count: 0, isListed: true });
    await vat.start();
    expect((await vat.sweep()).retireImports).toEqual(['o-1']);
    expectBaseline();
  });

  it('an import that only the old heap held comes again before the sweep -> kept', async () => {
    const i = vat.newImport();
    await vat.run(['keep', 'i', i]);
    await vat.start();
    await vat.run(['keep', 'i', i]);
    expect(await vat.sweep()).toEqual(NOTHING);
    expect(vat.audit().things.get('o-1')).toMatchObject({ count: 0, isListed: true });
    await vat.start();
    expect(await vat.sweep()).toMatchObject({ dropImports: ['o-1'], retireImports: ['o-1'] });
    expectBaseline();
  });

  it('an import that a durable weak map recognises -> dropped, its entry waits', async () => {
    const i = vat.newImport();
    await vat.run(['make', 'dweak', 'w'], ['init', '@baggage', '#w', 'w'], ['keep', 'i', i]);
    await vat.run(['init', 'w', 'i', 5]);
    await vat.start();
    expect(await vat.sweep()).toMatchObject({ dropImports: ['o-1'], retireImports: [] });
    await vat.start();
    expect(await vat.sweep()).toEqual(NOTHING);
    await vat.run(['keep', 'i', i], ['get', '@baggage', '#w', 'w']);
    expect(await vat.call('has', 'w', 'i')).toBe(true);
    vat.audit();
    await vat.run(['delete', '@baggage', '#w']);
    await vat.start();
    expect(await vat.sweep()).toMatchObject({ dropImports: ['o-1'], retireImports: ['o-1'] });
    expectBaseline();
  });

  it('a weak map that dies in a sweep -> retires the imports that only it recognised', async () => {
    const i = vat.newImport();
    await vat.run(['make', 'dweak', 'w'], ['make', 'node', 'n', 'w'], ['keep', 'i', i]);
    await vat.run(['init', 'w', 'i', 5], ['init', '@baggage', '#n', 'n']);
    await vat.start();
    await vat.sweep();
    await vat.run(['delete', '@baggage', '#n']);
    await vat.start();
    expect(await vat.sweep()).toMatchObject({ dropImports: [], retireImports: ['o-1'] });
    expectBaseline();
  });

  it('a sweep -> replays', async () => {
    await vat.run(['make', 'node', 'a'], ['make', 'kit', 'b', 'a'], ['make', 'vnode', 'v', 'b']);
    await vat.start();
    await vat.run(['make', 'node', 'c']);
    await vat.sweep(1);
    expect((await vat.vat.replay())[0]).toBe(FromWorker.replayed);
    vat.audit();
  });
});
