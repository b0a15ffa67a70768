/**
 * Watches whose watchers cannot be told in the code that there is: the settlement waits, with what
 * it mentions, for code, or a state, that can be told, and is told once.
 */
import type { CreatedVat, Kernel, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const shared = useSharedKernel();
const NO_HANDLER = 'promise watcher must implement at least one handler method';

/** A shop with an order: `methods` and `options` are those of its kind. */
const shopOf = (methods: string, options = '{}', more = ''): string => `
  if (!baggage.has('Order')) baggage.init('Order', VatData.makeKindHandle('Order'));
  $.isSound = false;
  $.makeOrder = VatData.defineDurableKind(
    baggage.get('Order'),
    () => ({ size: null, heard: [] }),
    { heard: ({ state }) => state.heard, ${methods} },
    ${options},
  );
  ${more}`;
const note = (name: string): string =>
  `${name}: ({ state }, ...told) => {
    state.heard = harden([...state.heard, ['${name}', ...told]]);
  }`;
const BOTH = `${note('onFulfilled')}, ${note('onRejected')}`;
const SOUND = shopOf(BOTH);
const RENAMED = shopOf(note('delivered'));
const BROKEN = '{ version: 1, migrate: ({ size, heard }) => ({ size: size.length, heard }) }';
const MENDED = '{ version: 1, migrate: ({ heard }) => ({ size: 0, heard }) }';
/** It can migrate once the heap says so. */
const MOODY = `{ version: 1, migrate: ({ heard }) => {
  if (!$.isSound) throw Error('not yet');
  return { size: 0, heard };
} }`;

interface Held {
  readonly promise: VatReference;
}

class Shop {
  readonly kernel: Kernel;
  readonly vat: CreatedVat & { readonly bundleId: string };
  readonly holder: VatReference;

  constructor(kernel: Kernel, vat: Shop['vat'], holder: VatReference) {
    this.kernel = kernel;
    this.vat = vat;
    this.holder = holder;
  }

  run(code: string, args: readonly unknown[] = []): Promise<unknown> {
    return this.kernel.call(this.vat.root, 'run', [code, args]);
  }

  /** An order that waits for promise `name` of the holder. */
  async order(name: string, code = ''): Promise<void> {
    const { promise } = (await this.kernel.call(this.holder, 'make', [name])) as Held;
    const watch = 'VatData.watchPromise(args[0], baggage.get("order"), "a"); 1';
    await this.run(`${code}; ${watch}`, [promise]);
  }

  async settle(name: string, how: 'resolve' | 'reject', value: unknown): Promise<void> {
    await this.kernel.call(this.holder, 'settle', [name, how, value]);
    await this.kernel.idle();
  }

  async upgrade(setup: string): Promise<void> {
    const { vatId, bundleId } = this.vat;
    await this.kernel.upgradeVat(vatId, { bundleId, vatParameters: { setup } });
    await this.kernel.idle();
  }

  heard(): Promise<unknown> {
    return this.run('baggage.get("order").heard()');
  }
}

let shop: Shop;
const MAKE = `baggage.init('order', $.makeOrder())`;

beforeEach(async () => {
  const holder = await shared.create('promises/holder.js');
  const vat = await shared.create('workbench.js', { vatParameters: { setup: SOUND } });
  shop = new Shop(shared.kernel, vat, holder.root);
});

const errorLines = (): string[] =>
  shared.log.filter(({ level }) => level === 'error').map(({ text }) => text.split('\n')[0]!);

describe('a watch whose watcher cannot be told:', () => {
  test.each([
    ['resolve', 'onFulfilled'],
    ['reject', 'onRejected'],
  ] as const)('%s, a kind without its methods -> told by the code after it', async (how, name) => {
    await shop.order('p', MAKE);
    await shop.upgrade(RENAMED);
    await shop.settle('p', how, 'lamp');
    expect(await shop.heard()).toEqual([]);
    expect(errorLines()).toEqual([expect.stringContaining(NO_HANDLER)]);
    await shop.upgrade(SOUND);
    expect(await shop.heard()).toEqual([[name, 'lamp', 'a']]);
    await shop.upgrade(SOUND);
    expect(await shop.heard()).toHaveLength(1);
  });

  test('a kind without one of two methods -> the settlement for it waits', async () => {
    await shop.order('p', MAKE);
    await shop.order('q');
    await shop.upgrade(shopOf(note('onFulfilled')));
    await shop.settle('p', 'reject', 'broken');
    await shop.settle('q', 'resolve', 'whole');
    expect(await shop.heard()).toEqual([['onFulfilled', 'whole', 'a']]);
    expect(errorLines()).toEqual([expect.stringContaining('has lost onRejected')]);
    await shop.upgrade(SOUND);
    expect(await shop.heard()).toEqual([
      ['onFulfilled', 'whole', 'a'],
      ['onRejected', 'broken', 'a'],
    ]);
  });

  test('a kind that never had the method -> an unhandled rejection, nothing waits', async () => {
    const half = shopOf(note('onFulfilled'));
    await shop.upgrade(half);
    await shop.order('p', MAKE);
    await shop.settle('p', 'reject', 'broken');
    await shop.upgrade(SOUND);
    expect(await shop.heard()).toEqual([]);
  });

  test('a state that cannot be migrated -> told by the code that can', async () => {
    await shop.order('p', MAKE);
    await shop.upgrade(shopOf(BOTH, BROKEN));
    await shop.settle('p', 'resolve', 'lamp');
    expect(errorLines()).toEqual([expect.stringContaining('cannot be migrated')]);
    await shop.upgrade(shopOf(BOTH, MENDED));
    expect(await shop.heard()).toEqual([['onFulfilled', 'lamp', 'a']]);
  });

  test('a state that can be migrated later -> told by the same code', async () => {
    await shop.order('p', MAKE);
    await shop.upgrade(shopOf(BOTH, MOODY));
    await shop.settle('p', 'resolve', 'lamp');
    await shop.run('$.isSound = true; 1');
    expect(await shop.heard()).toEqual([]);
    await shop.kernel.idle();
    expect(await shop.heard()).toEqual([['onFulfilled', 'lamp', 'a']]);
    await shop.upgrade(shopOf(BOTH, MENDED));
    expect(await shop.heard()).toHaveLength(1);
  });

  test('several watchers -> who can be told is, once', async () => {
    const other = `
      if (!baggage.has('Other')) baggage.init('Other', VatData.makeKindHandle('Other'));
      $.other = VatData.providePromiseWatcher(baggage.get('Other'), value => {
        baggage.set('others', harden([...baggage.get('others'), value]));
      });`;
    await shop.upgrade(shopOf(BOTH, '{}', `${other} baggage.init('others', harden([]));`));
    await shop.order('p', `${MAKE}; VatData.watchPromise(args[0], $.other)`);
    await shop.upgrade(shopOf(note('delivered'), '{}', other));
    await shop.settle('p', 'resolve', 'lamp');
    await shop.upgrade(shopOf(note('delivered'), '{}', other));
    await shop.upgrade(shopOf(BOTH, '{}', other));
    expect(await shop.heard()).toEqual([['onFulfilled', 'lamp', 'a']]);
    expect(await shop.run('baggage.get("others")')).toEqual(['lamp']);
  });

  test('data with references and promises -> all of it is there later', async () => {
    await shop.order('p', MAKE);
    await shop.kernel.call(shop.holder, 'make', ['r']);
    await shop.upgrade(RENAMED);
    await shop.kernel.call(shop.holder, 'settleWith', ['p', 'resolve', ['r']]);
    await shop.settle('r', 'resolve', 'inner');
    for (let i = 0; i < 3; i += 1) await shop.upgrade(RENAMED);
    const deep = `${note('onRejected')}, onFulfilled: ({ state }, { name, next }) => {
      void next[0].then(value => $.inner = [name, value]);
    }`;
    await shop.upgrade(shopOf(deep));
    expect(await shop.run('$.inner')).toEqual(['p', 'inner']);
  });

  test('an own promise, rejected by the upgrade itself -> heard by the code after it', async () => {
    const own = 'VatData.watchPromise(new Promise(() => {}), baggage.get("order"), "own"); 1';
    await shop.run(`${MAKE}; ${own}`);
    await shop.upgrade(RENAMED);
    await shop.upgrade(RENAMED);
    await shop.upgrade(SOUND);
    expect(await shop.heard()).toMatchObject([['onRejected', { incarnationNumber: 0 }, 'own']]);
  });

  test('the kind is dismissed after all -> nobody is told, nothing is left', async () => {
    await shop.order('p', MAKE);
    await shop.upgrade(RENAMED);
    await shop.settle('p', 'resolve', 'lamp');
    await shop.upgrade(`baggage.delete('order'); vatPowers.dismissKind(baggage.get('Order'))`);
    await shop.upgrade('1');
    expect(shop.kernel.audit({ rows: true }).findings).toEqual([]);
    expect(errorLines()).toHaveLength(1);
  });

  test('the promise is mentioned again -> watchers are asked again, and once', async () => {
    const { kernel, holder } = shop;
    const other = await shared.create('workbench.js');
    const make = (name: string) => kernel.call(holder, 'make', [name]);
    const promises = [await make('q'), await make('p')];
    const later = 'void args[0].then(value => $.other = value); 1';
    const send = `E(args[0].promise).run(${JSON.stringify(later)}, [args[1].promise]); 1`;
    await kernel.call(other.root, 'run', [send, promises]);
    await shop.order('p', MAKE);
    await shop.upgrade(shopOf(BOTH, MOODY));
    await shop.settle('p', 'resolve', 'lamp');
    await shop.run('$.isSound = true; 1');
    // The message that has waited for it mentions the promise that was settled before.
    await kernel.call(holder, 'settle', ['q', 'resolve', shop.vat.root]);
    await kernel.idle();
    expect(await shop.run('$.other')).toBe('lamp');
    expect(await shop.heard()).toEqual([['onFulfilled', 'lamp', 'a']]);
    await shop.upgrade(shopOf(BOTH, MENDED));
    expect(await shop.heard()).toHaveLength(1);
  });

  test('forked, closed, opened -> parent and fork are told by their own code', async () => {
    await shop.order('p', MAKE);
    await shop.upgrade(RENAMED);
    await shop.settle('p', 'resolve', 'lamp');
    const name = shared.takeName('fork');
    const fork = await shop.kernel.forkVat(shop.vat.vatId, { name });
    const kernel = await shared.reopen();
    const { vat, holder } = shop;
    const again = new Shop(kernel, { ...vat, root: kernel.vat(vat.vatId).root }, holder);
    const { root } = kernel.vat(fork.vatId);
    const forked = new Shop(kernel, { ...vat, ...fork, root }, holder);
    await forked.upgrade(SOUND);
    expect(await forked.heard()).toEqual([['onFulfilled', 'lamp', 'a']]);
    await again.upgrade(SOUND);
    expect(await again.heard()).toEqual([['onFulfilled', 'lamp', 'a']]);
    await kernel.terminateVat(fork.vatId);
    await kernel.idle();
    expect(kernel.audit({ rows: true }).findings).toEqual([]);
  });
});
