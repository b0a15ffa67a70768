/** Objects of the host and of the kernel, calls on their way out, promises that the kernel owes. */
import {
  ALARM_PREFIX,
  BUNDLE_CAP_PREFIX,
  BUNDLE_NAME_PREFIX,
  COUNT_PREFIX,
  HOST_CALL_PREFIX,
  HOST_OBJECT_PREFIX,
  hostObjectKey,
  KERNEL_OBJECT_PREFIX,
  kernelObjectKey,
  readU48,
  WAIT_PREFIX,
  type BinaryKey,
} from '@heirloom/store';
import { PERMANENT_OBJECTS } from '../services/objects.js';
import { krefNumber, objectKRef, promiseKRef, showKRef, type KRef } from '../state/krefs.js';
import {
  codecs,
  HOST_DECIDES,
  HOST_OWNS,
  KERNEL_DECIDES,
  KERNEL_OWNS,
  PromiseState,
  type ObjectRow,
} from '../state/schema.js';
import { KernelObject, kernelObjectCodec } from '../state/service-tables.js';
import { objectRow, promiseRow } from './clists.js';
import type { Audit } from './context.js';
import { keysOf, rowsOf } from './scan.js';

export interface ServiceCounts {
  readonly hostObjects: number;
  /** Calls that the host has not answered. */
  readonly hostCalls: number;
  readonly kernelObjects: number;
  /** Promises that the kernel will settle: when something comes about, at a time. */
  readonly waits: number;
}

export const SERVICE_PREFIXES: readonly BinaryKey[] = [
  HOST_OBJECT_PREFIX,
  HOST_CALL_PREFIX,
  KERNEL_OBJECT_PREFIX,
  WAIT_PREFIX,
  ALARM_PREFIX,
  BUNDLE_CAP_PREFIX,
  BUNDLE_NAME_PREFIX,
  COUNT_PREFIX,
];

/** All of them hold. */
export const auditServices = (audit: Audit): ServiceCounts => ({
  hostObjects: auditNamed(audit, HOST_OBJECT_PREFIX),
  hostCalls: auditHostCalls(audit),
  kernelObjects: auditKernelObjects(audit),
  waits: auditOwed(audit, WAIT_PREFIX) + auditOwed(audit, ALARM_PREFIX),
});

const auditNamed = ({ view, holders }: Audit, prefix: BinaryKey): number => {
  let count = 0;
  for (const [, kref] of rowsOf(view, prefix, codecs.kref)) {
    count += 1;
    holders.hold(kref);
  }
  return count;
};

const checkOpen = (audit: Audit, promise: KRef, decider: number): void => {
  const row = promiseRow(audit, promise);
  const isOpen = row?.state === PromiseState.unresolved && row.decider === decider;
  audit.findings.expect(
    isOpen,
    'promise',
    () => `${showKRef(promise)} is to be settled, and has settled or is decided by another`,
  );
};

const auditHostCalls = (audit: Audit): number => {
  const { view, holders } = audit;
  let calls = 0;
  for (const [, message] of rowsOf(view, HOST_CALL_PREFIX, codecs.message)) {
    calls += 1;
    holders.hold(message.target);
    holders.holdWaiting(message);
    if (message.result !== undefined) checkOpen(audit, message.result, HOST_DECIDES);
  }
  return calls;
};

const auditKernelObjects = (audit: Audit): number => {
  const { view, holders, findings } = audit;
  for (const [kref] of Object.values(PERMANENT_OBJECTS)) holders.hold(kref);
  auditNamed(audit, BUNDLE_CAP_PREFIX);
  let objects = 0;
  for (const [key, row] of rowsOf(view, KERNEL_OBJECT_PREFIX, kernelObjectCodec)) {
    const kref = objectKRef(readU48(key, KERNEL_OBJECT_PREFIX.length));
    objects += 1;
    if (row[0] === KernelObject.adminNode && row[2] !== null) holders.holdAll(row[2][2]);
    const isOwned = objectRow(audit, kref)?.[0] === KERNEL_OWNS;
    findings.expect(isOwned, 'owner', () => `${showKRef(kref)} is no object of the kernel`);
  }
  return objects;
};

/** The promise is the last part of the key. */
const auditOwed = (audit: Audit, prefix: BinaryKey): number => {
  let owed = 0;
  for (const key of keysOf(audit.view, 'kernel', prefix)) {
    const promise = promiseKRef(readU48(key, key.length - 6));
    owed += 1;
    audit.holders.hold(promise);
    checkOpen(audit, promise, KERNEL_DECIDES);
  }
  return owed;
};

/** An object of the host or the kernel has the row that says which. */
export const checkOwned = (audit: Audit, kref: KRef, [owner, name]: ObjectRow): void => {
  const { view, findings } = audit;
  const key = owner === HOST_OWNS ? hostObjectKey(name) : kernelObjectKey(krefNumber(kref));
  const bytes = view.get('kernel', key);
  const isNamed = owner !== HOST_OWNS || (bytes && codecs.kref.decode(bytes)) === kref;
  const isThere = bytes !== undefined && isNamed;
  findings.expect(isThere, 'owner', () => `${showKRef(kref)}: nothing says what it is`);
};
