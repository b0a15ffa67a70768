/** The run queue, messages that wait on promises, and what the host holds: all of them hold. */
import {
  BOUND_NAME_PREFIX,
  HOST_RESULT_PREFIX,
  PARKED_PREFIX,
  PIN_PREFIX,
  PROMISE_QUEUE_PREFIX,
  readU48,
  RUN_QUEUE_PREFIX,
  strandedKey,
} from '@heirloom/store';
import { vatIdOf } from '@heirloom/worker';
import { namesOfPin } from '../objects/host-holds.js';
import { readKRef, readVat } from '../state/kernel-keys.js';
import { isPromiseKRef, promiseKRef, showKRef, type KRef } from '../state/krefs.js';
import { KERNEL_DECIDES, NOBODY_DECIDES, type Decider } from '../state/parties.js';
import { ItemType, type RunQueueItem } from '../state/queue-items.js';
import { rowsOf } from '../state/scan.js';
import { codecs, PromiseState } from '../state/schema.js';
import type { Audit } from './audit-context.js';
import { promiseRow } from './clists.js';

export interface QueueCounts {
  readonly runQueue: number;
  /** Items that were taken off the run queue and wait for stranded vats. */
  readonly parked: number;
  /** Messages that wait on promises. */
  readonly waiting: number;
  /** References that the host holds. */
  readonly pins: number;
  /** Names that it has bound to some of them. */
  readonly boundNames: number;
  readonly hostResults: number;
}

/** Adds to `results` the promises that what is queued will settle. */
export const auditQueues = (audit: Audit, results: Set<KRef>): QueueCounts => {
  return {
    runQueue: auditRunQueue(audit, results),
    parked: auditParked(audit, results),
    waiting: auditWaiting(audit, results),
    ...auditHost(audit),
  };
};

const auditRunQueue = (audit: Audit, results: Set<KRef>): number => {
  const { view, counters, holders, findings } = audit;
  let length = 0;
  for (const [key, item] of rowsOf(view, RUN_QUEUE_PREFIX, codecs.item)) {
    const ordinal = readU48(key, RUN_QUEUE_PREFIX.length);
    length += 1;
    findings.expect(
      ordinal < counters.queueTail,
      'queue',
      () => `item ${ordinal} is past the end of the run queue`,
    );
    holders.holdItem(item);
    checkItem(audit, ordinal, item, results);
  }
  return length;
};

/** What waits for a stranded vat holds as what is queued does. */
const auditParked = (audit: Audit, results: Set<KRef>): number => {
  const { view, holders, findings } = audit;
  let parked = 0;
  for (const [key, item] of rowsOf(view, PARKED_PREFIX, codecs.item)) {
    const vat = readVat(key, PARKED_PREFIX.length);
    const ordinal = readU48(key, PARKED_PREFIX.length + 4);
    const isStranded = view.get('kernel', strandedKey(vat)) !== undefined;
    parked += 1;
    findings.expect(
      isStranded && (item.type === ItemType.send || item.type === ItemType.notify),
      'queue',
      () => `item ${ordinal} is parked for ${vatIdOf(vat)}, and not as it should be`,
    );
    holders.holdItem(item);
    checkItem(audit, ordinal, item, results);
  }
  return parked;
};

const checkItem = (
  audit: Audit,
  ordinal: number,
  item: RunQueueItem,
  results: Set<KRef>,
): void => {
  switch (item.type) {
    case ItemType.send:
      audit.findings.expect(
        !isPromiseKRef(item.target),
        'queue',
        () => `item ${ordinal} goes to the promise ${showKRef(item.target)}`,
      );
      return checkResult(audit, item.result, NOBODY_DECIDES, results);
    case ItemType.notify:
      return undefined;
    case ItemType.create:
    case ItemType.upgrade:
    case ItemType.dryRun:
    case ItemType.terminate:
    case ItemType.fork:
      return checkResult(audit, item.result, KERNEL_DECIDES, results);
    default:
      throw TypeError(`unknown item ${String(item satisfies never)}`);
  }
};

