/**
 * Garbage across vats (sections 1.5 and 1.6 of README.md): who is told what, in which order, and
 * that the kernel's tables and every vat's rows come back to what they were.
 *
 * Every fact begins and ends at a baseline: all that vats hold was let go, and in engine mode
 * reaped, in consensus mode upgraded. At both ends everything is audited.
 */
import type { GcMode, LogRecord, VatReference } from '@heirloom/kernel';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AdminBench } from '../support/drivers/admin.js';
import { Traders } from '../support/drivers/traders.js';

const REACHABLE_SORTS = ['thing', 'facet', 'virtual', 'far', 'map'] as const;
const MODES: readonly GcMode[] = ['engine', 'consensus'];

describe.each(MODES)('garbage across vats, gc: %s', gc => {
  let traders: Traders;
  beforeAll(async () => {
    traders = await Traders.open(gc, ['alice', 'bob', 'carol']);
  });
  afterAll(() => traders.close());

  const call = (vat: string, method: string, ...args: unknown[]): Promise<unknown> =>
    traders.call(vat, method, ...args);
  const root = (name: string): VatReference => traders.root(name);

  /**
   * A fact of both modes: `act` leaves nothing behind. `npm test` checks it in one of them: in
   * consensus mode, where every vat that took part is then upgraded, one fact of each way to be
   * held and let go; in engine mode the others, but for those that differ in a detail.
   */
  const fact = (
    title: string,
    act: () => Promise<void>,
    quickIn: GcMode | 'neither' = 'engine',
  ): void => {
    const options = gc === quickIn ? {} : { tags: ['thorough'] };
    test(title, options, async () => {
      const before = await traders.counts();
      await act();
      traders.expectSound();
      await traders.collect();
      expect(await traders.counts()).toEqual(before);
    });
  };

  /** Alice makes a thing and passes it on; only the others hold it then. */
  const passTo = async (sort: string, where: string, ...to: string[]): Promise<void> => {
    const from = ['virtual', 'far', 'vmap'].includes(sort) ? 'virtual' : 'durable';
    await call('alice', 'make', sort, from, sort);
    for (const name of to) await call('alice', 'pass', from, sort, root(name), where, sort);
    await call('alice', 'drop', from, sort);
  };

  const quickIn = {
    thing: gc,
    facet: 'engine',
    virtual: 'engine',
    far: 'neither',
    map: 'neither',
  } as const;
  for (const sort of REACHABLE_SORTS) {
    fact(`${sort}: passed on, dropped by its owner, used, let go -> gone`, async () => {
      const where = ['virtual', 'far'].includes(sort) ? 'virtual' : 'durable';
      await passTo(sort, 'ram', 'bob', 'carol');
      if (where === 'durable') await call('bob', 'put', 'durable', 'kept', 1);
      if (gc === 'engine') await traders.collect();
      if (sort !== 'map') {
        const used = call('bob', 'touch', 'ram', sort);
        expect(await used).toBe(sort === 'far' ? 'alone' : 'here');
      }
      await call('bob', 'drop', 'ram', sort);
      await call('bob', 'drop', 'durable', 'kept');
      await call('carol', 'drop', 'ram', sort);
    }, quickIn[sort]);
  }

  fact('a durable thing that a durable row elsewhere holds -> stays until that goes', async () => {
    await passTo('thing', 'durable', 'bob');
    await traders.collect();
    await traders.collect();
    expect(await call('bob', 'touch', 'durable', 'thing')).toBe('here');
    await call('bob', 'drop', 'durable', 'thing');
  });

  fact('a facet held elsewhere -> keeps the cohort; another facet comes and goes', async () => {
    await call('alice', 'make', 'facet', 'durable', 'x');
    await call('alice', 'pass', 'durable', 'x', root('bob'), 'durable', 'b');
    await call('alice', 'drop', 'durable', 'x');
    await traders.collect();
    expect(await call('bob', 'touch', 'durable', 'b')).toBe('here');
    await call('bob', 'drop', 'durable', 'b');
  });

  fact('dropped, then exported again -> reachable again, under the same name', async () => {
    await call('alice', 'make', 'thing', 'durable', 'x');
    await call('alice', 'pass', 'durable', 'x', root('bob'), 'durable', 'x');
    await call('alice', 'show', 'durable', 'x', root('bob'), 'dweak');
    await call('bob', 'drop', 'durable', 'x');
    await traders.collect();
    traders.expectSound('dropped and recognised');
    await call('alice', 'pass', 'durable', 'x', root('bob'), 'durable', 'x');
    traders.expectSound('exported again');
    expect(await call('alice', 'ask', 'durable', 'x', root('bob'), 'dweak')).toBe(true);
    expect(await call('bob', 'touch', 'durable', 'x')).toBe('here');
    await call('bob', 'drop', 'durable', 'x');
    await call('alice', 'drop', 'durable', 'x');
  }, 'consensus');

  fact('dropped, retired, exported again -> another name, nothing recognised', async () => {
    await call('alice', 'make', 'thing', 'durable', 'x');
    await call('alice', 'pass', 'durable', 'x', root('bob'), 'ram', 'x');
    await call('bob', 'drop', 'ram', 'x');
    await traders.collect();
    await call('alice', 'pass', 'durable', 'x', root('bob'), 'ram', 'x');
    expect(await call('alice', 'ask', 'durable', 'x', root('bob'), 'dweak')).toBe(false);
    await call('bob', 'drop', 'ram', 'x');
    await call('alice', 'drop', 'durable', 'x');
  });

  fact('recognised by everybody, held by nobody -> every entry goes', async () => {
    await call('alice', 'make', 'thing', 'durable', 'x');
    for (const how of ['weakmap', 'dweak', 'vweak']) {
      for (const name of ['bob', 'carol']) {
        await call('alice', 'show', 'durable', 'x', root(name), how);
      }
    }
    await call('alice', 'drop', 'durable', 'x');
  }, 'consensus');

  fact('an orphan of an upgrade -> reachable until dropped, then gone', async () => {
    await passTo('far', 'ram', 'bob');
    await passTo('virtual', 'virtual', 'carol');
    await traders.upgrade('alice');
    await traders.warmUp('alice');
    traders.expectSound('orphans');
    const refused = call('bob', 'touch', 'ram', 'far');
    await expect(refused).rejects.toThrow('vat terminated');
    await expect(call('carol', 'touch', 'virtual', 'virtual')).rejects.toThrow('vat terminated');
    await call('bob', 'drop', 'ram', 'far');
    await call('carol', 'drop', 'virtual', 'virtual');
  }, 'consensus');

  fact('an upgrade that fails -> nothing is let go, nothing is held more', async () => {
    await passTo('far', 'ram', 'bob');
    await passTo('thing', 'durable', 'carol');
    const failing = traders.upgrade('alice', { fail: true, things: [root('bob')] });
    await expect(failing).rejects.toThrow('told to fail');
    traders.expectSound();
    expect(await call('bob', 'touch', 'ram', 'far')).toBe('alone');
    await call('bob', 'drop', 'ram', 'far');
    await call('carol', 'drop', 'durable', 'thing');
  });

  fact('promises: settled with things and each other -> gone with the last name', async () => {
    await call('alice', 'make', 'thing', 'durable', 'x');
    for (const name of ['p', 'q']) {
      await call('alice', 'open', name);
      await call('alice', 'pass', 'ram', name, root('bob'), 'ram', name);
    }
    await call('bob', 'watch', 'ram', 'p');
    await call('alice', 'settle', 'p', 'resolve', 'durable', 'x', 'q');
    await call('alice', 'settle', 'q', 'reject', 'durable', 'x', 'p');
    for (const name of ['p', 'q']) {
      for (const vat of ['alice', 'bob']) await call(vat, 'drop', 'ram', name);
    }
    await call('alice', 'drop', 'durable', 'x');
  });

  fact('promises that two vats settle with each other -> gone', async () => {
    await call('alice', 'open', 'p');
    await call('bob', 'open', 'q');
    await call('alice', 'pass', 'ram', 'p', root('bob'), 'ram', 'p');
    await call('bob', 'pass', 'ram', 'q', root('alice'), 'ram', 'q');
    await call('alice', 'make', 'thing', 'durable', 'x');
    await call('bob', 'make', 'thing', 'durable', 'x');
    await call('alice', 'settle', 'p', 'resolve', 'durable', 'x', 'q');
    await call('bob', 'settle', 'q', 'resolve', 'durable', 'x', 'p');
    for (const vat of ['alice', 'bob']) {
      for (const name of ['p', 'q']) await call(vat, 'drop', 'ram', name);
      await call(vat, 'drop', 'durable', 'x');
    }
  }, 'consensus');

  fact('a promise in the data of one that only the host holds -> held, then gone', async () => {
    const { kernel } = traders;
    await call('alice', 'make', 'thing', 'durable', 'x');
    await call('alice', 'open', 'p');
    await call('alice', 'open', 'q');
    const [holder] = [await call('alice', 'settle', 'p', 'resolve', 'durable', 'x', 'q')];
    expect(holder).toBe(undefined);
    const data = (await call('alice', 'take', 'ram', 'p')) as readonly VatReference[];
    await call('alice', 'settle', 'q', 'resolve', 'durable', 'x');
    await call('alice', 'drop', 'durable', 'x');
    await call('alice', 'drop', 'ram', 'p');
    await call('alice', 'drop', 'ram', 'q');
    await traders.collect();
    const settled = await traders.block(kernel.settlement(data[1]!));
    const [thing] = settled as readonly VatReference[];
    const touched = await traders.block(kernel.send(thing!, 'touch').result);
    expect([thing, touched]).toEqual([data[0], 'here']);
    for (const reference of data) kernel.release(reference);
    await traders.block(Promise.resolve());
  });

  fact('an unresolved promise that nobody holds -> gone at its decider\'s end', async () => {
    await traders.create('dave');
    await call('dave', 'open', 'p');
    await call('dave', 'make', 'thing', 'durable', 'x');
    await call('dave', 'pass', 'ram', 'p', root('bob'), 'virtual', 'p');
    await call('bob', 'drop', 'virtual', 'p');
    traders.expectSound();
    await traders.terminate('dave');
  });

  fact('messages that wait on a promise -> hold what they mention until sent', async () => {
    const { kernel } = traders;
    await call('alice', 'open', 'p');
    await call('alice', 'pass', 'ram', 'p', root('bob'), 'ram', 'p');
    await call('carol', 'make', 'thing', 'durable', 'x');
    const thing = (await call('carol', 'take', 'durable', 'x')) as VatReference;
    const touching = kernel.send(root('bob'), 'touch', ['ram', 'p']).result;
    const putting = kernel.send(root('alice'), 'put', ['ram', 'x', thing]).result;
    kernel.release(thing);
    await call('carol', 'drop', 'durable', 'x');
    traders.expectSound('a message waits');
    await putting;
    await call('alice', 'settle', 'p', 'reject', 'ram', 'x');
    const reason = (await touching.catch(it => it)) as readonly VatReference[];
    kernel.release(reason[0]!);
    await call('alice', 'drop', 'ram', 'x');
    await call('alice', 'drop', 'ram', 'p');
    await call('bob', 'drop', 'ram', 'p');
  });

  fact('a message in flight is all that holds a thing -> it arrives', async () => {
    const { kernel } = traders;
    await call('alice', 'make', 'thing', 'ram', 'x');
    const passing = kernel.send(root('alice'), 'pass', ['ram', 'x', root('bob'), 'ram', 'x']);
    const dropping = kernel.send(root('alice'), 'drop', ['ram', 'x']);
    if (gc === 'engine') void kernel.reapAll();
    await kernel.run({ waves: 1 });
    await kernel.commit();
    if (gc === 'engine') void kernel.reapAll();
    await traders.block(Promise.all([passing.result, dropping.result]));
    expect(await call('bob', 'touch', 'ram', 'x')).toBe('here');
    await call('bob', 'drop', 'ram', 'x');
  }, 'consensus');

  fact('vat parameters -> held until the next upgrade gives others', async () => {
    const { kernel } = traders;
    await call('alice', 'make', 'thing', 'durable', 'x');
    const thing = (await call('alice', 'take', 'durable', 'x')) as VatReference;
    await call('alice', 'drop', 'durable', 'x');
    await traders.create('dave', { things: [thing] });
    kernel.release(thing);
    if (gc === 'engine') await traders.collect();
    expect(await call('dave', 'parameterCount')).toBe(1);
    traders.expectSound();
    await traders.upgrade('dave');
    await traders.terminate('dave');
  }, 'consensus');

  fact('the host holds a thing -> it stays until released', async () => {
    const { kernel } = traders;
    await call('alice', 'make', 'thing', 'ram', 'x');
    const thing = (await call('alice', 'take', 'ram', 'x')) as VatReference;
    await call('alice', 'drop', 'ram', 'x');
    await traders.collect();
    expect(await traders.block(kernel.send(thing, 'touch').result)).toBe('here');
    expect(traders.kernel.audit().counts.pins).toBeGreaterThan(0);
    kernel.release(thing);
    expect(() => kernel.send(thing, 'touch')).toThrow();
    await traders.block(Promise.resolve());
  });

  fact('exports of a vat that ends -> importers keep names without an owner, then lose them',
    async () => {
      await traders.create('dave');
      for (const sort of ['thing', 'far'] as const) {
        await call('dave', 'make', sort, 'virtual', sort);
        await call('dave', 'pass', 'virtual', sort, root('bob'), 'virtual', sort);
        await call('dave', 'show', 'virtual', sort, root('carol'), 'vweak');
      }
      await call('dave', 'pass', 'virtual', 'thing', root('carol'), 'durable', 'thing');
      await traders.terminate('dave');
      traders.expectSound('dave is gone');
      expect(traders.kernel.audit().counts.orphans).toBeGreaterThan(0);
      const refused = call('carol', 'touch', 'durable', 'thing');
      await expect(refused).rejects.toThrow('vat terminated');
      for (const sort of ['thing', 'far']) await call('bob', 'drop', 'virtual', sort);
      await call('carol', 'drop', 'durable', 'thing');
    }, 'consensus');

  fact('an importer that ends -> what only it held goes', async () => {
    await traders.create('dave');
    await passTo('thing', 'durable', 'dave');
    await passTo('far', 'ram', 'dave');
    await call('alice', 'make', 'thing', 'durable', 'y');
    await call('alice', 'show', 'durable', 'y', root('dave'), 'dweak');
    await traders.terminate('dave');
    await call('alice', 'drop', 'durable', 'y');
  });

  fact('a vat that leaves with a thing of its own and one of another -> gone', async () => {
    await traders.create('dave');
    await passTo('thing', 'ram', 'dave');
    await call('dave', 'leave', 'ram', 'thing');
    await traders.block(Promise.resolve());
    expect(() => traders.root('dave')).toThrow('dave');
  });

  fact('a chain through three vats -> let go from its head', async () => {
    await call('alice', 'make', 'thing', 'durable', 'x');
    await call('alice', 'pass', 'durable', 'x', root('bob'), 'durable', 'x');
    await call('bob', 'make', 'thing', 'durable', 'y', ['durable', 'x']);
    await call('bob', 'pass', 'durable', 'y', root('carol'), 'durable', 'y');
    await call('carol', 'make', 'thing', 'durable', 'z', ['durable', 'y']);
    for (const [vat, name] of [['alice', 'x'], ['bob', 'x'], ['bob', 'y'], ['carol', 'y']]) {
      await call(vat!, 'drop', 'durable', name);
    }
    await traders.collect();
    expect(await call('carol', 'touch', 'durable', 'z')).toBe('here');
    await call('carol', 'drop', 'durable', 'z');
  }, 'consensus');

  fact('let go, then the kernel is opened again -> worked off all the same', async () => {
    await passTo('thing', 'durable', 'bob');
    await call('bob', 'drop', 'durable', 'thing');
    await traders.restart();
    traders.expectSound();
    await passTo('far', 'ram', 'bob');
    await traders.restart();
    expect(await call('bob', 'touch', 'ram', 'far')).toBe('alone');
    await call('bob', 'drop', 'ram', 'far');
  });
});

