/** What the host holds: how it finds it again, binds it to names, lets go of it. */
import type { HostCall, Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { objectKey, openReader, promiseKey } from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

const UNHELD = { name: 'KernelError', code: 'UNKNOWN_REFERENCE' };
const BAD = { name: 'KernelError', code: 'BAD_ARGUMENT' };
const throwing = (what: object): object => expect.objectContaining(what) as object;

const create = async (kernel: Kernel, name: string, file: string): Promise<VatReference> => {
  const bundleId = await install(kernel, file);
  return (await kernel.createVat({ name, bundleId })).root;
};

/** A kernel with a vault, whose things go by number. It owns its blocks until it is reopened. */
const withVault = async (options: Partial<KernelOptions> = {}) => {
  const directory = await freshDirectory();
  let kernel = await kernelOver({ ...options, directory });
  const vault = await create(kernel, 'vault', 'services/vault.js');
  return {
    vault,
    directory,
    kernel,
    /** Opens it again, with these options. */
    reopen: async (more: Partial<KernelOptions> = {}): Promise<Kernel> => {
      await kernel.close();
      kernel = await kernelOver({ ...options, ...more, directory });
      return kernel;
    },
  };
};

const things = async (
  kernel: Kernel,
  ...numbers: readonly number[]
): Promise<readonly VatReference[]> => {
  const [given] = (await kernel.call(kernel.vat('vault').root, 'give', [numbers])) as [
    readonly VatReference[],
  ];
  return given;
};

/** A thing that the host holds, of a kernel that owns its blocks. */
const thing = async (kernel: Kernel, number: number): Promise<VatReference> =>
  (await things(kernel, number))[0]!;

/** Runs and commits until nothing is queued; resolves to what `work` does. */
const seen = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  work.catch(() => undefined);
  do {
    await kernel.run();
    await kernel.commit();
  } while (kernel.stats().runQueueLength > 0);
  return work;
};

const pinsOf = (kernel: Kernel): number => kernel.stats().tables.pins;
const numberOf = ({ kref }: VatReference): number => Number(kref.slice(2));
const krefs = (references: readonly VatReference[]): string[] => references.map(it => it.kref);
const number = (kernel: Kernel, reference: VatReference): Promise<unknown> =>
  kernel.call(reference, 'number');

describe('found again', () => {
  test('by its kref -> the very reference; after a restart -> it answers as before', async () => {
    const { kernel, reopen } = await withVault();
    const given = await thing(kernel, 7);
    expect(kernel.reference(given.kref)).toBe(given);
    const again = await reopen();
    expect(() => again.send(given, 'number')).toThrow(throwing(UNHELD));
    const found = again.reference(given.kref);
    expect(found).toEqual({ kref: given.kref, type: 'object', iface: 'Alleged: thing7' });
    expect(await number(again, found)).toBe(7);
    expect(await thing(again, 7)).not.toBe(undefined);
    expect(again.reference(given.kref)).toBe(found);
  });

  test('roots of vats that run, host objects, services -> found, whoever was told', async () => {
    const { kernel, reopen } = await withVault({ hostObjects: { sink: null } });
    kernel.release(kernel.vat('vault').root);
    await kernel.idle();
    const again = await reopen();
    const { vatAdmin, clock } = again.services;
    for (const held of [again.vat('vault').root, again.hostObject('sink'), vatAdmin, clock]) {
      expect(again.reference(held.kref)).toBe(held);
    }
    expect(again.references().references).toEqual([]);
  });

  test('a promise -> what it settles to is told after a restart, and asked for again', async () => {
    const { kernel, reopen, vault } = await withVault();
    const { promise } = (await kernel.call(vault, 'promise')) as { promise: VatReference };
    const again = await reopen();
    const found = again.reference(promise.kref);
    expect(found.type).toBe('promise');
    const [settled] = await Promise.all([
      again.settlement(found),
      again.call(again.vat('vault').root, 'settle', [[3]]),
    ]);
    expect(await number(again, (settled as VatReference[])[0]!)).toBe(3);
    expect(await again.settlement(found)).toEqual(settled);
  });

  test('what is no kref, what is not held -> BAD_ARGUMENT, UNKNOWN_REFERENCE', async () => {
    const { kernel, vault } = await withVault();
    const texts = ['', 'ko', 'ko07', 'ko-1', 'v1', 'KO7', 'ko1e3', `ko${2 ** 48}`];
    for (const wrong of [...texts, 7, vault]) {
      expect(() => kernel.reference(wrong as string), String(wrong)).toThrow(throwing(BAD));
      if (typeof wrong === 'object') continue;
      expect(() => kernel.release(wrong as string)).toThrow();
    }
    // The kernel has the first two: they are not the host's.
    for (const unheld of ['ko2', 'ko3', 'ko0', 'ko999', 'kp999', `ko${2 ** 48 - 1}`]) {
      expect(() => kernel.reference(unheld), unheld).toThrow(throwing(UNHELD));
      expect(() => kernel.release(unheld), unheld).toThrow(throwing(UNHELD));
    }
  });
});

