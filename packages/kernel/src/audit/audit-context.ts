/** What the parts of an audit share: the view, what it says of its vats, and what was found. */
import { countersKey, VAT_PREFIX, type ReadView } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';
import { readRow } from '../state/damage.js';
import { readVat, spellings } from '../state/kernel-keys.js';
import type { KRef } from '../state/krefs.js';
import { rowsOf } from '../state/scan.js';
import { codecs, FIRST_COUNTERS, VatState, type Counters, type VatRow } from '../state/schema.js';
import { Findings } from './findings.js';
import { Holders } from './holders.js';

export interface Audit {
  readonly view: ReadView;
  readonly counters: Readonly<Counters>;
  /** In order of their numbers. */
  readonly vats: ReadonlyMap<VatNumber, VatRow>;
  readonly holders: Holders;
  readonly findings: Findings;
}

export const beginAudit = (view: ReadView): Audit => {
  const vats = new Map<VatNumber, VatRow>();
  for (const [key, row] of rowsOf(view, VAT_PREFIX, codecs.vat)) {
    vats.set(readVat(key, VAT_PREFIX.length), row);
  }
  return {
    view,
    counters: readRow(view, 'kernel', countersKey(), codecs.counters) ?? FIRST_COUNTERS,
    vats,
    holders: new Holders(),
    findings: new Findings(),
  };
};

/** Have its counts still to be looked at? What a wave leaves, the next one does. */
export const isDue = ({ view }: Audit, kref: KRef): boolean =>
  view.get('kernel', spellings.due.spell(kref)) !== undefined;

export const isRunning = ({ vats }: Audit, vat: VatNumber): boolean =>
  vats.get(vat)?.state === VatState.running;