describe('garbage: who is told what', () => {
  let traders: Traders;
  beforeAll(async () => {
    traders = await Traders.open('engine', ['alice', 'bob', 'carol']);
  });
  afterAll(() => traders.close());

  const call = (vat: string, method: string, ...args: unknown[]): Promise<unknown> =>
    traders.call(vat, method, ...args);
  const root = (name: string): VatReference => traders.root(name);
  /** `to` and Alice hold a thing of hers, and nothing else is left of that. */
  const give = async (...to: string[]): Promise<void> => {
    await call('alice', 'make', 'thing', 'durable', 'x');
    for (const name of to) await call('alice', 'pass', 'durable', 'x', root(name), 'ram', 'x');
    await traders.collect();
  };
  const collected = (): Promise<string[]> =>
    traders.garbageOf(async () => {
      await traders.block(traders.kernel.reapAll());
      await traders.block(traders.kernel.reapAll());
    });
  const withoutReaps = (told: readonly string[]): string[] =>
    told.filter(line => !line.endsWith('reap'));

  test('an import dropped and retired -> its owner is told both, drop first', async () => {
    await give('bob');
    await call('bob', 'drop', 'ram', 'x');
    expect(withoutReaps(await collected())).toEqual([
      'bob tells dropImports 1',
      'bob tells retireImports 1',
      'alice is told dropExports 1',
      'alice is told retireExports 1',
    ]);
    await call('alice', 'drop', 'durable', 'x');
    expect(withoutReaps(await collected())).toEqual([]);
  });

  test('dropped and still recognised -> dropped; the owner retires it at its end', async () => {
    await give('bob');
    await call('alice', 'show', 'durable', 'x', root('bob'), 'dweak');
    await traders.collect();
    await call('bob', 'drop', 'ram', 'x');
    expect(withoutReaps(await collected())).toEqual([
      'bob tells dropImports 1',
      'alice is told dropExports 1',
    ]);
    await call('alice', 'drop', 'durable', 'x');
    expect(withoutReaps(await collected())).toEqual([
      'alice tells retireExports 1',
      'bob is told retireImports 1',
    ]);
  });

  test('a second drop of what others hold -> nobody is told', async () => {
    await give('bob', 'carol');
    await call('bob', 'drop', 'ram', 'x');
    expect(withoutReaps(await collected())).toEqual([
      'bob tells dropImports 1',
      'bob tells retireImports 1',
    ]);
    await call('carol', 'drop', 'ram', 'x');
    expect(withoutReaps(await collected())).toContain('alice is told retireExports 1');
    await call('alice', 'drop', 'durable', 'x');
    await traders.collect();
  });

  test('exported again in the wave that tells the owner -> told, and a new name', async () => {
    const { kernel } = traders;
    await give('bob');
    await call('bob', 'drop', 'ram', 'x');
    const told = await traders.garbageOf(async () => {
      void kernel.reapAll();
      await kernel.run({ waves: 1 });
      const passing = kernel.send(root('alice'), 'pass', [
        ...['durable', 'x', root('carol')],
        ...['ram', 'x'],
      ]);
      await traders.block(passing.result);
    });
    expect(withoutReaps(told)).toEqual([
      'bob tells dropImports 1',
      'bob tells retireImports 1',
      'alice is told dropExports 1',
      'alice is told retireExports 1',
    ]);
    traders.expectSound();
    expect(await call('carol', 'touch', 'ram', 'x')).toBe('here');
    await call('carol', 'drop', 'ram', 'x');
    await call('alice', 'drop', 'durable', 'x');
    await traders.collect();
  });

  test('to be told, and exported again before that by an upgrade -> negated', async () => {
    const { kernel } = traders;
    await give();
    const thing = (await call('alice', 'take', 'durable', 'x')) as VatReference;
    await traders.block(Promise.resolve());
    kernel.release(thing);
    await kernel.commit();
    expect(kernel.audit().counts.toCollect).toBe(2);
    const told = await traders.garbageOf(() => traders.upgrade('alice', { greet: root('bob') }));
    expect(told.filter(line => line.includes('is told'))).toEqual(['alice is told sweep']);
    expect(kernel.audit().counts.toCollect).toBe(0);
    traders.expectSound();
    expect(await call('bob', 'touch', 'ram', 'x')).toBe('here');
    await call('bob', 'drop', 'ram', 'x');
    await call('alice', 'drop', 'durable', 'x');
    await traders.upgrade('alice');
    await traders.collect();
  });

  test('to be told, the kernel is opened again -> told then', async () => {
    await give();
    const thing = (await call('alice', 'take', 'durable', 'x')) as VatReference;
    await traders.block(Promise.resolve());
    traders.kernel.release(thing);
    await traders.kernel.commit();
    await traders.restart();
    const told = await traders.garbageOf(() => traders.block(Promise.resolve()));
    expect(told).toEqual(['alice is told dropExports 1', 'alice is told retireExports 1']);
    await call('alice', 'drop', 'durable', 'x');
    await traders.collect();
  });

  test('both ends retire in one wave -> each says so, nobody is told', async () => {
    await give();
    await call('alice', 'show', 'durable', 'x', root('carol'), 'weakmap');
    await traders.collect();
    await call('alice', 'drop', 'durable', 'x');
    await call('carol', 'renew');
    const told = await traders.garbageOf(async () => {
      void traders.kernel.reapAll();
      await traders.kernel.run({ waves: 1 });
      await traders.kernel.commit();
      traders.expectSound('after the wave');
      await traders.block(Promise.resolve());
    });
    expect(withoutReaps(told)).toEqual([
      'alice tells retireExports 1',
      'carol tells retireImports 1',
    ]);
    traders.expectSound();
    await traders.collect();
  });
});