describe('references()', () => {
  test('pages -> everything that is held once, objects before promises, with details', async () => {
    const { kernel, vault } = await withVault();
    const given = await things(kernel, ...Array.from({ length: 25 }, (_value, n) => n));
    const { promise } = (await kernel.call(vault, 'promise')) as { promise: VatReference };
    await kernel.bind('first', given[0]!);
    await kernel.bind('once-more', given[0]!);
    await kernel.bind('clock', kernel.services.clock);
    kernel.release(given[3]!);
    const pages = [];
    let after: string | undefined;
    do {
      const page = kernel.references({ after, limit: 10 });
      pages.push(page);
      after = page.next;
    } while (after !== undefined);
    expect(pages.map(({ references }) => references.length)).toEqual([10, 10, 7]);
    const all = pages.flatMap(({ references }) => references);
    const { clock } = kernel.services;
    expect(all).toEqual([clock, vault, ...given.filter(it => it !== given[3]), promise]);
    expect(all[2]).toBe(given[0]);
    const details = pages.flatMap(page => page.details);
    expect(details.map(({ kref }) => kref)).toEqual(krefs(all));
    const common = { vat: 'vault', told: true, names: [] };
    expect(details.slice(0, 4)).toEqual([
      { ...clock, vat: undefined, told: false, names: ['clock'] },
      { ...vault, ...common },
      { ...given[0], ...common, names: ['first', 'once-more'] },
      { ...given[1], ...common },
    ]);
    expect(details.at(-1)).toEqual({ ...promise, ...common });
    expect(kernel.references().references).toEqual(all);
    expect(kernel.references({ limit: all.length }).next).toBe(undefined);
    expect(kernel.references({ after: 'kp0' }).references).toEqual([promise]);
    expect(kernel.references({ after: promise.kref }).references).toEqual([]);
  });

  test('wrong options -> refused, with the right ones', async () => {
    const { kernel } = await withVault();
    for (const limit of [0, -1, 1.5, 10_001, Number.NaN, '5' as never]) {
      expect(() => kernel.references({ limit })).toThrow('a natural number from 1 to 10000');
    }
    expect(() => kernel.references({ after: 'x' })).toThrow(throwing(BAD));
    expect(() => kernel.references({ from: 'ko1' } as never)).toThrow('options: after, limit');
  });
});

