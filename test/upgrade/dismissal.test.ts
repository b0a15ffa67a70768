/**
 * Kinds given up on purpose: their instances are revoked (docs/upgrade/dismissal.md).
 *
 * @module-tag sized
 */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useWorkbenches, type Workbench } from '../support/drivers/workbench.js';

/** Small steps, so that rows and names take several waves to go. */
const benches = useWorkbenches({ parameters: { sweepRowsMax: 4, cleanupRowsMax: 3 } });

/** Rows and tables agree, whatever a test did. */
afterEach(() => {
  expect(benches.kernel.audit({ rows: true }).findings).toEqual([]);
});

const REVOKED = 'Error: object revoked: its kind "Purse" was dismissed';

/** `$.makePurse(data)`, of a kind with a handle. `baggage` has no purse. */
const PURSE = `
  if (!baggage.has('Purse')) baggage.init('Purse', VatData.makeKindHandle('Purse'));
  $.makePurse = VatData.defineDurableKind(baggage.get('Purse'), data => ({ data }), {
    get: ({ state }) => state.data,
    set: ({ state }, data) => { state.data = data; },
    later: async ({ state }, gate) => { await gate; return state.data; },
  });
`;
const DISMISS = `vatPowers.dismissKind(baggage.get('Purse'));`;
const STORE = `VatData.makeScalarBigMapStore('store', { durable: true })`;

/** Holds an instance as `$.purse`, of whichever vat a test makes. */
let peer: Workbench;
beforeAll(async () => {
  peer = await benches.hold(`$.far = Far('far', {})`);
});
const reasonOf = (): Promise<unknown> => peer.run('why(() => E($.purse).get())');

/** A vat of purses, of which the peer holds the first. */
const pair = async (): Promise<{ bench: Workbench; purse: VatReference }> => {
  const bench = await benches.make(PURSE);
  const purse = (await bench.run('$.makePurse(7)')) as VatReference;
  await peer.run('$.purse = args[0]; 0', [purse]);
  return { bench, purse };
};

const ASK = 'Promise.all($.purses.map(it => why(() => E(it).get())))';

/** Workbench vats in a kernel that does one wave per block, audited after each. */
class Stage {
  readonly #directory: string;
  #kernel: Kernel;
  readonly answers: unknown[] = [];
  #bundleId = '';

  private constructor(directory: string, kernel: Kernel) {
    this.#directory = directory;
    this.#kernel = kernel;
  }

  static async open(): Promise<Stage> {
    const directory = await freshDirectory();
    const parameters = { sweepRowsMax: 1, cleanupRowsMax: 1 };
    const kernel = await kernelOver({ directory, blocks: 'host', parameters });
    const stage = new Stage(directory, kernel);
    stage.#bundleId = await stage.#whole(kernel.installBundle(await fixture('workbench.js')));
    return stage;
  }

  async make(name: string, setup = ''): Promise<void> {
    const bundleId = this.#bundleId;
    await this.#whole(this.#kernel.createVat({ name, bundleId, vatParameters: { setup } }));
  }

  run(vat: string, code: string, args: readonly unknown[] = []): Promise<unknown> {
    return this.#whole(this.#kernel.call(this.#kernel.vat(vat).root, 'run', [code, args]));
  }

  /** Begins what takes further waves; its answer comes when it comes. */
  async start(vat: string, code: string): Promise<void> {
    void this.#kernel.call(this.#kernel.vat(vat).root, 'run', [code]).then(
      answer => this.answers.push(answer),
      () => undefined,
    );
    await this.wave();
  }

  async upgrade(vat: string): Promise<void> {
    await this.#kernel.upgradeVat(this.#kernel.vat(vat).vatId, { bundleId: this.#bundleId });
  }

  async wave(): Promise<void> {
    await this.#kernel.run({ waves: 1 });
    await this.#kernel.commit();
    expect(this.#kernel.audit({ rows: true }).findings).toEqual([]);
  }

  async reopen(): Promise<void> {
    await this.#kernel.close();
    this.#kernel = await kernelOver({ directory: this.#directory, blocks: 'host' });
  }

  rowCount(vat: string): number {
    const { vatId } = this.#kernel.vat(vat);
    return this.#kernel.audit().counts.vats.find(counts => counts.vatId === vatId)!.rows;
  }

  async #whole<T>(work: Promise<T>): Promise<T> {
    await this.#kernel.run();
    await this.#kernel.commit();
    return work;
  }
}

