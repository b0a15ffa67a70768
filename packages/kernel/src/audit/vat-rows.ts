/**
 * Vats against the kernel: what a vat's rows say of references is what the kernel's tables say.
 *
 * The rows are counted anew by themselves first (auditRows); then both sides of each import and of
 * each export are compared (docs/gc.md). What only RAM knows, remotables and promises, has no rows:
 * of those only the names can be checked.
 *
 * Cost: every row of every running vat is read; a record in memory for each object and reference.
 */
import {
  CLIST_KREF_PREFIX,
  clistKrefKindPrefix,
  clistVrefPrefix,
  dismissalKey,
  KREF_OBJECT,
  readU48,
  remainderKey,
  spacePrefix,
  vatCountersKey,
  vatstoreKey,
  type BinaryKey,
} from '@heirloom/store';
import {
  auditRows,
  baseRefOf,
  facetOf,
  isPromiseRef,
  parseVRef,
  storedVRef,
  vatIdOf,
  type Incarnation,
  type RowAudit,
  type RowSource,
  type Spaces,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { dismissedTag } from '../objects/orphans.js';
import { readRow } from '../state/damage.js';
import { showKRef, objectKRef, type KRef } from '../state/krefs.js';
import { bodyOf } from '../state/row-table.js';
import { keysOf, rowsOf } from '../state/scan.js';
import { codecs, Reach, Sweep, VatState, type VatRow } from '../state/schema.js';
import type { Audit } from './audit-context.js';
import { namedBy, objectRow } from './clists.js';

const SPACE_BYTES = 4;

/** One vat and its rows, as the auditor of rows understands them. */
interface Side {
  readonly audit: Audit;
  readonly vat: VatNumber;
  readonly row: VatRow;
  readonly rows: RowAudit;
}

export const auditVatRows = (audit: Audit): void => {
  for (const [vat, row] of audit.vats) {
    if (row.state !== VatState.running) continue;
    const rows = readRows(audit, vat, row);
    if (rows === undefined) continue;
    const side: Side = { audit, vat, row, rows };
    checkSwept(side);
    checkImports(side);
    checkExports(side);
    checkDismissals(side);
  }
};

/** The rows of a vat, whichever of its spaces they stand in. */
const sourceOf = ({ view }: Audit, spaces: Spaces): RowSource => {
  const get = (key: BinaryKey): Uint8Array | undefined => {
    for (const space of spaces) {
      const stored = view.get('vatstore', vatstoreKey(space, key));
      if (stored !== undefined) return bodyOf(stored);
    }
    return undefined;
  };
  return {
    *keys() {
      const lists = spaces.map(space => keysOf(view, 'vatstore', spacePrefix(space)));
      for (const key of merged(lists)) if (get(key) !== undefined) yield key;
    },
    get,
  };
};

/** Keys of several spaces, each in order, as one list of row keys in order. */
function* merged(lists: readonly Generator<BinaryKey, void>[]): Generator<BinaryKey, void> {
  const next = (list: Generator<BinaryKey, void>): BinaryKey | undefined => {
    const step = list.next();
    return step.done === true ? undefined : step.value.slice(SPACE_BYTES);
  };
  const heads = lists.map(next);
  for (;;) {
    let least: BinaryKey | undefined;
    for (const head of heads) {
      if (head !== undefined && (least === undefined || head < least)) least = head;
    }
    if (least === undefined) return;
    yield least;
    lists.forEach((list, i) => {
      if (heads[i] === least) heads[i] = next(list);
    });
  }
}

/** Undefined for rows that cannot be decoded, which is a finding. */
const readRows = (audit: Audit, vat: VatNumber, row: VatRow): RowAudit | undefined => {
  const { findings } = audit;
  try {
    const rows = auditRows(sourceOf(audit, row.spaces), row.incarnation);
    for (const fault of rows.faults) findings.add('rows', `${vatIdOf(vat)}: ${fault}`);
    return rows;
  } catch (error) {
    findings.add('rows', `${vatIdOf(vat)}: rows cannot be read: ${String(error)}`);
    return undefined;
  }
};

const expect = ({ audit, vat }: Side, holds: boolean, text: () => string): void =>
  audit.findings.expect(holds, 'rows', () => `${vatIdOf(vat)}: ${text()}`);

/** Nothing of an ended incarnation is left when no sweep is due. */
const checkSwept = (side: Side): void => {
  const key = vatCountersKey(side.vat);
  const counters = readRow(side.audit.view, 'kernel', key, codecs.vatCounters);
  if (counters !== undefined && counters.sweep !== Sweep.none) return;
  for (const key of side.rows.unswept) expect(side, false, () => `${key} is left of before`);
};

/**
 * An import has a row iff the c-list has it, dropped iff it is recognizable only. Where its row has
 * an interface, it is that of the object.
 */
const checkImports = (side: Side): void => {
  const { audit, vat, rows } = side;
  const named = new Set<string>();
  const prefix = clistKrefKindPrefix(vat, KREF_OBJECT);
  for (const [key, [vref, reach]] of rowsOf(audit.view, prefix, codecs.clist)) {
    const kref = objectKRef(readU48(key, CLIST_KREF_PREFIX.length + 5));
    named.add(vref);
    const thing = rows.things.get(vref);
    const where = (): string => `${vref} (${showKRef(kref)})`;
    expect(side, reach !== Reach.allocated, () => `${where()} was named and never given`);
    expect(side, thing !== undefined, () => `${where()} is in the c-list and has no row`);
    if (thing === undefined) continue;
    const isDropped = reach === Reach.recognizable;
    expect(side, thing.isDropped === isDropped, () => `${where()}: dropped is ${!isDropped}`);
    const spelled = objectRow(audit, kref)?.[5] ?? '';
    // What the kernel or the host owns has its name elsewhere.
    const isOther = spelled !== '' && thing.spelled !== '' && thing.spelled !== spelled;
    expect(side, !isOther, () => `${where()} is called ${thing.spelled}, not ${spelled}`);
  }
  for (const base of rows.things.keys()) {
    if (!base.startsWith('o-')) continue;
    expect(side, named.has(base), () => `${base} has a row and is not in the c-list`);
  }
};

const STATUS = { [Reach.allocated]: 'n', [Reach.recognizable]: 's', [Reach.reachable]: 'r' };

/** The status of a facet is what the kernel has for it; names are of this incarnation. */
const checkExports = (side: Side): void => {
  const { audit, vat, row, rows } = side;
  const prefix = clistVrefPrefix(vat);
  for (const [key, kref] of rowsOf(audit.view, prefix, codecs.kref)) {
    const vref = storedVRef(key.slice(prefix.length));
    if (isPromiseRef(vref) || vref.startsWith('o-')) continue;
    const parsed = parseVRef(vref);
    expect(side, parsed !== undefined, () => `the export ${vref} is no name`);
    if (parsed === undefined) continue;
    if (dismissedTag(row, vref) !== undefined) {
      checkRevoked(side, vref);
    } else if ('incarnation' in parsed && parsed.incarnation !== row.incarnation) {
      checkOld(side, vref, parsed.incarnation);
    } else checkExport(side, vref, kref);
  }
  for (const [base, { es }] of rows.things) {
    for (const [facet, status] of [...es].entries()) {
      if (status === 'n') continue;
      const names = facet === 0 ? [base, `${base}:0`] : [`${base}:${facet}`];
      const isNamed = names.some(name => namedBy(audit, vat, storedVRef(name)) !== undefined);
      expect(side, isNamed, () => `${base} is exported (${es}) and not in the c-list`);
    }
  }
};

/** Rows and kernel say the same of what was dismissed. */
const checkDismissals = (side: Side): void => {
  const known = side.row.dismissed.map(([kind]) => kind).join();
  const stored = [...side.rows.dismissed].sort((a, b) => a - b).join();
  expect(side, known === stored, () => `dismissed are ${known}; by the rows ${stored}`);
};

/** Names of revoked exports go in steps. */
const checkRevoked = (side: Side, vref: VRef): void => {
  const parsed = parseVRef(vref);
  const kind = parsed?.type === 'durable' ? parsed.kind : 0;
  const isLeaving = side.audit.view.get('kernel', dismissalKey(side.vat, kind)) !== undefined;
  expect(side, isLeaving, () => `the name ${vref} of a revoked export is left`);
};

/** Names that died with an incarnation go in steps. */
const checkOld = (side: Side, vref: VRef, incarnation: Incarnation): void => {
  const isLeaving = side.audit.view.get('kernel', remainderKey(side.vat, incarnation));
  expect(side, isLeaving !== undefined, () => `the export ${vref} is of an ended incarnation`);
};

const checkExport = (side: Side, vref: VRef, kref: KRef): void => {
  const thing = side.rows.things.get(baseRefOf(vref));
  if (thing === undefined) {
    const hasRow = /^o\+v|^o\+d(?!1\/|6\/[123]$)/.test(vref);
    expect(side, !hasRow, () => `the export ${vref} has no row`);
    const isNameless = parseVRef(vref)?.type === 'named' && !side.rows.exportNames.has(vref);
    expect(side, !isNameless, () => `the export ${vref} has no name`);
    return;
  }
  const status = thing.es[facetOf(vref)] ?? 'n';
  const exported = objectRow(side.audit, kref)?.[4] ?? Reach.allocated;
  const text = (): string => `${vref} (${showKRef(kref)}) is ${status}, not ${STATUS[exported]}`;
  expect(side, status === STATUS[exported], text);
};
