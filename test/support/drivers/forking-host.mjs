/**
 * A family of `upgrade/hatchery.js`, block by block: eggs are laid and dropped, vats are forked,
 * upgraded and ended, with waves so few that spaces are amid being merged. What a block does
 * follows from the seed, its number and the vats that run, so a host that was killed goes on at the
 * last block. Prints one JSON object when it has come to its end.
 */
import { openKernel } from '@heirloom/kernel';

const [directory, bundleId, ...numbers] = process.argv.slice(2);
/** `start`: the height at which it began for the first time. */
const [seed, start, blocks] = numbers.map(Number);
const VATS_MAX = 6;
/** Keys that are written again and again. */
const EGGS = 12;

/** The mulberry32 generator, seeded by the number of a block. */
const randomOf = block => {
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(block, 0x85ebca6b);
  return bound => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
};

const kernel = await openKernel({ directory, blocks: 'host' });

const doSomething = (block, below) => {
  const vats = kernel.vats();
  const { root, vatId } = vats[below(vats.length)];
  const name = `e${below(EGGS)}`;
  switch (below(10)) {
    case 0:
      return kernel.upgradeVat(vatId, { bundleId });
    case 1:
    case 2:
      return vats.length < VATS_MAX ? kernel.forkVat(vatId, { name: `fork-${block}` }) : undefined;
    case 3:
      return vats.length > 1 ? kernel.terminateVat(vatId) : undefined;
    case 4:
    case 5:
      return kernel.send(root, 'dropEgg', [name]).result;
    default:
      return kernel.send(root, 'layEgg', [name, BigInt(block)]).result;
  }
};

while (kernel.height < start + blocks) {
  const block = kernel.height - start;
  const below = randomOf(block);
  for (let n = 1 + below(3); n > 0; n -= 1) {
    // What has gone wrong is part of the state: an egg of that name is there, or is not.
    void doSomething(block, below)?.catch(() => undefined);
    await kernel.run({ waves: 1 + below(2) });
  }
  await kernel.commit();
}
await kernel.run();
await kernel.commit();
const { findings } = kernel.audit({ rows: true });
const weights = [];
for (const { root } of kernel.vats()) {
  const asked = kernel.call(root, 'getWeights');
  await kernel.run();
  await kernel.commit();
  weights.push(String(await asked));
}
await kernel.close();
console.log(JSON.stringify({ weights, findings }));