describe('a block in progress', () => {
  test('what it tells -> unknown until it is durable; what was held before -> known', async () => {
    const { kernel: auto, reopen } = await withVault();
    const { kref } = await thing(auto, 1);
    const kernel = await reopen({ blocks: 'host' });
    const held = kernel.reference(kref);
    const sent = kernel.send(kernel.vat('vault').root, 'give', [[1, 2]]);
    await kernel.run();
    const before = kernel.references().references;
    await kernel.commit();
    const [[one, two]] = (await sent.result) as [[VatReference, VatReference]];
    expect([before.includes(held), before.includes(two)]).toEqual([true, false]);
    expect(one).toBe(held);
    expect(kernel.reference(two.kref)).toBe(two);
    expect(kernel.references().references).toEqual([...before, two]);
  });

  test('by kref, before it is durable -> UNKNOWN_REFERENCE, also from release', async () => {
    const { reopen } = await withVault();
    const kernel = await reopen({ blocks: 'host' });
    const last = kernel.references().references.at(-1)!.kref;
    const next = `ko${Number(last.slice(2)) + 1}`;
    const sent = kernel.send(kernel.vat('vault').root, 'give', [[1]]);
    await kernel.run();
    expect(() => kernel.reference(next)).toThrow(throwing(UNHELD));
    expect(() => kernel.release(next)).toThrow(throwing(UNHELD));
    await kernel.commit();
    await sent.result;
    expect(kernel.reference(next).iface).toBe('Alleged: thing1');
  });

  test('released, and told again by it -> the old one is void, the new one is held', async () => {
    const { kernel: auto, reopen } = await withVault();
    const { kref } = await thing(auto, 1);
    const kernel = await reopen({ blocks: 'host' });
    const old = kernel.reference(kref);
    const sent = kernel.send(kernel.vat('vault').root, 'give', [[1]]);
    await kernel.run();
    kernel.release(old);
    expect(() => kernel.send(old, 'number')).toThrow(throwing(UNHELD));
    expect(() => kernel.reference(kref)).toThrow(throwing(UNHELD));
    expect(kernel.references().references.map(it => it.kref)).not.toContain(kref);
    await kernel.commit();
    const [[again]] = (await sent.result) as [[VatReference]];
    expect(again).not.toBe(old);
    expect(kernel.reference(kref)).toBe(again);
    expect(await seen(kernel, number(kernel, again))).toBe(1);
    kernel.release(again);
    await kernel.commit();
    expect(() => kernel.reference(kref)).toThrow(throwing(UNHELD));
  });

  test('a crank that would tell of it is undone -> a release lets go of it', async () => {
    const { kernel: auto, reopen } = await withVault();
    const { kref } = await thing(auto, 1);
    await create(auto, 'failing', 'services/vault.js');
    const { promise } = (await auto.call(auto.vat('failing').root, 'promise')) as {
      promise: VatReference;
    };
    const kernel = await reopen({ blocks: 'host' });
    const settling = kernel.settlement(kernel.reference(promise.kref));
    const held = kernel.reference(kref);
    const failed = kernel.send(kernel.vat('failing').root, 'fail', [held]);
    await kernel.run();
    kernel.release(held);
    await kernel.commit();
    await expect(settling).rejects.toThrow('vat terminated');
    await expect(failed.result).rejects.toThrow('vat terminated');
    expect(() => kernel.reference(kref)).toThrow(throwing(UNHELD));
    expect(kernel.audit().ok).toBe(true);
  });
});

