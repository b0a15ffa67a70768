/**
 * Interfaces of presences over everything that a kernel does with a vat, in kernels that differ in
 * what may not matter. What vat code sees of them: test/objects/interfaces.test.ts.
 */
import { createHash } from 'node:crypto';
import { exportState, importState, verifyStore, type Kernel } from '@heirloom/kernel';
import { INTERFACES_MARK, readImage } from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { inReplicas, type Replica } from '../support/kernels/replicas.js';

const SHOWN = `[...baggage.values()].map(it => getInterfaceOf(it))`;
const OWNED = `if (!baggage.has('h')) baggage.init('h', VatData.makeKindHandle('Purse'));
  $.make = VatData.defineDurableKind(baggage.get('h'), () => ({}), {});`;

const run = (kernel: Kernel, name: string, code: string, args: readonly unknown[] = []) =>
  kernel.call(kernel.vat(name).root, 'run', [code, args]);

const twoVats = async (kernel: Kernel): Promise<string> => {
  const bundleId = await install(kernel, 'workbench.js');
  await kernel.createVat({ name: 'owner', bundleId, vatParameters: { setup: OWNED } });
  await kernel.createVat({ name: 'other', bundleId });
  return bundleId;
};

/** Objects of every sort, kept, let go of, sent again: what the other vat saw of all of them. */
const life = async (replica: Replica): Promise<readonly unknown[]> => {
  const seen: unknown[] = [];
  const bundleId = await replica.settle(
    replica.kernel.installBundle(await fixture('workbench.js')),
  );
  for (const name of ['owner', 'other']) {
    const vatParameters = name === 'owner' ? { setup: OWNED } : undefined;
    await replica.settle(replica.kernel.createVat({ name, bundleId, vatParameters }));
  }
  const tell = async (name: string, code: string, args: readonly unknown[] = []) => {
    const { kernel } = replica;
    return replica.settle(kernel.send(kernel.vat(name).root, 'run', [code, args]).result);
  };
  const give = async (code: string, how: string): Promise<void> => {
    const made = await tell('owner', code);
    seen.push(await tell('other', `$.n = ($.n ?? 0) + 1; ${how}; getInterfaceOf(args[0])`, [made]));
    // Only the vat holds it from now on, if it does.
    replica.kernel.release(made as never);
    await replica.block();
  };
  const upgrade = async (name: string, setup: string): Promise<void> => {
    const { kernel } = replica;
    const options = { bundleId, vatParameters: { setup } };
    await replica.settle(kernel.upgradeVat(kernel.vat(name).vatId, options));
  };
  for (let round = 0; round < 3; round += 1) {
    await give(`$.it${round} = $.make()`, `baggage.init('p${round}', args[0])`);
    await give(`$.far = Far('far ${round}', {})`, `baggage.init('f${round}', args[0])`);
    await give(`$.gone = Far('gone ${round}', {})`, '0');
    await give(`$.gone`, '0');
    seen.push(await tell('other', SHOWN));
    await upgrade('other', '');
    await replica.block();
    seen.push(await tell('other', SHOWN));
    await give('$.gone', '0');
    await upgrade('owner', OWNED);
    await replica.block();
    seen.push(await tell('other', SHOWN));
  }
  return seen;
};

const inKernels = 'interfaces: a life, in kernels that differ -> the same names and hashes';
test(inKernels, { tags: ['sized'] },
  async () => {
    const seen = await inReplicas(life);
    const names = (round: number): string[] =>
      Array.from({ length: round + 1 }, (_, n) => [`f${n}`, `p${n}`])
        .flat()
        .sort()
        .map(key => (key.startsWith('p') ? 'Alleged: Purse' : `Alleged: far ${key.slice(1)}`));
    const expected = [0, 1, 2].flatMap(round => {
      const gone = `Alleged: gone ${round}`;
      const given = ['Alleged: Purse', `Alleged: far ${round}`, gone, gone];
      return [...given, names(round), names(round), gone, names(round)];
    });
    expect(seen).toEqual(expected);
  });

