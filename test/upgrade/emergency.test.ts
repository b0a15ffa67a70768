/**
 * Emergency upgrades: code that does not know what its predecessors left looks at it, takes over
 * what it can and gives up the rest; what it leaves alone is suspended.
 */
import type { CreatedVat, Kernel, VatReference } from '@heirloom/kernel';
import { verifyStore } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const shared = useSharedKernel();

/** Handles in the heap only, state shapes, a kit: nothing that a successor could find. */
const OLD = `
  const define = (tag, ...rest) =>
    VatData.defineDurableKind(VatData.makeKindHandle(tag), ...rest);
  $.makePurse = define('Purse', n => ({ n, friend: null }), {
    get: ({ state }) => state.n,
    befriend: ({ state }, friend) => { state.friend = friend; },
  }, { stateShape: harden({ n: M.nat(), friend: M.any() }) });
  $.makeKit = VatData.defineDurableKindMulti(VatData.makeKindHandle('Kit'), () => ({ x: 1 }), {
    left: { one: () => 1 }, right: { two: () => 2 },
  });
  baggage.init('purses', harden([$.makePurse(5n), $.makePurse(7n)]));
  const [first, second] = baggage.get('purses');
  first.befriend(second);
  baggage.init('kit', $.makeKit().left);`;

interface Scene {
  readonly kernel: Kernel;
  readonly vat: CreatedVat & { readonly name: string; readonly bundleId: string };
  readonly purse: VatReference;
  readonly left: VatReference;
  upgrade(setup: string, emergency?: boolean): Promise<unknown>;
  run(code: string): Promise<unknown>;
}

const scene = async (): Promise<Scene> => {
  const { kernel } = shared;
  const vat = await shared.create('workbench.js', { vatParameters: { setup: OLD } });
  const { bundleId } = vat;
  const run = (code: string): Promise<unknown> => kernel.call(vat.root, 'run', [code]);
  const [purse] = (await run(`baggage.get('purses')`)) as VatReference[];
  const left = (await run(`baggage.get('kit')`)) as VatReference;
  return {
    kernel,
    vat,
    purse: purse!,
    left,
    run,
    upgrade: (setup, emergency = true) =>
      kernel.upgradeVat(vat.vatId, { bundleId, vatParameters: { setup }, emergency }),
  };
};
const KINDS = `const [purse, kit] = vatPowers.estate.kinds().map(({ kind }) => kind);`;

