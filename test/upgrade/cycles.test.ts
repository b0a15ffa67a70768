/** Stored things that only hold each other: found after upgrades, in bounded steps (docs/gc.md). */
import { inspectStore, type CreatedVat, type Kernel } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { auditStore } from '../support/stores/store-audit.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

const SETUP = `
  if (!baggage.has('Node')) baggage.init('Node', VatData.makeKindHandle('Node'));
  $.makeNode = VatData.defineDurableKind(baggage.get('Node'), () => ({ next: null }), {
    tie: ({ state }, next) => { state.next = next; },
  });`;
/** `n` pairs that only hold each other. */
const makePairs = (n: number): string => `
  for (let i = 0; i < ${n}; i += 1) {
    const a = $.makeNode();
    const b = $.makeNode();
    a.tie(b);
    b.tie(a);
  }
  1`;

interface Scene {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly bundleId: string;
  readonly vat: CreatedVat;
}

const scene = async (options: Parameters<typeof kernelOver>[0] = {}): Promise<Scene> => {
  const directory = options.directory ?? (await freshDirectory());
  const kernel = await kernelOver({ ...options, directory });
  const bundleId = await install(kernel, 'workbench.js');
  const vatParameters = { setup: SETUP };
  const vat = await kernel.createVat({ name: 'vat', bundleId, vatParameters });
  await kernel.call(vat.root, 'run', [`baggage.init('kept', $.makeNode()); 1`]);
  return { directory, kernel, bundleId, vat };
};
const upgrade = async ({ kernel, bundleId, vat }: Scene): Promise<void> => {
  await kernel.upgradeVat(vat.vatId, { bundleId, vatParameters: { setup: SETUP } });
  await kernel.idle();
};
/** How many nodes the store has. */
const nodesIn = async ({ directory }: Scene): Promise<number> => {
  const { vats } = await inspectStore(directory);
  return vats[0]!.kinds.find(({ tag }) => tag === 'Node')!.rows;
};

describe('cycles:', () => {
  test('asked for -> found, of the incarnations before; what is held stays', async () => {
    const stage = await scene();
    const { kernel, vat } = stage;
    await kernel.call(vat.root, 'run', [makePairs(50)]);
    await upgrade(stage);
    expect(await nodesIn(stage)).toBe(101);
    await kernel.collectCycles(vat.vatId);
    await kernel.idle();
    expect(await nodesIn(stage)).toBe(1);
    await kernel.call(vat.root, 'run', [`baggage.get('kept').tie(baggage.get('kept')); 1`]);
    await upgrade(stage);
    await kernel.collectCycles();
    await kernel.idle();
    expect(await nodesIn(stage)).toBe(1);
    expect(await kernel.call(vat.root, 'run', [`baggage.get('kept').tie(null)`])).toBe(undefined);
  });

  test('every cycleInterval upgrades -> without being asked', { tags: ['thorough'] }, async () => {
    const stage = await scene({ parameters: { cycleInterval: 3 } });
    const { kernel, vat } = stage;
    await kernel.call(vat.root, 'run', [makePairs(5)]);
    const nodes = [];
    for (let n = 0; n < 3; n += 1) {
      await upgrade(stage);
      nodes.push(await nodesIn(stage));
    }
    expect(nodes).toEqual([11, 11, 1]);
  });

  const restarted = 'a restart in the middle, small steps -> the same hashes, and all is found';
  test(restarted, { tags: ['thorough'] }, async () => {
    const pairs = 20;
    const blocks = 12;
    const run = async (restarts: boolean): Promise<string> => {
      const directory = await freshDirectory();
      const parameters = { sweepRowsMax: 8, gc: 'consensus' } as const;
      const stage = await scene({ directory, parameters });
      let { kernel } = stage;
      await kernel.call(stage.vat.root, 'run', [makePairs(pairs)]);
      await upgrade(stage);
      await kernel.collectCycles();
      await kernel.close();
      for (let n = 0; n < blocks; n += 1) {
        if (restarts || n === 0) kernel = await kernelOver({ directory, blocks: 'host' });
        await kernel.run({ waves: 3 });
        await kernel.commit();
        if (restarts) await kernel.close();
      }
      if (!restarts) await kernel.close();
      expect(await auditStore(directory)).toEqual([]);
      const { blockHash } = await inspectStore(directory);
      expect(await nodesIn(stage)).toBe(1);
      return blockHash;
    };
    expect(await run(true)).toBe(await run(false));
  });

  test('an unknown vat -> KernelError', async () => {
    const kernel = await kernelOver();
    await expect(kernel.collectCycles('v99')).rejects.toThrow('no vat v99 runs');
  });
});