describe('dismissal: whoever holds an instance', () => {
  test('dismissal: in a start -> not to be defined; messages say what happened', async () => {
    const { bench } = await pair();
    expect(await bench.failedUpgrade('')).toContain('not called for tags: [Purse]');
    expect(await peer.run('E($.purse).get()')).toBe(7);
    await bench.upgrade(DISMISS);
    expect(await reasonOf()).toBe(REVOKED);
  });

  const lasting = 'dismissal: restarts, upgrades, the end of the vat -> they say so for ever';
  test(lasting, { tags: ['thorough'] }, async () => {
    const { bench } = await pair();
    await bench.upgrade(DISMISS);
    await benches.restart();
    expect(await reasonOf()).toBe(REVOKED);
    await bench.upgrade();
    expect(await reasonOf()).toBe(REVOKED);
    await bench.terminate();
    expect(await reasonOf()).toBe(REVOKED);
    await benches.restart();
    expect(await reasonOf()).toBe(REVOKED);
    const other = await benches.make(`$.far = Far('far', {})`);
    await peer.run('$.purse = args[0]; 0', [await other.run('$.far')]);
    await other.terminate();
    expect(await reasonOf()).toBe('Error: vat terminated');
  });

  test('dismissal: in any crank, messages on their way -> the same answer', async () => {
    const { bench } = await pair();
    const racing = `const results = [E($.purse).get(), E(args[0]).run(args[1]), E($.purse).get(),
        E($.purse).nonsense(), E($.purse).get()];
      Promise.all(results.map(it => why(() => it)))`;
    expect(await peer.run(racing, [bench.root, `${DISMISS} 0`])).toEqual(
      ['nothing thrown', 'nothing thrown', REVOKED, REVOKED, REVOKED],
    );
    await benches.restart();
    expect(await reasonOf()).toBe(REVOKED);
  });

  test('dismissal: an upgrade that fails -> nothing was dismissed', async () => {
    const { bench } = await pair();
    expect(await bench.failedUpgrade(`${DISMISS} throw Error('broken')`)).toContain('broken');
    expect(await peer.run('E($.purse).get()')).toBe(7);
    expect(await bench.failedUpgrade('')).toContain('not called for tags: [Purse]');
    await bench.upgrade(PURSE);
    expect(await peer.run('E($.purse).get()')).toBe(7);
  });

  test('dismissal: sent back to their vat -> imports, the same reference', async () => {
    const { bench, purse } = await pair();
    await bench.upgrade(DISMISS);
    expect(await peer.run('E(args[0]).run("$.it = args[0]; 5", [$.purse])', [bench.root])).toBe(5);
    expect(await bench.run('why(() => E($.it).get())')).toBe(REVOKED);
    expect(await bench.run('$.it')).toBe(purse);
  });
});