describe('what died with an incarnation, its name not taken away yet', () => {
  /** Alice has made these; there is much to be removed of her first incarnation. */
  const SORTS = ['vmap', 'far', 'virtual'] as const;
  const begin = async (): Promise<Traders> => {
    const parameters = { cleanupRowsMax: 1 };
    const traders = await Traders.open('engine', ['alice', 'bob'], parameters);
    onTestFinished(() => traders.close());
    for (const sort of SORTS) await traders.call('alice', 'make', sort, 'virtual', sort);
    return traders;
  };

  test('sent back to its vat -> an import without an owner, as for every other', async () => {
    const traders = await begin();
    const { kernel, bundleId } = traders;
    for (const sort of SORTS) {
      await traders.call('alice', 'pass', 'virtual', sort, traders.root('bob'), 'ram', sort);
    }
    const upgrading = kernel.upgradeVat(kernel.vat('alice').vatId, { bundleId });
    for (const sort of SORTS) {
      kernel.send(traders.root('bob'), 'pass', [
        ...['ram', sort, traders.root('alice')],
        ...['ram', sort],
      ]);
    }
    for (let wave = 0; wave < 3; wave += 1) {
      await kernel.run({ waves: 1 });
      await kernel.commit();
      traders.expectSound(`wave ${wave}`);
    }
    await upgrading;
    expect(kernel.audit().counts.remainders).toBe(1);
    for (const sort of SORTS) {
      const touched = traders.call('alice', 'touch', 'ram', sort);
      await expect(touched).rejects.toThrow('vat terminated');
    }
    traders.expectSound();
  });

  test('dropped just before the upgrade -> the new incarnation is told nothing', async () => {
    const traders = await begin();
    const { kernel, bundleId } = traders;
    for (const sort of SORTS) {
      const thing = (await traders.call('alice', 'take', 'virtual', sort)) as VatReference;
      kernel.release(thing);
    }
    await kernel.commit();
    expect(kernel.audit().counts.toCollect).toBeGreaterThan(0);
    const told = await traders.garbageOf(async () => {
      const upgrading = kernel.upgradeVat(kernel.vat('alice').vatId, { bundleId });
      await kernel.run({ waves: 2 });
      await kernel.commit();
      traders.expectSound('after two waves');
      await traders.block(upgrading);
    });
    expect(told.filter(line => /is told (drop|retire)/.test(line))).toEqual([]);
    traders.expectSound();
  });
});

