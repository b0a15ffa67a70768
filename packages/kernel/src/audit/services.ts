/**
 * What the kernel itself and the host hold: objects of their own, calls that the host has not
 * answered, promises that wait for something, ends of vats that somebody may still ask for.
 */
import {
  ALARM_PREFIX,
  BUNDLE_CAP_PREFIX,
  HOST_CALL_PREFIX,
  HOST_OBJECT_PREFIX,
  KERNEL_OBJECT_PREFIX,
  kernelObjectKey,
  readU48,
  WAIT_PREFIX,
  type BinaryKey,
} from '@heirloom/store';
import { PERMANENT_OBJECTS } from '../objects/kernel-objects.js';
import { krefNumber, objectKRef, promiseKRef, showKRef, type KRef } from '../state/krefs.js';
import { HOST_DECIDES, HOST_OWNS, KERNEL_DECIDES, KERNEL_OWNS } from '../state/parties.js';
import { rowsOf } from '../state/scan.js';
import { codecs, VatState } from '../state/schema.js';
import { KernelObject, kernelObjectCodec } from '../state/service-tables.js';
import type { Audit } from './audit-context.js';
import { objectRow } from './clists.js';
import { checkResult } from './queues.js';

const U48_BYTES = 6;

export interface ServiceCounts {
  readonly hostObjects: number;
  readonly hostCalls: number;
  readonly kernelObjects: number;
  /** Promises that wait for something to come about, or for a block time. */
  readonly waits: number;
}

/** `results`: promises that something else will settle already. */
export const auditServices = (audit: Audit, results: Set<KRef>): ServiceCounts => {
  holdPermanent(audit);
  holdMeters(audit);
  return {
    hostObjects: auditHostObjects(audit),
    hostCalls: auditHostCalls(audit, results),
    kernelObjects: auditKernelObjects(audit),
    waits: auditWaits(audit, results),
  };
};

/** There and held by the kernel in every store that a kernel has opened. */
const holdPermanent = (audit: Audit): void => {
  for (const [kref] of Object.values(PERMANENT_OBJECTS)) {
    if (objectRow(audit, kref) !== undefined) audit.holders.hold(kref);
  }
};

/** A meter is held by the vat that uses it up, as long as that runs. */
const holdMeters = ({ vats, holders }: Audit): void => {
  for (const { state, options } of vats.values()) {
    if (state === VatState.running && options.meter !== null) holders.hold(options.meter);
  }
};

const auditHostObjects = (audit: Audit): number => {
  const { view, holders, findings } = audit;
  let count = 0;
  for (const [key, kref] of rowsOf(view, HOST_OBJECT_PREFIX, codecs.kref)) {
    count += 1;
    holders.hold(kref);
    const isHosts = objectRow(audit, kref)?.[0] === HOST_OWNS;
    const name = Buffer.from(key.slice(HOST_OBJECT_PREFIX.length), 'latin1').toString('utf8');
    const text = (): string => `the host object ${name} is ${showKRef(kref)}, not the host's`;
    findings.expect(isHosts, 'owner', text);
  }
  for (const [, cap] of rowsOf(view, BUNDLE_CAP_PREFIX, codecs.kref)) holders.hold(cap);
  return count;
};

const auditHostCalls = (audit: Audit, results: Set<KRef>): number => {
  let count = 0;
  for (const [, call] of rowsOf(audit.view, HOST_CALL_PREFIX, codecs.message)) {
    count += 1;
    audit.holders.hold(call.target);
    audit.holders.holdWaiting(call);
    checkResult(audit, call.result, HOST_DECIDES, results);
  }
  return count;
};

const auditKernelObjects = (audit: Audit): number => {
  const { view, holders, findings } = audit;
  let count = 0;
  for (const [key, row] of rowsOf(view, KERNEL_OBJECT_PREFIX, kernelObjectCodec)) {
    count += 1;
    const kref = objectKRef(readU48(key, KERNEL_OBJECT_PREFIX.length));
    const isKernels = objectRow(audit, kref)?.[0] === KERNEL_OWNS;
    const text = (): string => `${showKRef(kref)} is no object of the kernel's, but has a row`;
    findings.expect(isKernels, 'owner', text);
    if (row[0] === KernelObject.adminNode && row[2] !== null) holders.holdAll(row[2][2]);
  }
  return count;
};

/** An object of the kernel's own has a row that says what it is. */
export const isKernelObject = ({ view }: Audit, kref: KRef): boolean =>
  view.get('kernel', kernelObjectKey(krefNumber(kref))) !== undefined;

const auditWaits = (audit: Audit, results: Set<KRef>): number => {
  let count = 0;
  const visit = (prefix: BinaryKey): void => {
    for (const [key] of rowsOf(audit.view, prefix, codecs.empty)) {
      count += 1;
      const promise = promiseKRef(readU48(key, key.length - U48_BYTES));
      audit.holders.hold(promise);
      checkResult(audit, promise, KERNEL_DECIDES, results);
    }
  };
  visit(WAIT_PREFIX);
  visit(ALARM_PREFIX);
  return count;
};