describe('dismissal: rows', () => {
  const FILL = `
    baggage.init('kept', ${STORE});
    for (let i = 0; i < 25; i += 1) {
      $.makePurse(harden({ i, text: 'x'.repeat(30 * i), them: args }));
    }
    const store = ${STORE};
    store.init('one', $.makePurse('in a store that only a purse holds'));
    $.makePurse(store); 0`;

  test('dismissal: rows of instances and what only they held -> gone, in steps', async () => {
    const bench = await benches.make(PURSE);
    const far = await peer.run('$.far');
    const before = bench.rowCount;
    await bench.run(FILL, [far]);
    expect(bench.rowCount).toBeGreaterThan(before + 60);
    await bench.upgrade(DISMISS);
    // Left are the store that baggage holds, two rows, and the dismissal instead of the kind.
    await bench.run('0');
    await bench.upgrade();
    expect(bench.rowCount).toBe(before + 2);
    expect(benches.kernel.audit({ rows: true }).findings).toEqual([]);
  });

  test('dismissal: a row and a name per wave; anything comes between -> they go on', async () => {
    const stage = await Stage.open();
    await stage.make('v', PURSE);
    await stage.make('peer');
    const purses = await stage.run('v', 'Array.from({ length: 12 }, (_, i) => $.makePurse(i))');
    await stage.run('peer', '$.purses = args; 0', purses as VatReference[]);
    const rows = [stage.rowCount('v')];
    await stage.start('v', `${DISMISS} 0`);
    for (let wave = 0; wave < 32; wave += 1) {
      if (wave === 6) void stage.upgrade('v');
      if (wave === 12) await stage.reopen();
      if (wave % 6 === 1) await stage.start('peer', ASK);
      else await stage.wave();
      rows.push(stage.rowCount('v'));
    }
    expect(new Set(rows).size).toBeGreaterThan(10);
    expect(stage.answers).toEqual([0, ...Array(5).fill(Array(12).fill(REVOKED))]);
    await stage.reopen();
    expect(stage.rowCount('v')).toBe(rows[0]! - 12 - 1);
  });

  const theVatEnds = 'dismissal: the vat ends before it is swept -> nothing is left';
  test(theVatEnds, { tags: ['thorough'] }, async () => {
    const { bench } = await pair();
    await bench.run(FILL);
    await peer.run('E(args[0]).run(args[1])', [bench.root, `${DISMISS} vatPowers.exitVat()`]);
    expect(await reasonOf()).toBe(REVOKED);
    expect(benches.kernel.audit().counts.remainders).toBe(0);
  });

  test('dismissal: weak collections keyed by instances -> entries go', async () => {
    const { bench } = await pair();
    await bench.run(`
      baggage.init('weak', VatData.makeScalarBigWeakMapStore('weak', { durable: true }));
      baggage.init('it', $.makePurse(1));
      baggage.get('weak').init(baggage.get('it'), 'known');
      $.ram = new vatPowers.WeakMap([[baggage.get('it'), 'known']]); 0`);
    const rows = bench.rowCount;
    await bench.run(`${DISMISS} 0`);
    expect(await bench.run(`[baggage.get('weak').has(baggage.get('it')),
      $.ram.has(baggage.get('it'))]`)).toEqual([false, false]);
    const again = `baggage.get('weak').init(baggage.get('it'), 'known')`;
    expect(await bench.run(`why(() => ${again})`)).toBe(REVOKED);
    // The purses, the entry and its recogniser, the kind and its counter; less the dismissal.
    expect(bench.rowCount).toBeLessThanOrEqual(rows - 5);
  });

  test('dismissal: a kind that its own rows hold, facets, a shape -> all released', async () => {
    const bench = await benches.make(`
      const kind = { get: ({ state }) => state.next };
      baggage.init('Node', VatData.makeKindHandle('Node'));
      $.make = VatData.defineDurableKindMulti(baggage.get('Node'), next => ({ next }),
        { a: kind, b: kind }, { stateShape: { next: M.or(M.undefined(), args[0], M.any()) } })`);
    await bench.run(`let last; for (let i = 0; i < 9; i += 1) last = $.make(last?.b);
      baggage.init('a', last.a); 0`);
    await peer.run('$.purse = args[0]; 0', [await bench.run(`baggage.get('a').get()`)]);
    await bench.upgrade(`vatPowers.dismissKind(baggage.get('Node'))`);
    expect(await reasonOf()).toBe(REVOKED.replace('Purse', 'Node'));
    await bench.run(`baggage.delete('a')`);
  });
});

