/** Vats made from the state of another (docs/upgrade/fork.md). */
import type { CreatedVat, ForkedVat, Kernel, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture } from '../support/kernels/fresh-kernels.js';
import { inReplicas, type Replica } from '../support/kernels/replicas.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

interface Named {
  readonly name: string;
}

const shared = useSharedKernel();
let kernel: Kernel;
let bundleId: string;
let parent: CreatedVat & Named;

beforeEach(async () => {
  ({ kernel } = shared);
  parent = await shared.create('upgrade/hatchery.js', { vatParameters: { onFork: ['note'] } });
  ({ bundleId } = kernel.vat(parent.name));
});

const call = (target: VatReference, method: string, ...args: unknown[]): Promise<unknown> =>
  kernel.call(target, method, args);
const ref = async (target: VatReference, method: string, ...args: unknown[]) =>
  (await call(target, method, ...args)) as VatReference;
const fork = async (
  { vatId }: CreatedVat,
  options: Omit<Parameters<Kernel['forkVat']>[1], 'name'> = {},
): Promise<ForkedVat & Named> => {
  const name = shared.takeName('fork');
  return { ...(await kernel.forkVat(vatId, { ...options, name })), name };
};
const reopen = async (): Promise<void> => {
  kernel = await shared.reopen();
};

/** The root of a vat, after a reopening too. */
const rootOf = ({ name }: Named): VatReference => kernel.vat(name).root;

describe('a fork', () => {
  test('rows and heap as they are; from then on each its own', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 5n);
    await call(parent.root, 'count');
    await call(parent.root, 'warmEgg', 7n);
    const made = await fork(parent, { exports: [egg] });
    const [own] = made.exports as [VatReference];
    expect(own).not.toBe(egg);
    expect(await call(made.root, 'count')).toBe(2);
    expect(await call(made.root, 'weighWarm')).toEqual([7n]);
    expect(await call(own, 'feed', 10n)).toBe(15n);
    expect(await call(egg, 'getWeight')).toBe(5n);
    expect(await call(egg, 'feed', 1n)).toBe(6n);
    expect(await call(own, 'getWeight')).toBe(15n);
    expect(await ref(made.root, 'getEgg', 'a')).toBe(own);
    expect(await ref(parent.root, 'getEgg', 'a')).toBe(egg);
    await call(made.root, 'dropEgg', 'a');
    await call(parent.root, 'layEgg', 'b', 1n);
    await call(made.root, 'layEgg', 'c', 2n);
    expect(await call(made.root, 'getNames')).toEqual(['c']);
    expect(await call(parent.root, 'getNames')).toEqual(['a', 'b']);
    expect(await call(parent.root, 'count')).toBe(2);
  });

  test('restarted, both are as they were', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 5n);
    await call(parent.root, 'count');
    const made = await fork(parent, { vatParameters: { n: 1 } });
    const own = await ref(made.root, 'getEgg', 'a');
    await call(own, 'feed', 10n);
    await call(egg, 'feed', 1n);
    await call(rootOf(made), 'dropEgg', 'a');
    for (let round = 1; round <= 3; round += 1) {
      await reopen();
      expect(await call(rootOf(made), 'count')).toBe(1 + round);
      expect(await call(rootOf(made), 'getForks')).toEqual([{ n: 1 }]);
      expect(await call(rootOf(made), 'getNames')).toEqual([]);
      expect(await call(rootOf(parent), 'count')).toBe(1 + round);
      expect(await call(rootOf(parent), 'getWeights')).toBe(6n);
      expect(await call(rootOf(parent), 'getForks')).toEqual([]);
    }
  });
});

describe('one block:', () => {
  /** What is sent before, between and after two forks, in one block; then it is looked at. */
  const life = async (replica: Replica): Promise<unknown[]> => {
    const bundle = await fixture('upgrade/hatchery.js');
    const id = await replica.settle(replica.kernel.installBundle(bundle));
    const told: unknown[] = [];
    const note = (promise: Promise<unknown>): void =>
      void promise.then(
        value => told.push(value),
        reason => told.push(String(reason)),
      );
    const send = (target: VatReference, method: string, ...args: unknown[]): void =>
      note(replica.kernel.send(target, method, args).result);
    const vatParameters = { onFork: ['note'] };
    const made = replica.kernel.createVat({ name: 'a', bundleId: id, vatParameters });
    const { root, vatId } = await replica.settle(made);
    const { kernel: first } = replica;
    send(root, 'layEgg', 'x', 1n);
    note(first.upgradeVat(vatId, { bundleId: id, vatParameters: { version: 2 } }));
    send(root, 'layEgg', 'y', 2n);
    send(root, 'dropEgg', 'x');
    send(root, 'layEgg', 'x', 3n);
    send(root, 'count');
    const forks = ['b', 'c'].map(name => first.forkVat(vatId, { name, vatParameters: { name } }));
    send(root, 'layEgg', 'z', 4n);
    send(root, 'dropEgg', 'y');
    await replica.block();
    await Promise.all(forks);
    for (const name of ['a', 'b', 'c']) {
      const { root: target } = replica.kernel.vat(name);
      send(target, 'count');
      send(target, 'getNames');
      send(target, 'layEgg', `of ${name}`, 9n);
      send(target, 'getWeights');
      await replica.block();
    }
    note(replica.kernel.upgradeVat(replica.kernel.vat('c').vatId, { bundleId: id }));
    await replica.block();
    await replica.block();
    for (const name of ['a', 'b', 'c']) send(replica.kernel.vat(name).root, 'getWeights');
    await replica.block();
    return told.map(value => (typeof value === 'object' && !Array.isArray(value) ? '-' : value));
  };

  const everywhere = 'created, upgraded, written to, forked twice -> the same everywhere';
  test(everywhere, { tags: ['thorough'] }, async () => {
    const told = await inReplicas(life);
    expect(told).toContainEqual(['x', 'y']);
    expect(told).toContainEqual(['x', 'z']);
    expect(told.slice(-3)).toEqual([16n, 14n, 14n]);
  });
});

