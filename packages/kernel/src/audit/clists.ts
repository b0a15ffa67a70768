/**
 * C-lists: each way names what the other names; an export is the owner's, an import never is.
 *
 * `byVRef` has every name, `byKRef` those of imports and promises only (docs/tables.md).
 */
import {
  CLIST_KREF_PREFIX,
  CLIST_VREF_PREFIX,
  clistKrefKey,
  clistVrefKey,
  KREF_OBJECT,
  KREF_PROMISE,
  objectKey,
  promiseKey,
  readU48,
  readU8,
} from '@heirloom/store';
import { isAllocatedByVat, storedVRef, vatIdOf, type VatNumber, type VRef } from '@heirloom/worker';
import { readVat } from '../state/kernel-keys.js';
import {
  isPromiseKRef,
  krefNumber,
  objectKRef,
  promiseKRef,
  showKRef,
  type KRef,
} from '../state/krefs.js';
import { readRow } from '../state/damage.js';
import { rowsOf } from '../state/scan.js';
import { codecs, type ClistRow, type ObjectRow, type PromiseRow } from '../state/schema.js';
import type { Audit } from './audit-context.js';

const VAT_AT = 1;
const REST_AT = VAT_AT + 4;

export const objectRow = ({ view }: Audit, kref: KRef): ObjectRow | undefined => {
  return readRow(view, 'kernel', objectKey(krefNumber(kref)), codecs.object);
};

export const promiseRow = ({ view }: Audit, kref: KRef): PromiseRow | undefined => {
  return readRow(view, 'kernel', promiseKey(krefNumber(kref)), codecs.promise);
};

/** What the vat calls `kref` if that is no export of its own. */
export const clistRow = ({ view }: Audit, vat: VatNumber, kref: KRef): ClistRow | undefined => {
  const kind = isPromiseKRef(kref) ? KREF_PROMISE : KREF_OBJECT;
  return readRow(view, 'kernel', clistKrefKey(vat, kind, krefNumber(kref)), codecs.clist);
};

/** What the vat's name stands for. */
export const namedBy = ({ view }: Audit, vat: VatNumber, vref: VRef): KRef | undefined => {
  return readRow(view, 'kernel', clistVrefKey(vat, vref), codecs.kref);
};

/** Entries both ways; an importer's entry is a holder. Returns how many names there are. */
export const auditClists = (audit: Audit): number => {
  const { view, vats, holders, findings } = audit;
  let names = 0;
  for (const [key, kref] of rowsOf(view, CLIST_VREF_PREFIX, codecs.kref)) {
    names += 1;
    const vat = readVat(key, VAT_AT);
    checkName(audit, vat, storedVRef(key.slice(REST_AT)), kref);
  }
  for (const [key, [vref, reach]] of rowsOf(view, CLIST_KREF_PREFIX, codecs.clist)) {
    const vat = readVat(key, VAT_AT);
    const n = readU48(key, REST_AT + 1);
    const kref = readU8(key, REST_AT) === KREF_PROMISE ? promiseKRef(n) : objectKRef(n);
    const where = (): string => `${vatIdOf(vat)} has ${showKRef(kref)} as ${vref}`;
    findings.expect(vats.has(vat), 'c-list', () => `${where()}, and is no vat`);
    const back = namedBy(audit, vat, vref);
    findings.expect(back === kref, 'c-list', () => `${where()}; the name is of ${show(back)}`);
    const owner = isPromiseKRef(kref) ? undefined : objectRow(audit, kref)?.[0];
    findings.expect(owner !== vat, 'c-list', () => `${where()}, and owns it`);
    holders.holdAs(kref, reach);
  }
  return names;
};

const show = (kref: KRef | undefined): string => (kref === undefined ? 'nothing' : showKRef(kref));

const checkName = (audit: Audit, vat: VatNumber, vref: VRef, kref: KRef): void => {
  const { vats, findings } = audit;
  const where = (): string => `${vatIdOf(vat)}: ${vref} is ${showKRef(kref)}`;
  findings.expect(vats.has(vat), 'c-list', () => `${where()}, and there is no such vat`);
  const isPromise = isPromiseKRef(kref);
  const letter = isPromise ? 'p' : 'o';
  findings.expect(vref.startsWith(letter), 'c-list', () => `${where()}: of the wrong type`);
  if (!isPromise && isAllocatedByVat(vref)) {
    const row = objectRow(audit, kref);
    const isOwn = row !== undefined && row[0] === vat && row[1] === vref;
    const what = row === undefined ? 'which is not there' : `of ${row[0]} as ${row[1]}`;
    findings.expect(isOwn, 'owner', () => `${where()}, ${what}`);
    return;
  }
  const entry = clistRow(audit, vat, kref);
  const text = entry === undefined ? 'has no entry' : `is entered as ${entry[0]}`;
  findings.expect(entry?.[0] === vref, 'c-list', () => `${where()}, which ${text}`);
};