describe('dismissal: inside the vat', () => {
  const USE = `[
    why(() => $.it.get()), why(() => $.it.set(1)), why(() => E($.it).get()),
    why(() => $.makePurse(1)), why(() => VatData.defineDurableKind(baggage.get('Purse'), null, {})),
  ]`;

  test('dismissal: of a kind in use -> every use throws, from then on', async () => {
    const { bench } = await pair();
    await bench.run(`baggage.init('it', $.it = $.makePurse(1));
      $.resume = undefined;
      $.pending = $.it.later(new Promise(resolve => { $.resume = resolve; })); 0`);
    const [get, set, sent, made, defined] = [REVOKED, REVOKED, REVOKED, REVOKED,
      'Error: kind "Purse" was dismissed'];
    const all = [get, set, sent, made, defined];
    const inCrank = `$.it.set(5); ${DISMISS} Promise.all(${USE})`;
    expect(await bench.run(inCrank)).toEqual(all);
    expect(await bench.run(`$.resume(); why(() => $.pending)`)).toBe(REVOKED);
    await benches.restart();
    expect(await bench.run(`Promise.all(${USE})`)).toEqual(all);
    expect(await bench.run(`baggage.get('it') === $.it`)).toBe(true);
  });

  const referring = 'dismissal: references in rows -> can be read and deleted; sends fail';
  test(referring, { tags: ['thorough'] }, async () => {
    const { bench } = await pair();
    await bench.run(`
      baggage.init('other', VatData.makeKindHandle('Other'));
      const makeOther = VatData.defineDurableKind(baggage.get('other'), purse => ({ purse, n: 1 }),
        { get: ({ state }) => state.purse, n: ({ state }) => (state.n += 1),
          drop: ({ state }) => { state.purse = undefined; } });
      baggage.init('list', harden([$.makePurse(1), $.makePurse(2)]));
      baggage.init('holder', makeOther($.makePurse(3)));
      baggage.init('store', ${STORE});
      baggage.get('store').init($.makePurse(4), 'as a key'); 0`);
    await bench.upgrade(`${DISMISS}
      const other = { get: ({ state }) => state.purse, n: ({ state }) => (state.n += 1),
        drop: ({ state }) => { state.purse = undefined; } };
      VatData.defineDurableKind(baggage.get('other'), null, other)`);
    for (const when of ['before a restart', 'after it']) {
      expect(await bench.run(`const holder = baggage.get('holder');
        const key = [...baggage.get('store').keys()][0];
        const all = [holder.get(), key, ...baggage.get('list')];
        Promise.all(all.map(it => why(() => E(it).get())))`))
        .toEqual(Array(4).fill(REVOKED));
      expect(await bench.run(`const holder = baggage.get('holder');
        [holder.get() === holder.get(), passStyleOf(holder.get()), holder.n() > 1,
          baggage.get('list')[0] === baggage.get('list')[1]]`))
        .toEqual([true, 'remotable', true, false]);
      if (when === 'before a restart') await benches.restart();
    }
    // What is exported of them is revoked for others, too.
    await peer.run('$.purse = args[0]; 0', [await bench.run(`baggage.get('holder').get()`)]);
    expect(await reasonOf()).toBe(REVOKED);
    await bench.run(`baggage.get('holder').drop(); baggage.get('store').clear();
      baggage.delete('list'); 0`);
  });

  test('dismissal: watchers of the kind -> not called, others are', async () => {
    const bench = await benches.make(`
      for (const tag of ['Watcher', 'Other']) {
        baggage.init(tag, VatData.makeKindHandle(tag));
        $['make' + tag] = VatData.defineDurableKind(baggage.get(tag), null,
          { onFulfilled: (_, value) => { ($.told ??= []).push(tag); }, onRejected: () => {} });
      }
      $.promise = new Promise(resolve => { $.resolve = resolve; });
      for (const make of [$.makeWatcher, $.makeOther]) VatData.watchPromise($.promise, make());`);
    await bench.run(`vatPowers.dismissKind(baggage.get('Watcher')); 0`);
    await bench.run('$.resolve(1)');
    expect(await bench.run('harden([...$.told])')).toEqual(['Other']);
  });

  test('dismissal: by name -> the name is free at once', async () => {
    const setup = (version: number): string => `vatPowers.makeKind('Purse', null,
      { get: () => ${version} })`;
    const bench = await benches.make(`$.make = ${setup(1)}`);
    await peer.run('$.purse = args[0]; 0', [await bench.run('$.make()')]);
    expect(await bench.run(`why(() => vatPowers.dismissKind('Pursa'))`)).toBe(
      'Error: dismissKind: no kind is named "Pursa"; there are ["Purse"]',
    );
    await bench.upgrade(`vatPowers.dismissKind('Purse'); $.make = ${setup(2)}`);
    expect(await reasonOf()).toBe(REVOKED);
    expect(await bench.run('$.make().get()')).toBe(2);
    await bench.upgrade(`$.make = ${setup(3).replace('make', 'replace')}`);
    expect(await bench.run('$.make().get()')).toBe(3);
  });

  test('dismissal: what is no kind, twice -> refused', async () => {
    const { bench } = await pair();
    const why = (what: string): Promise<unknown> =>
      bench.run(`why(() => vatPowers.dismissKind(${what}))`);
    expect(await why('baggage')).toMatch(/^Error: unknown handle/);
    expect(await why('undefined')).toMatch(/^Error: unknown handle/);
    expect(await why(`baggage.get('Purse')`)).toBe('nothing thrown');
    expect(await why(`baggage.get('Purse')`)).toBe('Error: kind "Purse" was dismissed');
  });

  const moreKindsThan = 'dismissal: more kinds than a vat may dismiss -> refused';
  test(moreKindsThan, { tags: ['thorough'] }, async () => {
    const bench = await benches.make();
    await bench.run(`for (let i = 0; i < 1_000; i += 1) {
      vatPowers.makeKind('kind' + i, null, {});
      vatPowers.dismissKind('kind' + i);
    }`);
    await bench.run(`$.make = vatPowers.makeKind('last', null, { get: () => 1 }); 0`);
    expect(await bench.run(`[why(() => vatPowers.dismissKind('last')), $.make().get()]`)).toEqual(
      ['Error: a vat dismisses at most 1000 kinds', 1],
    );
  });

  const aTagOf = 'dismissal: a tag of any text -> told as far as 100 characters';
  test(aTagOf, { tags: ['thorough'] }, async () => {
    const tag = `\u00e9"\u{1f600}\\${'x'.repeat(200)}`;
    const bench = await benches.make(`
      baggage.init('kind', VatData.makeKindHandle(${JSON.stringify(tag)}));
      $.make = VatData.defineDurableKind(baggage.get('kind'), null, { get: () => 1 })`);
    await peer.run('$.purse = args[0]; 0', [await bench.run('$.make()')]);
    await bench.upgrade(`vatPowers.dismissKind(baggage.get('kind'))`);
    expect(await reasonOf()).toBe(REVOKED.replace('Purse', tag.slice(0, 100)));
  });
});

benches.testRepetition();