/** The result of what is queued or waits is unresolved, and of nothing else. */
export const checkResult = (
  audit: Audit,
  result: KRef | undefined,
  decider: Decider,
  results: Set<KRef>,
): void => {
  if (result === undefined) return;
  const { findings } = audit;
  const name = (): string => `the queued result ${showKRef(result)}`;
  findings.expect(!results.has(result), 'queue', () => `${name()} is that of two messages`);
  results.add(result);
  const row = promiseRow(audit, result);
  const isOpen = row?.state === PromiseState.unresolved && row.decider === decider;
  findings.expect(isOpen, 'queue', () => `${name()} is settled, or somebody decides it`);
};

const auditWaiting = (audit: Audit, results: Set<KRef>): number => {
  const { view, holders, findings } = audit;
  const lengths = new Map<KRef, number>();
  let waiting = 0;
  for (const [key, message] of rowsOf(view, PROMISE_QUEUE_PREFIX, codecs.message)) {
    const at = PROMISE_QUEUE_PREFIX.length;
    const promise = promiseKRef(readU48(key, at));
    const ordinal = readU48(key, at + 6);
    waiting += 1;
    const expected = lengths.get(promise) ?? 0;
    const where = (): string => `message ${ordinal} on ${showKRef(promise)}`;
    findings.expect(ordinal === expected, 'queue', () => `${where()} does not follow the others`);
    const isTarget = message.target === promise;
    findings.expect(isTarget, 'queue', () => `${where()} is to ${showKRef(message.target)}`);
    lengths.set(promise, ordinal + 1);
    holders.holdWaiting(message);
    checkResult(audit, message.result, NOBODY_DECIDES, results);
  }
  for (const [promise, length] of lengths) {
    const count = promiseRow(audit, promise)?.queueCount;
    findings.expect(
      count === length,
      'queue',
      () => `${showKRef(promise)} has ${length} waiting messages and says ${count}`,
    );
  }
  return waiting;
};

const auditHost = (audit: Audit): Pick<QueueCounts, 'pins' | 'boundNames' | 'hostResults'> => {
  const { view, counters, holders, findings } = audit;
  let hostResults = 0;
  for (const [key, [promise]] of rowsOf(view, HOST_RESULT_PREFIX, codecs.hostResult)) {
    const input = readU48(key, HOST_RESULT_PREFIX.length);
    hostResults += 1;
    findings.expect(
      input <= counters.lastInput,
      'table',
      () => `a result of input ${input}, which has not been taken`,
    );
    holders.hold(promise);
  }
  return { ...auditPins(audit), hostResults };
};

/** A pin holds once, whatever it is made of; the names of each are those that are bound to it. */
const auditPins = (audit: Audit): Pick<QueueCounts, 'pins' | 'boundNames'> => {
  const { view, holders, findings } = audit;
  const names = new Map<KRef, number>();
  let boundNames = 0;
  for (const [, kref] of rowsOf(view, BOUND_NAME_PREFIX, codecs.kref)) {
    boundNames += 1;
    names.set(kref, (names.get(kref) ?? 0) + 1);
  }
  let pins = 0;
  for (const [key, pin] of rowsOf(view, PIN_PREFIX, codecs.count)) {
    const kref = readKRef(key, PIN_PREFIX.length);
    pins += 1;
    holders.hold(kref);
    const bound = names.get(kref) ?? 0;
    names.delete(kref);
    const isWhole = pin > 0 && namesOfPin(pin) === bound;
    const text = (): string => `${showKRef(kref)} is pinned with ${pin}, and ${bound} names`;
    findings.expect(isWhole, 'table', text);
  }
  for (const [kref, bound] of names) {
    findings.add('table', `${bound} names are bound to ${showKRef(kref)}, which is not pinned`);
  }
  return { pins, boundNames };
};