describe('release', () => {
  test('by the reference, by its kref -> the pin goes; again -> UNKNOWN_REFERENCE', async () => {
    const { kernel } = await withVault();
    const [one, two] = (await things(kernel, 1, 2)) as [VatReference, VatReference];
    const before = pinsOf(kernel);
    kernel.release(one);
    kernel.release(two.kref);
    await kernel.idle();
    expect(pinsOf(kernel)).toBe(before - 2);
    const { lastInput } = kernel;
    for (const gone of [one, two, one.kref, two.kref]) {
      expect(() => kernel.release(gone)).toThrow(throwing(UNHELD));
      if (typeof gone === 'object') {
        expect(() => kernel.send(gone, 'number')).toThrow(throwing(UNHELD));
      }
    }
    expect(kernel.lastInput).toBe(lastInput);
  });

  test('called while a block is in progress that tells of it -> told, and held', async () => {
    const { kernel: auto, reopen } = await withVault();
    const { kref } = await thing(auto, 1);
    const kernel = await reopen({ blocks: 'host' });
    const old = kernel.reference(kref);
    const sent = kernel.send(kernel.vat('vault').root, 'give', [[1]]);
    const running = kernel.run();
    kernel.release(old);
    expect(() => kernel.reference(kref)).toThrow(throwing(UNHELD));
    await running;
    const committing = kernel.commit();
    await committing;
    const [[again]] = (await sent.result) as [[VatReference]];
    expect(kernel.reference(kref)).toBe(again);
    // Now the release is taken.
    expect(await seen(kernel, number(kernel, again))).toBe(1);
    expect(kernel.reference(kref)).toBe(again);
  });

  test('called while a block is made durable -> told after the call: held', async () => {
    const { kernel: auto, reopen } = await withVault();
    const { kref } = await thing(auto, 1);
    const kernel = await reopen({ blocks: 'host' });
    const old = kernel.reference(kref);
    const sent = kernel.send(kernel.vat('vault').root, 'give', [[1]]);
    await kernel.run();
    const committing = kernel.commit();
    kernel.release(old);
    await committing;
    const [[again]] = (await sent.result) as [[VatReference]];
    expect(await seen(kernel, number(kernel, again))).toBe(1);
    expect(kernel.reference(kref)).toBe(again);
    kernel.release(again);
    await seen(kernel, Promise.resolve());
    expect(() => kernel.reference(kref)).toThrow(throwing(UNHELD));
  });

  test('called while a block is in progress that does not tell of it -> it goes', async () => {
    const { kernel: auto, reopen } = await withVault();
    const [one, two] = await things(auto, 1, 2);
    const kernel = await reopen({ blocks: 'host' });
    const pins = pinsOf(kernel);
    const running = kernel.run();
    kernel.release(one!.kref);
    kernel.release(one!.kref);
    await running;
    await seen(kernel, kernel.call(kernel.vat('vault').root, 'take', [[1]]));
    expect(() => kernel.reference(one!.kref)).toThrow(throwing(UNHELD));
    expect(kernel.reference(two!.kref).kref).toBe(two!.kref);
    expect(pinsOf(kernel)).toBe(pins - 1);
  });

  test('an argument of a call that is not handed over yet -> held when it is', async () => {
    const { kernel: auto, reopen } = await withVault({ hostObjects: { sink: null } });
    const { kref } = await thing(auto, 1);
    const kernel = await reopen({ blocks: 'host' });
    const old = kernel.reference(kref);
    void kernel.send(kernel.vat('vault').root, 'show', [kernel.hostObject('sink'), [1]]);
    await kernel.run();
    kernel.release(old);
    await kernel.commit();
    const [call] = kernel.hostCalls();
    const [[shown]] = call!.args as [[VatReference]];
    expect(shown).not.toBe(old);
    expect(await seen(kernel, number(kernel, shown))).toBe(1);
    await seen(kernel, kernel.answerHostCall(call!.call, { value: shown }));
    kernel.release(shown);
    await kernel.commit();
    expect(() => kernel.reference(kref)).toThrow(throwing(UNHELD));
  });
});

