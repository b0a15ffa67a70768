/** What an inspection sees, of a store that a kernel has open and of one that nobody has. */
import { inspectStore, type StoreInspection, type VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { heirloom } from '../support/hosts/command-line.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

test('inspect: a running store -> its vats, kinds, queues and tables, in and beside the process',
  async () => {
    const directory = await freshDirectory();
    const kernel = await kernelOver({ directory });
    const bankBundle = await install(kernel, 'bank.js');
    const bank = await kernel.createVat({ name: 'bank', bundleId: bankBundle });
    const relayBundle = await install(kernel, 'relay.js');
    const relay = await kernel.createVat({ name: 'relay', bundleId: relayBundle });
    for (const name of ['alice', 'bob', 'carol']) {
      await kernel.call(bank.root, 'makePurse', [name, 1n]);
    }
    await kernel.upgradeVat(relay.vatId, { bundleId: relayBundle });
    const { promise } = (await kernel.call(relay.root, 'echo', [{ promise: bank.root }])) as {
      promise: VatReference;
    };
    expect(promise).toBe(bank.root);
    kernel.send(relay.root, 'forward', [relay.root, 'open', []]);
    for (const name of ['treasury', 'mint']) await kernel.bind(name, bank.root);
    await kernel.call(bank.root, 'getVersion');

    const store = await inspectStore(directory);
    expect(store).toMatchObject({
      height: kernel.height,
      blockHash: kernel.blockHash,
      lastInput: kernel.lastInput,
      parameters: { gc: 'engine' },
      pins: 5, // two roots and three purses
      boundNames: [
        { name: 'mint', kref: bank.root.kref },
        { name: 'treasury', kref: bank.root.kref },
      ],
      queues: { messages: 0, notifies: 0, lifecycle: 0, waiting: 0, longest: [] },
    });
    expect(store.promises.unresolved).toBeGreaterThan(0);
    expect(store.vats.map(({ name, state, incarnation }) => [name, state, incarnation])).toEqual([
      ['bank', 'running', 0],
      ['relay', 'running', 1],
    ]);
    const [first, second] = store.vats;
    expect(first!.kinds).toMatchObject([{ kind: 10, tag: 'Purse', durable: true, rows: 3 }]);
    expect(first!.clist.exports).toBe(4); // the root and three purses
    expect(second!.clist.imports).toBe(1); // the bank's root
    expect(first!.deliveries).toBe(5); // startVat, three purses, getVersion
    const perVat = store.tables.filter(({ table }) => table === 'vatstore');
    expect(perVat.map(({ part }) => part).sort()).toEqual(['bank', 'relay']);
    const audited = kernel.audit().counts.vats.map(({ rows }) => rows);
    expect(store.vats.map(({ rows }) => rows.rows)).toEqual(audited);

    const beside = await heirloom('inspect', directory, '--json');
    expect([beside.status, beside.stderr]).toEqual([0, '']);
    expect(JSON.parse(beside.stdout) as StoreInspection).toEqual(store);
    await kernel.close();
    const { fileBytes: _size, ...closed } = await inspectStore(directory);
    expect(store).toMatchObject(closed);
  });

test('inspect: messages that wait on promises -> the longest queues come first', async () => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory });
  const bundleId = await install(kernel, 'promises/holder.js');
  const { root } = await kernel.createVat({ name: 'holder', bundleId });
  for (const [name, count] of [['short', 1], ['long', 3]] as const) {
    const made = (await kernel.call(root, 'make', [name])) as { promise: VatReference };
    for (let i = 0; i < count; i += 1) kernel.send(made.promise, 'ping');
  }
  await kernel.call(root, 'make', ['last']);
  const { queues } = await inspectStore(directory);
  expect(queues.waiting).toBe(4);
  expect(queues.longest.map(({ messages }) => messages)).toEqual([3, 1]);
});

test('inspect: rows of every kind of thing -> each table has a name', async () => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory });
  const bundleId = await install(kernel, 'workbench.js');
  const setup = `
    baggage.init('resolver', VatData.makeDurablePromiseKit().resolver);
    baggage.init('Watcher', VatData.makeKindHandle('Watcher'));
    const watcher = VatData.providePromiseWatcher(baggage.get('Watcher'));
    VatData.watchPromise(new Promise(() => {}), watcher);
    vatPowers.nameExport('desk', Far('desk'));
    const make = vatPowers.makeKind('Note', text => ({ text }), {});
    baggage.init('note', make('x'.repeat(1_000)));
    const map = VatData.makeScalarBigMapStore('map', { durable: true });
    map.init(baggage.get('note'), 1);
    baggage.init('map', map);`;
  const { root } = await kernel.createVat({ name: 'bench', bundleId, vatParameters: { setup } });
  await kernel.call(root, 'run', [`harden({ told: baggage.get('resolver').getPromise() })`]);
  const [bench] = (await inspectStore(directory)).vats;
  const parts = bench!.rowTables.map(({ part }) => part);
  expect(parts).toEqual(expect.arrayContaining(['resolver kind', 'durable promises', 'watches']));
  expect(parts).not.toContain('unknown');
});

test('inspect: --vat, an unknown vat, no store, --help -> tables, errors that say what is there',
  { tags: ['thorough'] },
  async () => {
    const directory = await freshDirectory();
    const kernel = await kernelOver({ directory });
    const bundleId = await install(kernel, 'bank.js');
    const { root } = await kernel.createVat({ name: 'bank', bundleId });
    await kernel.call(root, 'makePurse', ['alice', 1n]);
    for (let i = 10; i < 32; i += 1) await kernel.bind(`name${i}`, root);
    await kernel.close();
    const whole = await heirloom('inspect', directory);
    for (const text of ['references of the host', `name29: ${root.kref}`, 'and 2 more']) {
      expect(whole.stdout).toContain(text);
    }
    expect(whole.stdout).not.toContain('name30');
    for (const text of ['block hash', 'Purse', 'c-lists, by vref']) {
      expect(whole.stdout).toContain(text);
    }
    const bank = await heirloom('inspect', directory, '--vat', 'bank');
    expect(bank.stdout).toContain('collection counts');
    const other = await heirloom('inspect', directory, '--vat', 'bnk');
    expect([other.status, other.stderr]).toEqual([
      1,
      'heirloom: UNKNOWN_VAT: no vat "bnk"; there are: bank\n',
    ]);
    const nothing = await heirloom('inspect', `${directory}/none`);
    expect([nothing.status, nothing.stderr.split(':')[1]]).toEqual([1, ' NOT_A_STORE']);
    expect((await heirloom('inspect', '--help')).stdout).toContain('--vat <name>');
  });