describe('emergency:', () => {
  test('as usual -> the upgrade fails, and there is no estate', async () => {
    const { upgrade, run } = await scene();
    await expect(upgrade('1', false)).rejects.toThrow('[Purse,Kit]');
    expect(await run('vatPowers.estate')).toBe(undefined);
  });

  test('the estate -> kinds, raw rows, exports, page by page', async () => {
    const { upgrade, run } = await scene();
    await upgrade(`${KINDS}
      const { estate } = vatPowers;
      $.seen = harden({
        kinds: estate.kinds(),
        all: estate.rows(purse),
        second: estate.rows(purse, { after: 1, limit: 1 }),
        exports: [...estate.exports(purse), ...estate.exports(kit)],
        wrong: [why(() => estate.rows(99)), why(() => estate.rows(purse, { limit: 0 }))],
      });`);
    const second = { instance: 2, holders: 2, state: { n: 7n, friend: null } };
    expect(await run('$.seen')).toEqual({
      kinds: [
        { kind: 10, tag: 'Purse', facets: undefined, fields: ['n', 'friend'] },
        { kind: 11, tag: 'Kit', facets: ['left', 'right'], fields: ['x'] },
      ],
      all: [{ instance: 1, holders: 1, state: { n: 5n, friend: { ref: 'o+d10/2' } } }, second],
      second: [second],
      exports: [
        { ref: 'o+d10/1', instance: 1, facet: undefined, reach: 'reachable' },
        { ref: 'o+d10/2', instance: 2, facet: undefined, reach: 'reachable' },
        { ref: 'o+d11/1:0', instance: 1, facet: 'left', reach: 'reachable' },
      ],
      wrong: [expect.stringContaining('there are [10,11]'), expect.stringContaining('a page is')],
    });
    expect(await run('why(() => vatPowers.estate.kinds())')).toContain('the estate is closed');
  });

  test('what is left alone -> suspended, until a successor defines it', async () => {
    const { kernel, upgrade, run, purse, left } = await scene();
    await upgrade('1');
    const text = 'object suspended: its kind "Purse" is not defined at present';
    await expect(kernel.call(purse, 'get')).rejects.toThrow(text);
    await expect(kernel.call(left, 'one')).rejects.toThrow('"Kit"');
    expect(await run(`E(baggage.get('purses')[0]).get().catch(e => e.message)`)).toBe(text);
    await expect(upgrade('1', false)).rejects.toThrow('[Purse,Kit]');
    await kernel.idle();
    await upgrade(`${KINDS}
      const { estate } = vatPowers;
      VatData.defineDurableKind(estate.handle(purse), n => ({ n, friend: null }), {
        get: ({ state }) => state.n * 10n,
      }, { stateShape: harden({ n: M.nat(), friend: M.any() }) });
      estate.revoke(kit);`);
    expect(await kernel.call(purse, 'get')).toBe(50n);
    await expect(kernel.call(left, 'one')).rejects.toThrow('object revoked');
    await kernel.idle();
    const { ok, audit } = await shared.closedFor(directory => verifyStore({ directory }));
    expect([ok, audit.findings]).toEqual([true, []]);
  });

  test('rebound -> with another shape and fewer facets', async () => {
    const { kernel, upgrade, purse, left } = await scene();
    await upgrade(`${KINDS}
      const { estate } = vatPowers;
      estate.rebind(purse, n => ({ n }), { get: ({ state }) => [state.n, state.extra] },
        { stateShape: harden({ n: M.any(), extra: M.any() }) });
      estate.rebind(kit, () => ({ x: 2 }), { right: { three: ({ state }) => state.x + 2 } });`);
    expect(await kernel.call(purse, 'get')).toEqual([5n, undefined]);
    await expect(kernel.call(left, 'one')).rejects.toThrow('has no method');
  });

  test('one export revoked -> its holders are told, the others go on', async () => {
    const { kernel, upgrade, run, purse } = await scene();
    await upgrade(`${KINDS}
      vatPowers.estate.revokeExport('o+d10/1');
      $.wrong = why(() => vatPowers.estate.revokeExport('o+d10/1'));
      vatPowers.estate.rebind(purse, n => ({ n }), { get: ({ state }) => state.n });
      VatData.defineDurableKindMulti(vatPowers.estate.handle(kit), () => ({ x: 1 }), {
        left: { one: () => 1 }, right: { two: () => 2 },
      });`);
    expect(await run('$.wrong')).toContain('nobody holds');
    await expect(kernel.call(purse, 'get')).rejects.toThrow('vat terminated');
    const [, second] = (await run(`baggage.get('purses')`)) as VatReference[];
    expect(await kernel.call(second!, 'get')).toBe(7n);
    expect(await run(`E(baggage.get('purses')[0]).get()`)).toBe(5n);
    await kernel.idle();
    const { ok, audit } = await shared.closedFor(directory => verifyStore({ directory }));
    expect([ok, audit.findings]).toEqual([true, []]);
  });

  test('a start that throws -> the predecessor goes on, the estate is as it was', async () => {
    const { kernel, upgrade, purse } = await scene();
    const failing = `${KINDS} vatPowers.estate.revoke(purse); throw Error('no');`;
    await expect(upgrade(failing)).rejects.toThrow('no');
    expect(await kernel.call(purse, 'get')).toBe(5n);
  });

  test('wrong options -> say what would be right', async () => {
    const { kernel, vat } = await scene();
    const options = { bundleId: vat.bundleId };
    const upgrade = (more: object) => kernel.upgradeVat(vat.vatId, { ...options, ...more });
    await expect(upgrade({ emergency: 1 })).rejects.toThrow('true or false');
    await expect(upgrade({ emergency: true, mode: 'replay' })).rejects.toThrow('emergency');
  });
});