describe('reaps are due', () => {
  const reapsOf = (told: readonly string[], name: string): number =>
    told.filter(line => line === `${name} is told reap`).length;

  test('after reapInterval deliveries -> once; garbage and reaps do not count', async () => {
    const traders = await Traders.open('engine', ['alice'], { reapInterval: 10 });
    onTestFinished(() => traders.close());
    const reaps: number[] = [];
    for (let n = 0; n < 25; n += 1) {
      const told = await traders.garbageOf(() => traders.call('alice', 'nothing'));
      if (reapsOf(told, 'alice') > 0) reaps.push(n);
    }
    expect(reaps.length).toBeGreaterThanOrEqual(2);
    const gaps = reaps.slice(1).map((n, i) => n - reaps[i]!);
    expect(gaps).toEqual(gaps.map(() => 10));
  });

  const countedKrefs = 'after reapKrefs references in garbage deliveries -> once';
  test(countedKrefs, { tags: ['thorough'] }, async () => {
    const traders = await Traders.open('engine', ['alice'], { reapKrefs: 6 });
    onTestFinished(() => traders.close());
    const letGo = async (count: number): Promise<number> => {
      const { kernel } = traders;
      const things: VatReference[] = [];
      for (let n = 0; n < count; n += 1) {
        await traders.call('alice', 'make', 'thing', 'durable', 'x');
        things.push((await traders.call('alice', 'take', 'durable', 'x')) as VatReference);
      }
      await traders.block(Promise.resolve());
      for (const thing of things) kernel.release(thing);
      await kernel.commit();
      return reapsOf(await traders.garbageOf(() => traders.block(Promise.resolve())), 'alice');
    };
    // Each is dropped and retired: two references.
    expect(await letGo(2)).toBe(0);
    expect(await letGo(1)).toBe(1);
    expect(await letGo(2)).toBe(0);
  });

  test('consensus mode -> never, and reapAll is refused', async () => {
    const traders = await Traders.open('consensus', ['alice'], { reapInterval: 1, reapKrefs: 1 });
    onTestFinished(() => traders.close());
    const told = await traders.garbageOf(() => traders.call('alice', 'nothing'));
    expect(reapsOf(told, 'alice')).toBe(0);
    await expect(traders.kernel.reapAll()).rejects.toThrow('consensus');
  });

  const ownInterval = 'a vat with a reapInterval of its own -> that goes, and can be changed';
  test(ownInterval, { tags: ['thorough'] }, async () => {
    const bench = await AdminBench.open({ parameters: { reapInterval: 1_000 } });
    const { kernel } = bench;
    await bench.call('createVat', 'w', '$worker', { name: 'w', reapInterval: 2 });
    const reaped = async (calls: number): Promise<number> => {
      const records: LogRecord[] = [];
      kernel.setLog({ categories: ['gc'], write: record => records.push(record) });
      for (let n = 0; n < calls; n += 1) {
        await bench.tell('w.root', 'count');
        await kernel.idle();
      }
      kernel.setLog(undefined);
      const { vatID } = (await bench.tell('w.node', 'adminData')) as { readonly vatID: string };
      return records.filter(({ event, vat }) => event === 'reap' && vat === vatID).length;
    };
    expect(await reaped(4)).toBe(2);
    await bench.tell('w.node', 'changeOptions', [{ reapInterval: 'never' }]);
    expect(await reaped(4)).toBe(0);
    await bench.tell('w.node', 'changeOptions', [{ reapInterval: 1 }]);
    expect(await reaped(3)).toBe(3);
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
  });
});