describe('interfaces:', () => {
  test('let go of and reaped, replayed, paged out -> the same, to owner and importer', async () => {
    const directory = await freshDirectory();
    const parameters = { gc: 'engine' as const };
    let kernel = await kernelOver({ directory, parameters });
    await twoVats(kernel);
    const made = await run(kernel, 'owner', `$.kept = Far('kept', {})`);
    const shown = 'getInterfaceOf(args[0])';
    expect(await run(kernel, 'other', `$.kept = args[0]; ${shown}`, [made])).toBe('Alleged: kept');
    const gone = await run(kernel, 'owner', `$.gone = Far('gone', {})`);
    expect(await run(kernel, 'other', shown, [gone])).toBe('Alleged: gone');
    kernel.release(gone as never);
    for (let n = 0; n < 3; n += 1) {
      await kernel.reapAll();
      await kernel.idle();
    }
    expect(await run(kernel, 'other', shown, [await run(kernel, 'owner', '$.gone')])).toBe(
      'Alleged: gone',
    );
    await kernel.idle();
    await kernel.close();
    kernel = await kernelOver({ directory, maxVatsOnline: 1 });
    for (let n = 0; n < 2; n += 1) {
      expect(await run(kernel, 'other', 'getInterfaceOf($.kept)')).toBe('Alleged: kept');
      expect(await run(kernel, 'owner', 'getInterfaceOf($.kept)')).toBe('Alleged: kept');
    }
    await kernel.idle();
    await kernel.close();
    expect((await verifyStore({ directory })).ok).toBe(true);
  });

  test('a vat on an image of before -> is told nothing; what it has stays, what comes is told',
    async () => {
      const kernel = await kernelOver();
      const source = readImage().source.replaceAll(INTERFACES_MARK, 'heirloom image: of before');
      const id = createHash('sha256').update(source).digest('hex');
      await kernel.adoptImage({ image: { id, source } });
      const bundleId = await twoVats(kernel);
      const keep = `baggage.init('b' + baggage.getSize(), args[0]); ${SHOWN}`;
      const made = await run(kernel, 'owner', '$.make()');
      expect(await run(kernel, 'other', keep, [made])).toEqual(['Alleged: remote']);
      await kernel.adoptImage();
      await kernel.upgradeVat(kernel.vat('other').vatId, { bundleId });
      expect(await run(kernel, 'other', SHOWN, [made])).toEqual(['Alleged: remote']);
      const next = await run(kernel, 'owner', '$.make()');
      expect(await run(kernel, 'other', keep, [next])).toEqual([
        'Alleged: remote', 'Alleged: Purse',
      ]);
    });

  test('a root under another name -> the one that it began with, to everybody', async () => {
    const kernel = await kernelOver();
    const bundleId = await twoVats(kernel);
    await kernel.createVat({ name: 'late', bundleId });
    const { root, vatId } = kernel.vat('owner');
    const shown = 'getInterfaceOf(args[0])';
    expect(await run(kernel, 'other', shown, [root])).toBe('Alleged: workbench');
    const vatParameters = { setup: OWNED, root: `Far('renamed', { run: () => 1 })` };
    await kernel.upgradeVat(vatId, { bundleId, vatParameters });
    for (const name of ['other', 'late']) {
      expect(await run(kernel, name, shown, [root])).toBe('Alleged: workbench');
    }
  });

  test('a fork -> what its parent knew; its own exports are called what they were', async () => {
    const kernel = await kernelOver();
    await twoVats(kernel);
    const far = await run(kernel, 'other', `Far('far', {})`);
    await run(kernel, 'owner', '$.far = args[0]; 0', [far]);
    const exports = [
      await run(kernel, 'owner', `$.mine = Far('mine', {})`),
      await run(kernel, 'owner', `$.purse = $.make()`),
    ];
    const options = { name: 'fork', exports: exports as never };
    const fork = await kernel.forkVat(kernel.vat('owner').vatId, options);
    expect(await run(kernel, 'fork', 'getInterfaceOf($.far)')).toBe('Alleged: far');
    const shown = 'args.map(it => getInterfaceOf(it))';
    expect(await run(kernel, 'other', shown, [fork.root, ...fork.exports])).toEqual([
      'Alleged: workbench', 'Alleged: mine', 'Alleged: Purse',
    ]);
    const next = await run(kernel, 'fork', '$.make()');
    expect(await run(kernel, 'other', shown, [next])).toEqual(['Alleged: Purse']);
  });

  test('objects of the host and the kernel, and what the host is given', async () => {
    const kernel = await kernelOver({ hostObjects: { bridge: { ping: () => 1 } } });
    await twoVats(kernel);
    const bridge = kernel.hostObject('bridge');
    expect(bridge.iface).toBe('Alleged: bridge');
    expect(await run(kernel, 'other', 'getInterfaceOf(args[0])', [bridge])).toBe('Alleged: bridge');
    const { vatAdmin, clock } = kernel.services;
    const args = [kernel.vat('owner').root, vatAdmin, clock];
    expect(await run(kernel, 'other', 'args.map(it => getInterfaceOf(it))', args)).toEqual([
      'Alleged: workbench', 'Alleged: vatAdmin', 'Alleged: clock',
    ]);
    expect([vatAdmin.iface, clock.iface]).toEqual(['Alleged: vatAdmin', 'Alleged: clock']);
    const given = await run(kernel, 'owner', `harden([Far('a', {}), new Promise(() => {})])`);
    expect((given as { iface?: string }[]).map(({ iface }) => iface)).toEqual([
      'Alleged: a', undefined,
    ]);
    expect(kernel.vat('owner').root.iface).toBe('Alleged: workbench');
  });

  test('a state that was exported -> the importer shows the same', async () => {
    const [directory, out, next] = [
      await freshDirectory(), await freshDirectory(), await freshDirectory(),
    ];
    const first = await kernelOver({ directory });
    await twoVats(first);
    const made = await run(first, 'owner', '$.make()');
    await run(first, 'other', `baggage.init('p', args[0]); 0`, [made]);
    await first.idle();
    await first.close();
    const { stateRoot: root } = await exportState({ directory, to: `${out}/state` });
    await importState({ from: `${out}/state`, directory: `${next}/store`, root });
    const second = await kernelOver({ directory: `${next}/store` });
    expect(await run(second, 'other', SHOWN)).toEqual(['Alleged: Purse']);
    const { bundleId, vatId } = second.vat('other');
    await second.upgradeVat(vatId, { bundleId });
    expect(await run(second, 'other', SHOWN)).toEqual(['Alleged: Purse']);
  });
});
