/**
 * Do the kernel's tables agree with each other?
 *
 * Reference counts are counted anew from everything that holds (c-lists, queues, settled promises,
 * vat parameters, services, the host) and compared with what is stored; c-lists are read both ways;
 * objects are their owners'; transcripts have no gaps; rows belong to vats. Reads only, at a block
 * boundary only: give it a store or a snapshot.
 *
 * The counts beside the findings are for leak tests: what they were before is what they must be
 * after. Cost: every row of `kernel` and every transcript row is read, every key of `vatstore`.
 */
import {
  ALARM_PREFIX,
  BOUND_NAME_PREFIX,
  BUNDLE_CAP_PREFIX,
  BUNDLE_NAME_PREFIX,
  CLIST_KREF_PREFIX,
  CLIST_VREF_PREFIX,
  COLLECT_PREFIX,
  COUNT_PREFIX,
  DISMISSAL_PREFIX,
  DUE_PREFIX,
  countersKey,
  HOST_CALL_PREFIX,
  HOST_OBJECT_PREFIX,
  HOST_RESULT_PREFIX,
  KERNEL_OBJECT_PREFIX,
  OBJECT_PREFIX,
  PARKED_PREFIX,
  PIN_PREFIX,
  PROMISE_PREFIX,
  PROMISE_QUEUE_PREFIX,
  readU8,
  REMAINDER_PREFIX,
  RUN_QUEUE_PREFIX,
  SPACE_COPY_PREFIX,
  SPACE_USERS_PREFIX,
  STRANDED_PREFIX,
  SUSPECT_PREFIX,
  TANGLE_PREFIX,
  VAT_COUNTERS_PREFIX,
  VAT_NAME_PREFIX,
  VAT_PREFIX,
  WAIT_PREFIX,
  type ReadView,
} from '@heirloom/store';
import { checkFields, checkMethods } from '../base/arguments.js';
import type { KRef } from '../state/krefs.js';
import { countKeys, prefixesOf } from '../state/scan.js';
import { beginAudit, type Audit } from './audit-context.js';
import { auditClists } from './clists.js';
import type { AuditFinding } from './findings.js';
import {
  auditHeld,
  auditObjects,
  auditPromises,
  holdSettledData,
  type ObjectCounts,
  type PromiseCounts,
} from './objects.js';
import { auditQueues, type QueueCounts } from './queues.js';
import { auditServices, type ServiceCounts } from './services.js';
import { auditVatRows } from './vat-rows.js';
import { auditVats, type VatCounts } from './vats.js';

export type { AuditFinding, AuditRule } from './findings.js';
export type { VatCounts } from './vats.js';

export interface AuditCounts extends ObjectCounts, PromiseCounts, QueueCounts, ServiceCounts {
  /** Entries of all c-lists, exports too. */
  readonly names: number;
  /** What vats are still to be told of garbage. */
  readonly toCollect: number;
  /** Ended incarnations that still have something to have removed. */
  readonly remainders: number;
  readonly vats: readonly VatCounts[];
}

export interface AuditReport {
  readonly ok: boolean;
  /** The first of them; `findingCount` says how many there are. */
  readonly findings: readonly AuditFinding[];
  readonly findingCount: number;
  readonly counts: AuditCounts;
}

const KNOWN_PREFIXES: ReadonlySet<string> = new Set([
  countersKey(),
  OBJECT_PREFIX,
  PROMISE_PREFIX,
  PROMISE_QUEUE_PREFIX,
  RUN_QUEUE_PREFIX,
  VAT_PREFIX,
  VAT_COUNTERS_PREFIX,
  SPACE_USERS_PREFIX,
  SPACE_COPY_PREFIX,
  STRANDED_PREFIX,
  CLIST_VREF_PREFIX,
  CLIST_KREF_PREFIX,
  VAT_NAME_PREFIX,
  PIN_PREFIX,
  HOST_RESULT_PREFIX,
  COLLECT_PREFIX,
  BOUND_NAME_PREFIX,
  PARKED_PREFIX,
  REMAINDER_PREFIX,
  DISMISSAL_PREFIX,
  DUE_PREFIX,
  SUSPECT_PREFIX,
  TANGLE_PREFIX,
  HOST_OBJECT_PREFIX,
  HOST_CALL_PREFIX,
  KERNEL_OBJECT_PREFIX,
  WAIT_PREFIX,
  ALARM_PREFIX,
  BUNDLE_CAP_PREFIX,
  BUNDLE_NAME_PREFIX,
  COUNT_PREFIX,
]);

/** A kind of row that nobody counts here could hold things: better to say so. */
const auditPrefixes = ({ view, findings }: Audit): void => {
  for (const prefix of prefixesOf(view, 'kernel', 1)) {
    const known = KNOWN_PREFIXES.has(prefix);
    const byte = readU8(prefix, 0).toString(16).padStart(2, '0');
    findings.expect(known, 'table', () => `rows ${byte} of the kernel are unknown to the audit`);
  }
};

export interface AuditOptions {
  /**
   * Count the rows of every running vat too, and compare them with the kernel's tables: reads all
   * that vats have stored. Default false.
   */
  readonly rows?: boolean;
}

/** Audits a store as of its last block. Errors: KernelError BAD_ARGUMENT, BAD_OPTION. */
export const auditTables = (view: ReadView, options: AuditOptions = {}): AuditReport => {
  checkMethods('auditTables', view, ['get', 'keysAfter']);
  checkFields('auditTables', options, ['rows']);
  const audit = beginAudit(view);
  auditPrefixes(audit);
  const vats = auditVats(audit);
  const results = new Set<KRef>();
  const queues = auditQueues(audit, results);
  const services = auditServices(audit, results);
  const names = auditClists(audit);
  holdSettledData(audit);
  // Everything that holds has been counted.
  const objects = auditObjects(audit);
  const promises = auditPromises(audit);
  auditHeld(audit);
  if (options.rows === true) auditVatRows(audit);
  const { kept, count } = audit.findings;
  return {
    ok: count === 0,
    findings: kept,
    findingCount: count,
    counts: {
      ...objects,
      ...promises,
      ...queues,
      ...services,
      names,
      toCollect: countKeys(view, 'kernel', COLLECT_PREFIX),
      remainders: countKeys(view, 'kernel', REMAINDER_PREFIX),
      vats,
    },
  };
};