describe('names', () => {
  test('bound, released, restarted -> found by its name, usable; unbound -> gone', async () => {
    const { kernel, reopen, vault } = await withVault();
    const given = await thing(kernel, 5);
    const pins = pinsOf(kernel);
    await kernel.bind('treasury', given);
    kernel.release(given);
    expect(await number(kernel, given)).toBe(5);
    expect([pinsOf(kernel), kernel.stats().tables.boundNames]).toEqual([pins, 1]);
    const again = await reopen();
    const found = again.bound('treasury')!;
    expect(found).toEqual(given);
    expect(again.bindings()).toEqual([{ name: 'treasury', reference: found }]);
    expect(again.reference(given.kref)).toBe(found);
    const mixed = again.call(again.vat('vault').root, 'take', [[found, vault]]);
    await expect(mixed).rejects.toMatchObject(UNHELD);
    expect(await number(again, found)).toBe(5);
    await again.unbind('treasury');
    expect(again.bound('treasury')).toBe(undefined);
    expect(() => again.send(found, 'number')).toThrow(throwing(UNHELD));
    expect([pinsOf(again), again.stats().tables.boundNames]).toEqual([pins - 1, 0]);
  });

  test('bound, and not released -> unbinding leaves it to the host', async () => {
    const { kernel } = await withVault();
    const given = await thing(kernel, 5);
    await kernel.bind('a', given);
    await kernel.bind('a', given);
    await kernel.unbind('a');
    expect(kernel.reference(given.kref)).toBe(given);
    expect(await number(kernel, given)).toBe(5);
  });

  test('several names, one bound again -> each holds; the last one lets go', async () => {
    const { kernel } = await withVault();
    const [one, two] = (await things(kernel, 1, 2)) as [VatReference, VatReference];
    await Promise.all(['a', 'b', 'c'].map(name => kernel.bind(name, one)));
    kernel.release(one);
    kernel.release(two);
    await expect(kernel.bind('d', two)).rejects.toMatchObject(UNHELD);
    await kernel.bind('b', kernel.vat('vault').root);
    expect(kernel.bindings().map(({ name, reference }) => [name, reference])).toEqual([
      ['a', one],
      ['b', kernel.vat('vault').root],
      ['c', one],
    ]);
    await kernel.bind('a', kernel.services.clock);
    expect(await number(kernel, one)).toBe(1);
    await kernel.bind('c', kernel.services.clock);
    expect(() => kernel.reference(one.kref)).toThrow(throwing(UNHELD));
  });

  test('a root -> known by its name when its vat has ended; calls of it are rejected', async () => {
    const { kernel, reopen } = await withVault();
    await create(kernel, 'relay', 'relay.js');
    const { root, vatId } = kernel.vat('relay');
    await kernel.bind('relay', root);
    kernel.release(root);
    await kernel.terminateVat(vatId);
    await kernel.idle();
    await expect(kernel.call(root, 'echo', [1])).rejects.toThrow('vat terminated');
    const again = await reopen();
    const [details] = again.references().details.filter(({ kref }) => kref === root.kref);
    expect(details).toMatchObject({ vat: undefined, told: false, names: ['relay'] });
    await expect(again.call(again.bound('relay')!, 'echo', [1])).rejects.toThrow('vat terminated');
  });

  test('bound and released while a block is in progress -> it stays usable', async () => {
    const { kernel: auto, reopen } = await withVault();
    const { kref } = await thing(auto, 1);
    const kernel = await reopen({ blocks: 'host' });
    const held = kernel.reference(kref);
    const running = kernel.run();
    const bound = kernel.bind('kept', held);
    kernel.release(held);
    await running;
    await seen(kernel, bound);
    expect(kernel.bound('kept')).toBe(held);
    expect(await seen(kernel, number(kernel, held))).toBe(1);
  });

  test('a name that is not bound, or none -> refused, with those that are', async () => {
    const { kernel: auto, reopen } = await withVault();
    const given = await thing(auto, 1);
    const { lastInput } = auto;
    await expect(auto.unbind('treasury')).rejects.toMatchObject({
      ...UNHELD,
      message: 'nothing is bound to treasury: no name is bound',
    });
    await expect(auto.bind('no blanks', given)).rejects.toMatchObject(BAD);
    await expect(auto.unbind('')).rejects.toMatchObject(BAD);
    expect(() => auto.bound(7 as never)).toThrow(throwing(BAD));
    await expect(auto.bind('a', given.kref as never)).rejects.toMatchObject(UNHELD);
    expect(auto.lastInput).toBe(lastInput);
    await auto.bind('mint', given);
    const kernel = await reopen({ blocks: 'host' });
    const running = kernel.run();
    const twice = [kernel.unbind('mint'), kernel.unbind('mint')] as const;
    twice[1].catch(() => undefined);
    await running;
    await seen(kernel, twice[0]);
    await expect(twice[1]).rejects.toMatchObject({
      ...UNHELD,
      message: 'nothing is bound to mint: no name is bound',
    });
    // What the state has of it.
    const told = await kernel.resultOf(kernel.lastInput).catch((reason: unknown) => reason);
    expect(told).toEqual(Error('UNKNOWN_REFERENCE: nothing is bound to mint: no name is bound'));
  });
});

