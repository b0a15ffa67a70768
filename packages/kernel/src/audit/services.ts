/**
 * What the kernel itself and the host offer to vats: every row of it holds what it names. See
 * state/service-tables.ts.
 *
 * The permanent objects hold themselves, so to speak: the kernel gave each a count of one for good.
 */
import {
  ALARM_PREFIX,
  BUNDLE_CAP_PREFIX,
  HOST_CALL_PREFIX,
  HOST_OBJECT_PREFIX,
  hostObjectKey,
  KERNEL_OBJECT_PREFIX,
  kernelObjectKey,
  readU48,
  WAIT_PREFIX,
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
  /** Host calls that are not answered. */
  readonly hostCalls: number;
  readonly kernelObjects: number;
  /** Promises that the kernel will settle: when something comes about, or at a time. */
  readonly waits: number;
}

export const auditServices = (audit: Audit): ServiceCounts => {
  const { view, holders } = audit;
  for (const [kref] of Object.values(PERMANENT_OBJECTS)) holders.hold(kref);
  for (const [, cap] of rowsOf(view, BUNDLE_CAP_PREFIX, codecs.kref)) holders.hold(cap);
  for (const [, kref] of rowsOf(view, HOST_OBJECT_PREFIX, codecs.kref)) holders.hold(kref);
  return {
    hostCalls: auditHostCalls(audit),
    kernelObjects: auditKernelObjects(audit),
    waits: auditWaits(audit, WAIT_PREFIX) + auditWaits(audit, ALARM_PREFIX),
  };
};

const auditHostCalls = (audit: Audit): number => {
  let calls = 0;
  for (const [, message] of rowsOf(audit.view, HOST_CALL_PREFIX, codecs.message)) {
    calls += 1;
    audit.holders.hold(message.target);
    audit.holders.holdWaiting(message);
    if (message.result !== undefined) checkDecider(audit, message.result, HOST_DECIDES);
  }
  return calls;
};

/** An adminNode of a vat that has ended holds what the vat left with. */
const auditKernelObjects = (audit: Audit): number => {
  let objects = 0;
  for (const [key, row] of rowsOf(audit.view, KERNEL_OBJECT_PREFIX, kernelObjectCodec)) {
    const kref = objectKRef(readU48(key, KERNEL_OBJECT_PREFIX.length));
    objects += 1;
    const owner = objectRow(audit, kref)?.[0];
    const name = (): string => `the kernel object ${showKRef(kref)} is of ${owner}`;
    audit.findings.expect(owner === KERNEL_OWNS, 'owner', name);
    if (row[0] === KernelObject.adminNode && row[2] !== null) audit.holders.holdAll(row[2][2]);
  }
  return objects;
};

/** Both kinds of row end with the number of the promise. */
const auditWaits = (audit: Audit, prefix: string): number => {
  let waits = 0;
  for (const key of keysOf(audit.view, 'kernel', prefix)) {
    const promise = promiseKRef(readU48(key, key.length - 6));
    waits += 1;
    audit.holders.hold(promise);
    checkDecider(audit, promise, KERNEL_DECIDES);
  }
  return waits;
};

const checkDecider = (audit: Audit, promise: KRef, decider: number): void => {
  const row = promiseRow(audit, promise);
  const isOpen = row?.state === PromiseState.unresolved && row.decider === decider;
  const text = (): string => `${showKRef(promise)} waits for what it is not decided by`;
  audit.findings.expect(isOpen, 'promise', text);
};

/** An object that no vat owns has a row that says what it is. */
export const checkOutsideObject = (audit: Audit, kref: KRef, [owner, name]: ObjectRow): void => {
  const { view, findings } = audit;
  const isKnown =
    owner === KERNEL_OWNS
      ? view.get('kernel', kernelObjectKey(krefNumber(kref))) !== undefined
      : owner === HOST_OWNS && isHostObject(audit, kref, name);
  findings.expect(isKnown, 'owner', () => `${showKRef(kref)} is of ${owner}, and nothing known`);
};

const isHostObject = ({ view }: Audit, kref: KRef, name: string): boolean => {
  const bytes = view.get('kernel', hostObjectKey(name));
  return bytes !== undefined && codecs.kref.decode(bytes) === kref;
};
