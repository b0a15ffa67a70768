/** Objects and promises: their counts are the holders', their owners and deciders have them. */
import { OBJECT_PREFIX, PROMISE_PREFIX, readU48 } from '@heirloom/store';
import { isVatNumber, readInterface, readTag, vatIdOf } from '@heirloom/worker';
import {
  isPromiseKRef,
  krefNumber,
  objectKRef,
  promiseKRef,
  showKRef,
  type KRef,
} from '../state/krefs.js';
import { HOST_OWNS, KERNEL_OWNS, NOBODY_DECIDES, NOBODY_OWNS, REVOKED } from '../state/parties.js';
import { rowsOf } from '../state/scan.js';
import {
  codecs,
  exportName,
  PromiseState,
  Reach,
  type ObjectRow,
  type PromiseRow,
} from '../state/schema.js';
import { isDue, isRunning, type Audit } from './audit-context.js';
import { clistRow, namedBy, objectRow, promiseRow } from './clists.js';
import { isKernelObject } from './services.js';
import { checkGarbage } from './unreached-objects.js';

export interface ObjectCounts {
  readonly objects: number;
  /** Objects without an owner. */
  readonly orphans: number;
  /** Objects that nobody reaches or recognizes; roots are among them. */
  readonly unheld: number;
}

export interface PromiseCounts {
  readonly promises: number;
  readonly unresolved: number;
}

/** After every holder has been counted. */
export const auditObjects = (audit: Audit): ObjectCounts => {
  const { view, counters, findings } = audit;
  let objects = 0;
  let orphans = 0;
  let unheld = 0;
  for (const [key, row] of rowsOf(view, OBJECT_PREFIX, codecs.object)) {
    const n = readU48(key, OBJECT_PREFIX.length);
    const kref = objectKRef(n);
    objects += 1;
    if (row[0] === NOBODY_OWNS || row[0] === REVOKED) orphans += 1;
    if (row[3] === 0) unheld += 1;
    findings.expect(n < counters.nextObject, 'table', () => `${showKRef(kref)} is yet to come`);
    checkObject(audit, kref, row);
  }
  return { objects, orphans, unheld };
};

const checkObject = (audit: Audit, kref: KRef, row: ObjectRow): void => {
  const { holders, findings } = audit;
  const [owner, vref, reachable, recognizable, , spelled] = row;
  const counted = [holders.reachable(kref), holders.recognizable(kref)];
  findings.expect(
    reachable === counted[0] && recognizable === counted[1],
    'count',
    () => `${showKRef(kref)} has counts ${reachable}, ${recognizable}; held ${counted.join(', ')}`,
  );
  const isSpelled = spelled === '' || readInterface(spelled) !== undefined;
  findings.expect(isSpelled, 'table', () => `${showKRef(kref)} has no interface: ${spelled}`);
  checkGarbage(audit, kref, row);
  if (owner === NOBODY_OWNS || owner === HOST_OWNS) return;
  if (owner === REVOKED) {
    const text = (): string => `${showKRef(kref)} is revoked, and its kind has no tag`;
    findings.expect(readTag(vref) !== undefined, 'owner', text);
    return;
  }
  if (owner === KERNEL_OWNS) {
    const name = showKRef(kref);
    const text = (): string => `${name} is the kernel's, and nothing says what it is`;
    findings.expect(isKernelObject(audit, kref), 'owner', text);
    return;
  }
  if (!isVatNumber(owner)) {
    findings.add('owner', `${showKRef(kref)} is of ${owner}, who is nobody`);
    return;
  }
  const named = audit.vats.has(owner) ? namedBy(audit, owner, exportName(row)) : undefined;
  findings.expect(
    named === kref,
    'owner',
    () => `${showKRef(kref)} is ${vref} of ${vatIdOf(owner)}, which does not have it`,
  );
};

/** The data of settled promises holds what it mentions. */
export const holdSettledData = ({ view, holders }: Audit): void => {
  for (const [, row] of rowsOf(view, PROMISE_PREFIX, codecs.promise)) holders.holdSettled(row);
};

/** After every holder has been counted. */
export const auditPromises = (audit: Audit): PromiseCounts => {
  const { view, counters, findings } = audit;
  let promises = 0;
  let unresolved = 0;
  for (const [key, row] of rowsOf(view, PROMISE_PREFIX, codecs.promise)) {
    const n = readU48(key, PROMISE_PREFIX.length);
    const kref = promiseKRef(n);
    promises += 1;
    if (row.state === PromiseState.unresolved) unresolved += 1;
    findings.expect(n < counters.nextPromise, 'table', () => `${showKRef(kref)} is yet to come`);
    checkPromise(audit, kref, row);
  }
  return { promises, unresolved };
};

const checkPromise = (audit: Audit, kref: KRef, row: PromiseRow): void => {
  const { holders, findings } = audit;
  const name = showKRef(kref);
  const held = holders.reachable(kref);
  findings.expect(
    row.references === held,
    'count',
    () => `${name} has count ${row.references}; held ${held}`,
  );
  findings.expect(held > 0 || isDue(audit, kref), 'promise', () => `${name} is held by nobody`);
  if (row.state !== PromiseState.unresolved) {
    const isClosed = row.body !== null && row.decider === NOBODY_DECIDES && row.queueCount === 0;
    findings.expect(
      isClosed && row.subscribers.length === 0,
      'promise',
      () => `${name} has settled and still has a decider, a queue or subscribers, or no data`,
    );
    return;
  }
  const { subscribers, decider } = row;
  const inOrder = subscribers.every((s, i) => (subscribers[i - 1] ?? -Infinity) < s);
  findings.expect(inOrder, 'promise', () => `${name}: subscribers are not in order`);
  if (!isVatNumber(decider)) return;
  const entry = isRunning(audit, decider) ? clistRow(audit, decider, kref) : undefined;
  findings.expect(
    entry?.[1] === Reach.reachable,
    'promise',
    () => `${name} is decided by ${vatIdOf(decider)}, which does not have it`,
  );
};

/** Nothing that is held may be missing. */
export const auditHeld = (audit: Audit): void => {
  const { holders, findings } = audit;
  for (const kref of holders.held()) {
    const row = isPromiseKRef(kref) ? promiseRow(audit, kref) : objectRow(audit, kref);
    findings.expect(
      row !== undefined,
      'table',
      () => `${showKRef(kref)} (number ${krefNumber(kref)}) is held and not there`,
    );
  }
};