/** A kernel of the host's, with references that it knows and does not hold. */
const withUnheld = async () => {
  const hostObjects = { sink: null };
  const { kernel: auto, reopen, vault, directory } = await withVault({ hostObjects });
  const given = await thing(auto, 1);
  const { promise } = (await auto.call(vault, 'promise')) as { promise: VatReference };
  await create(auto, 'relay', 'relay.js');
  const args = [given, promise];
  void auto.send(auto.vat('relay').root, 'forward', [auto.hostObject('sink'), 'see', args]);
  await auto.idle();
  const kernel = await reopen({ blocks: 'host' });
  const [asked] = kernel.hostCalls() as [HostCall];
  for (const reference of asked.args) kernel.release(reference as VatReference);
  await seen(kernel, Promise.resolve());
  const [again] = kernel.hostCalls() as [HostCall];
  const [object, unsettled] = again.args as [VatReference, VatReference];
  return { kernel, directory, object, promise: unsettled, call: again.call };
};

type Unheld = Awaited<ReturnType<typeof withUnheld>>;

/** Every call that takes references. */
const CALLS: Readonly<Record<string, (given: Unheld) => Promise<unknown>>> = {
  call: ({ kernel, object }) => kernel.call(object, 'number'),
  'call, an argument': ({ kernel, object }) =>
    kernel.call(kernel.vat('relay').root, 'echo', [{ in: [object] }]),
  send: async ({ kernel, promise }) => kernel.send(promise, 'number').result,
  settlement: ({ kernel, promise }) => kernel.settlement(promise),
  bind: ({ kernel, object }) => kernel.bind('name', object),
  createVat: ({ kernel, object }) => {
    const { bundleId } = kernel.vat('relay');
    return kernel.createVat({ name: 'new', bundleId, vatParameters: { object } });
  },
  upgradeVat: ({ kernel, promise }) => {
    const { vatId, bundleId } = kernel.vat('relay');
    return kernel.upgradeVat(vatId, { bundleId, vatParameters: [promise] });
  },
  checkUpgrade: ({ kernel, object }) => {
    const { vatId, bundleId } = kernel.vat('relay');
    return kernel.checkUpgrade(vatId, { bundleId, vatParameters: { object } });
  },
  'forkVat, parameters': ({ kernel, object }) =>
    kernel.forkVat(kernel.vat('relay').vatId, { name: 'fork', vatParameters: { object } }),
  'forkVat, exports': ({ kernel, object }) =>
    kernel.forkVat(kernel.vat('vault').vatId, { name: 'fork', exports: [object] }),
  terminateVat: ({ kernel, object }) =>
    kernel.terminateVat(kernel.vat('relay').vatId, { reason: object }),
  answerHostCall: async ({ kernel, call, object }) =>
    kernel.answerHostCall(call, { value: [object] }),
  'answerHostCall, a reason': async ({ kernel, call, promise }) =>
    kernel.answerHostCall(call, { reason: [promise] }),
};

