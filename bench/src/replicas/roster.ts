/** The replicas of the bench: what each does otherwise than the first. */
import type { KernelOptions } from '@heirloom/kernel';

export interface ReplicaSpec {
  readonly name: string;
  readonly options: Partial<KernelOptions>;
  /** Killed in the midst of blocks now and then, and opened again. */
  readonly isKilled?: true;
  /** Begins with the state that the first replica exported half-way. */
  readonly joins?: true;
}

/** The first one is what the others are compared with; it exports its state. */
export const ROSTER: readonly [ReplicaSpec, ...ReplicaSpec[]] = [
  { name: 'threads-1', options: { threads: 1, spareThreads: 0 } },
  { name: 'threads-2', options: { threads: 2 } },
  { name: 'threads-4', options: { threads: 4 } },
  { name: 'threads-8', options: { threads: 8, spareThreads: 2 } },
  { name: 'collecting', options: { collectsEveryCrank: true } },
  { name: 'killed', options: {}, isKilled: true },
  { name: 'paging', options: { maxVatsOnline: 2 } },
  { name: 'synced', options: {}, joins: true },
  { name: 'processes', options: { isolation: 'process' } },
];
