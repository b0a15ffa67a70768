/**
 * Data of a vat for the host that is millions of values: whoever else waits for the kernel's thread
 * has turns while it is read. Counts only: the clock shows a millisecond more whenever it is looked
 * at.
 */
import { hostWays, openKernelOver } from '@heirloom/kernel/over';
import { expect, test } from 'vitest';
import { fixture, freshDirectory } from '../support/kernels/fresh-kernels.js';

/** Of data that is short, at a commit and between waves. */
const FEW_TURNS = 8;
const ITEMS = 100_000;

const benchOf = async () => {
  const ways = hostWays(await freshDirectory());
  let [now, turns] = [0, 0];
  const nextTurn = async (): Promise<void> => {
    turns += 1;
    await ways.clock.nextTurn();
  };
  const clock = { ...ways.clock, nowMs: () => (now += 1), nextTurn };
  const options = { spareThreads: 0, log: () => undefined };
  const kernel = await openKernelOver({ ...ways, clock }, options);
  const bundleId = await kernel.installBundle(await fixture('workbench.js'));
  const { root } = await kernel.createVat({ name: 'x', bundleId });
  const turnsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = turns;
    await work();
    return turns - before;
  };
  return { kernel, root, turnsOf };
};

/** None of its arrays has more than two elements. */
const TREE = `(() => {
  const tree = depth => depth === 0 ? 1 : [tree(depth - 1), tree(depth - 1)];
  return harden(tree(16)); })()`;
const MANY = `harden(Array.from({ length: ${ITEMS} }, (_none, n) => ({ n, list: [n] })))`;

const title = 'long data: fulfilled, rejected, to a host object -> whole, in order, in turns';
test(title, async () => {
  const { kernel, root, turnsOf } = await benchOf();
  let given: unknown;
  const hosts = { take: (_context: unknown, value: unknown) => void (given = value) };
  await kernel.registerHostObject('sink', hosts);
  const run = (code: string, ...args: unknown[]): Promise<unknown> =>
    kernel.call(root, 'run', [code, args]);
  expect(await turnsOf(() => run('[1, 2]'))).toBeLessThan(FEW_TURNS);

  let value: unknown;
  const read = await turnsOf(async () => (value = await run(MANY)));
  expect(read).toBeGreaterThan(ITEMS / 2_000);
  expect(value).toHaveLength(ITEMS);
  expect(Object.isFrozen((value as object[]).at(-1))).toBe(true);
  expect((value as unknown[]).at(-1)).toEqual({ n: ITEMS - 1, list: [ITEMS - 1] });

  const branched = await turnsOf(() => run(TREE));
  expect(branched).toBeGreaterThan(2 ** 16 / 2_000);

  const refused = await turnsOf(async () => {
    value = await run(`throw ${MANY}`).catch((reason: unknown) => reason);
  });
  expect(refused).toBeGreaterThan(ITEMS / 2_000);
  expect(value).toHaveLength(ITEMS);

  await run('$.sink = args[0]; 0', kernel.hostObject('sink'));
  const handed = await turnsOf(() => run(`E($.sink).take(${MANY}).then(() => 0)`));
  expect(handed).toBeGreaterThan(ITEMS / 2_000);
  expect(given).toHaveLength(ITEMS);
  const order: string[] = [];
  const told = [['long', MANY], ['short', '1']].map(async ([name, code]) => {
    await run(code!);
    order.push(name!);
  });
  await Promise.all(told);
  expect(order).toEqual(['long', 'short']);
  await kernel.close();
});