describe('what the host does not hold', () => {
  test('passed in between runs -> UNKNOWN_REFERENCE, and no input is left', async () => {
    const given = await withUnheld();
    const { kernel } = given;
    const { lastInput } = kernel;
    const { dirtyRows } = kernel.stats();
    for (const [name, call] of Object.entries(CALLS)) {
      await expect(call(given), name).rejects.toMatchObject(UNHELD);
    }
    expect([kernel.lastInput, kernel.stats().dirtyRows]).toEqual([lastInput, dirtyRows]);
    expect(() => kernel.release(given.object)).toThrow(throwing(UNHELD));
  });

  test('passed in during a run -> rejected where it is taken', async () => {
    const given = await withUnheld();
    const { kernel } = given;
    for (const [name, call] of Object.entries(CALLS)) {
      const running = kernel.run();
      const refused = call(given);
      refused.catch(() => undefined);
      const echo = kernel.call(kernel.vat('relay').root, 'echo', [name]);
      await running;
      expect(await seen(kernel, echo)).toBe(name);
      await expect(refused, name).rejects.toMatchObject(UNHELD);
    }
    expect(kernel.vats().map(({ name }) => name)).toEqual(['vault', 'relay']);
    await seen(kernel, kernel.answerHostCall(given.call, { value: 'well' }));
    expect([kernel.hostCalls(), kernel.bindings()]).toEqual([[], []]);
  });

  test('its row is gone -> the same', async () => {
    const given = await withUnheld();
    const { kernel, directory, object, promise } = given;
    const { root, vatId } = kernel.vat('vault');
    kernel.release(root);
    await seen(kernel, kernel.answerHostCall(given.call, { value: 0 }));
    await seen(kernel, kernel.terminateVat(vatId));
    await seen(kernel, kernel.reapAll());
    await seen(kernel, kernel.reapAll());
    const reader = openReader({ directory, readersMax: 2048 });
    const snapshot = reader.begin();
    const rows = [objectKey(numberOf(object)), promiseKey(numberOf(promise))];
    expect(rows.map(key => snapshot.get('kernel', key))).toEqual([undefined, undefined]);
    snapshot.done();
    await reader.close();
    const { lastInput } = kernel;
    const calls = Object.entries(CALLS).filter(([name]) => !/HostCall|exports/.test(name));
    for (const [name, call] of calls) await expect(call(given), name).rejects.toMatchObject(UNHELD);
    expect(kernel.lastInput).toBe(lastInput);
    const running = kernel.run();
    const refused = calls.map(([, call]) => call(given));
    for (const call of refused) call.catch(() => undefined);
    await running;
    await seen(kernel, Promise.resolve());
    for (const call of refused) await expect(call).rejects.toMatchObject(UNHELD);
    expect(await seen(kernel, kernel.call(kernel.vat('relay').root, 'echo', [1n]))).toBe(1n);
  });

  test('answered by an implementation -> the call is rejected; the kernel goes on', async () => {
    const { kernel } = await withVault({
      hostObjects: {
        sink: {
          released: (_context, given: VatReference) => {
            kernel.release(given);
            return [given];
          },
          unbound: () => {
            const given = kernel.bound('thing');
            void kernel.unbind('thing');
            return [given];
          },
        },
      },
    });
    const relay = await create(kernel, 'relay', 'relay.js');
    const sink = kernel.hostObject('sink');
    const given = await thing(kernel, 1);
    await kernel.bind('thing', given);
    kernel.release(given);
    const unbound = kernel.call(relay, 'forward', [sink, 'unbound', []]);
    await expect(unbound).rejects.toThrow(`the host does not hold ${given.kref}`);
    const args = [sink, 'released', [await thing(kernel, 2)]];
    const released = kernel.call(relay, 'forward', args);
    await expect(released).rejects.toThrow('is no reference of this kernel');
    expect(await kernel.call(relay, 'echo', [1n])).toBe(1n);
  });

  test('the root of a vat that has ended -> refused; the kernel goes on', async () => {
    const kernel = await kernelOver();
    const relay = await create(kernel, 'relay', 'relay.js');
    kernel.release(await create(kernel, 'bank', 'bank.js'));
    const { root, vatId } = kernel.vat('bank');
    await kernel.terminateVat(vatId);
    await kernel.idle();
    const { lastInput } = kernel;
    expect(() => kernel.send(root, 'getVersion')).toThrow(throwing(UNHELD));
    await expect(kernel.call(relay, 'echo', [root])).rejects.toMatchObject(UNHELD);
    expect(kernel.lastInput).toBe(lastInput);
    expect(await kernel.call(relay, 'echo', [1n])).toBe(1n);
  });
});
