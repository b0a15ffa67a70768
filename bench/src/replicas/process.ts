/**
 * The process of one replica: carries out a plan and tells its parent the hash of every block.
 *
 * Killed and started again with the same job it goes on where its store is. The first block that it
 * tells of is the last one that is durable, which the parent may not have heard of (rules.md#s2).
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { exportState, importState, type LogRecord } from '@heirloom/kernel';
import { memberAt } from '../member.js';
import { Replica } from './execution.js';
import type { Job, ReplicaMessage } from './messages.js';
import { makePlan } from './plan.js';

const CATEGORIES = ['vat', 'upgrade', 'gc'] as const;

const tell = (message: ReplicaMessage): void => {
  if (process.send === undefined) throw Error('a replica is started by the bench');
  process.send(message);
};

/** `upgraded`, `upgraded (failed)`, `retireExports`, ... by what happened. */
const countEvents = (counts: Map<string, number>) => (record: LogRecord): void => {
  const name = record['ok'] === false ? `${record.event} (failed)` : record.event;
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

const open = async (job: Job): Promise<Replica> => {
  const { directory, code, options, stateRootInterval, imported } = job;
  if (imported !== undefined && !existsSync(directory)) {
    await importState({ ...imported, directory });
  }
  return Replica.open({
    directory,
    code,
    options,
    plan: makePlan(job.plan),
    parameters: { stateRootInterval },
    stage: (number, stage) => tell({ type: 'stage', number, stage }),
  });
};

const runJob = async (job: Job): Promise<void> => {
  const replica = await open(job);
  const { kernel } = replica;
  const events = new Map<string, number>();
  kernel.setLog({ categories: [...CATEGORIES], write: countEvents(events) });
  if (replica.number > 0) {
    tell({ type: 'block', number: replica.number, hash: kernel.blockHash });
  }
  for (;;) {
    const hash = await replica.runBlock();
    if (hash === undefined) break;
    const { number } = replica;
    if (number === job.exported?.number) {
      await exportState({ directory: job.directory, to: job.exported.to });
    }
    tell({ type: 'block', number, hash });
  }
  const { ok: auditOk } = kernel.audit();
  await replica.close();
  const sorted = [...events].sort(([a], [b]) => (a < b ? -1 : 1));
  tell({ type: 'done', auditOk, events: Object.fromEntries(sorted) });
  process.disconnect();
};

const job: Job = JSON.parse(await readFile(memberAt(process.argv, 2), 'utf8'));
await runJob(job);