describe('onFork:', () => {
  test('handlers in order, once, before any message; the parent hears nothing', async () => {
    const noHandler = call(parent.root, 'addHandler', 'x');
    await expect(noHandler).rejects.toThrow('onFork: a handler is a function, not "x"');
    const vatParameters = { onFork: ['note', 'late', 'note'] };
    const late = await shared.create('upgrade/hatchery.js', { vatParameters });
    const made = await fork(late, { vatParameters: 7n });
    expect(await call(made.root, 'getForks')).toEqual([7n, 7n, ['late', 7n]]);
    expect(await call(rootOf(late), 'getForks')).toEqual([]);
    const grandchild = await fork(made, { vatParameters: 8n });
    expect(await call(grandchild.root, 'getForks')).toEqual([
      ...[7n, 7n, ['late', 7n]],
      ...[8n, 8n, ['late', 8n]],
    ]);
  });

  test('without parameters -> those of the parent; a later upgrade gets its own', async () => {
    const made = await fork(parent);
    expect(await call(made.root, 'getForks')).toEqual([{ onFork: ['note'] }]);
    await kernel.upgradeVat(made.vatId, { bundleId, vatParameters: { version: 3 } });
    expect(await call(made.root, 'getVersion')).toBe(3);
    expect(await call(parent.root, 'getVersion')).toBe(1);
  });

  test('a handler that sends, with a reference from the parameters', async () => {
    const { root: listener } = await shared.create('relay.js');
    const vatParameters = { onFork: ['tell'] };
    const teller = await shared.create('upgrade/hatchery.js', { vatParameters });
    const made = await fork(teller, { vatParameters: { listener } });
    await kernel.idle();
    expect(await call(made.root, 'count')).toBe(1);
  });
});

describe('a fork that fails', () => {
  const failures: [how: string, text: RegExp | string][] = [
    ['throw', 'not of this vat'],
    ['never', 'a handler of onFork did not settle in its crank'],
    ['exit', 'gone at once'],
    ['spin', 'calls of vat code nest at most'],
  ];

  test('leaves nothing behind but the reason; the parent goes on with its heap', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 5n);
    const vats: Named[] = [];
    for (const [i, [how, text]] of failures.entries()) {
      const vat = await shared.create('upgrade/hatchery.js', { vatParameters: { onFork: [how] } });
      vats.push(vat);
      const { root, vatId } = vat;
      const own = await ref(root, 'layEgg', 'a', 1n);
      await call(root, 'count');
      await kernel.idle();
      const before = kernel.audit().counts;
      const reason = await kernel
        .forkVat(vatId, { name: 'fork', exports: [own], vatParameters: [egg] })
        .then(() => 'none', error => String(error));
      expect(reason).toContain(text);
      await kernel.idle();
      expect(kernel.audit().counts).toEqual(before);
      expect(await call(root, 'count')).toBe(2);
      expect(await call(own, 'feed', BigInt(i))).toBe(BigInt(1 + i));
      expect(() => kernel.vat('fork')).toThrow('no vat "fork"');
    }
    await reopen();
    expect(await call(rootOf(vats[0]!), 'count')).toBe(3);
  });

  test('wrong options and wrong exports -> errors that say which', async () => {
    const egg = await ref(parent.root, 'layEgg', 'a', 5n);
    const other = await shared.create('upgrade/hatchery.js');
    const forkAs = (options: object): Promise<ForkedVat> =>
      kernel.forkVat(parent.vatId, { name: shared.takeName('fork'), ...options });
    await expect(forkAs({ exports: [egg, other.root] })).rejects.toThrow(
      `exports[1] is no object of vat ${parent.vatId}`,
    );
    await expect(forkAs({ name: other.name })).rejects.toThrow(
      `there is a vat named "${other.name}"`,
    );
    await expect(forkAs({ export: [] })).rejects.toThrow('unknown option export; options: name, ');
    await expect(forkAs({ exports: 'x' })).rejects.toThrow('exports must be an array');
    await expect(kernel.forkVat('v99', { name: 'x' })).rejects.toThrow('v99');
    await kernel.terminateVat(other.vatId);
    await expect(kernel.forkVat(other.vatId, { name: 'x' })).rejects.toThrow(other.vatId);
    expect(await call((await forkAs({ exports: [egg] })).exports[0]!, 'getWeight')).toBe(5n);
  });
});
