/**
 * How many deposits a second does SwingSet make?
 *
 *   node bench.mjs [purses] [deposits] [rounds]   prints one JSON line per step, the last a summary
 *   node bench.mjs --serve                        takes steps from stdin, one JSON line each
 *
 * A step is `{ method, args }`, its answer `{ ms, cranks, result }`. `--serve` lets another process
 * time two kernels in alternation (bench/src/purses.ts); it ends when stdin does.
 */
import { createInterface } from 'node:readline';
import { openController } from './controller.mjs';

/** Purses made by one call; the count of slots in one message stays bounded. */
const PURSES_PER_CALL_MAX = 500;
const UPGRADE_COUNT = 3;

const print = record => {
  process.stdout.write(`${JSON.stringify({ peer: 'swingset', ...record })}\n`);
};

const median = values => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const step = async (controller, method, args) => {
  const answer = await controller.call(method, args);
  print({ method, args, ...answer });
  return answer.ms;
};

const serve = async controller => {
  print({ method: 'ready' });
  for await (const line of createInterface({ input: process.stdin })) {
    const { method, args } = JSON.parse(line);
    await step(controller, method, args);
  }
};

const measure = async (controller, { purses, deposits, rounds }) => {
  for (let made = 0; made < purses; made += PURSES_PER_CALL_MAX) {
    await step(controller, 'make', [Math.min(PURSES_PER_CALL_MAX, purses - made)]);
  }
  await step(controller, 'deposit', [deposits]);
  const perSecond = [];
  for (let round = 0; round < rounds; round += 1) {
    perSecond.push((deposits * 1000) / (await step(controller, 'deposit', [deposits])));
  }
  const upgradeMs = [];
  for (let version = 2; version < 2 + UPGRADE_COUNT; version += 1) {
    upgradeMs.push(await step(controller, 'upgrade', [version]));
  }
  print({
    summary: 'purses',
    purses,
    deposits,
    rounds,
    warmDepositsPerSecond: median(perSecond),
    upgradeMs: median(upgradeMs),
  });
};

const countOf = (text, name) => {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw RangeError(`${name}: not a count: ${text}`);
  return count;
};

const [first = '1000', deposits = '1000', rounds = '5'] = process.argv.slice(2);
const controller = await openController();
if (first === '--serve') {
  await serve(controller);
} else {
  await measure(controller, {
    purses: countOf(first, 'purses'),
    deposits: countOf(deposits, 'deposits'),
    rounds: countOf(rounds, 'rounds'),
  });
}
await controller.close();
