/**
 * Garbage that somebody must be told of: what nobody reaches must be on its way out, or gone
 * (rules.md#g1).
 *
 * At a block boundary every object that nobody reaches any more has led to a row that says who is
 * to be told, or its owner knows already.
 */
import { clistKrefKey, collectKey, KREF_OBJECT } from '@heirloom/store';
import {
  isVatNumber,
  parseVRef,
  ROOT_VREF,
  vatIdOf,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { CollectAction } from '../objects/collect.js';
import { dismissedTag } from '../objects/orphans.js';
import { krefNumber, showKRef, type KRef } from '../state/krefs.js';
import { NOBODY_OWNS, REVOKED } from '../state/parties.js';
import { exportName, Reach, VatState, type ObjectRow } from '../state/schema.js';
import { isDue, isRunning, type Audit } from './audit-context.js';

export const checkGarbage = (audit: Audit, kref: KRef, row: ObjectRow): void => {
  const [owner, , reachable, recognizable, exported] = row;
  const { findings } = audit;
  if (isVatNumber(owner) && reachable > 0) {
    const text = (): string => `${showKRef(kref)} is reached; its owner takes it for dropped`;
    findings.expect(exported === Reach.reachable, 'garbage', text);
  }
  if (reachable > 0 || isDue(audit, kref)) return;
  if (owner === NOBODY_OWNS || owner === REVOKED) return checkOrphan(audit, kref, recognizable);
  if (!isVatNumber(owner)) {
    findings.add('garbage', `${showKRef(kref)} is of ${owner}, and nobody reaches it`);
    return;
  }
  const vref = exportName(row);
  if (vref === ROOT_VREF || !isAnswering(audit, owner, vref)) return;
  const actions = [
    ...(exported === Reach.reachable ? [CollectAction.dropExport] : []),
    ...(recognizable === 0 ? [CollectAction.retireExport] : []),
  ];
  for (const action of actions) expectTold(audit, owner, action, kref);
};

/**
 * Names of ended vats and incarnations, and of dismissed kinds, are taken away in steps: nobody is
 * told before.
 */
const isAnswering = (audit: Audit, owner: VatNumber, vref: VRef): boolean => {
  const row = audit.vats.get(owner);
  if (row?.state !== VatState.running) return false;
  const parsed = parseVRef(vref);
  if (dismissedTag(row, vref) !== undefined) return false;
  const { incarnation } = row;
  return parsed === undefined || !('incarnation' in parsed) || parsed.incarnation === incarnation;
};

const checkOrphan = (audit: Audit, kref: KRef, recognizable: number): void => {
  const { view, vats, findings } = audit;
  const name = showKRef(kref);
  findings.expect(recognizable > 0, 'garbage', () => `the orphan ${name} is held by nobody`);
  for (const vat of vats.keys()) {
    const has = view.get('kernel', clistKrefKey(vat, KREF_OBJECT, krefNumber(kref))) !== undefined;
    if (has && isRunning(audit, vat)) expectTold(audit, vat, CollectAction.retireImport, kref);
  }
};

const expectTold = (audit: Audit, vat: VatNumber, action: CollectAction, kref: KRef): void => {
  const isNoted = audit.view.get('kernel', collectKey(vat, action, krefNumber(kref))) !== undefined;
  const text = (): string => `${vatIdOf(vat)} is not to be told (${action}) of ${showKRef(kref)}`;
  audit.findings.expect(isNoted, 'garbage', text);
};
