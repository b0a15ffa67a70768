/**
 * The process that holds the kernel under churn: carries out rounds from wherever its store is, and
 * tells its parent of each. Killed and started again with the same job it goes on.
 */
import { readFile } from 'node:fs/promises';
import { memberAt } from '../member.js';
import { House } from './house.js';
import type { ChurnJob, ChurnMessage } from './messages.js';
import { restingResources } from './resources.js';

/**
 * Rounds of a process after which its resources are looked at for the first time. By then memory
 * has stopped its first, steep rise: it grew threefold in the first 70 rounds of small vats.
 */
const SETTLED_ROUNDS = 100;

const tell = (message: ChurnMessage): void => {
  if (process.send === undefined) throw Error('the process is started by the bench');
  process.send(message);
};

const runJob = async (job: ChurnJob): Promise<void> => {
  const house = await House.open(job);
  const { lastRound, plan } = job;
  const settledAt = house.roundsDone + SETTLED_ROUNDS;
  for (let number = house.roundsDone + 1; number <= lastRound; number += 1) {
    tell({ type: 'began', number });
    tell({ type: 'round', figures: await house.round(number) });
    // A process that does not live so long has nothing to be compared with.
    if (number !== settledAt && (number !== lastRound || number < settledAt)) continue;
    tell({ type: 'resources', number, resources: await restingResources() });
  }
  const isLast = lastRound === plan.rounds;
  if (isLast) tell({ type: 'counting' });
  const outcome = isLast ? await house.finish() : undefined;
  await house.close();
  tell(outcome === undefined ? { type: 'closed' } : { type: 'done', outcome });
  process.disconnect();
};

const job: ChurnJob = JSON.parse(await readFile(memberAt(process.argv, 2), 'utf8'));
await runJob(job);
