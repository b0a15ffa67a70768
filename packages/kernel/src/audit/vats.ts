/**
 * Vats and their history: names, counters, transcripts without gaps, rows that belong to a vat,
 * code that is there.
 */
import {
  bundleScriptKey,
  DISMISSAL_PREFIX,
  imageKey,
  preimagePrefix,
  readU32,
  readU48,
  REMAINDER_PREFIX,
  SPACE_COPY_PREFIX,
  SPACE_USERS_PREFIX,
  spacePrefix,
  STRANDED_PREFIX,
  transcriptPrefix,
  VAT_NAME_PREFIX,
  vatCountersKey,
  vatNameKey,
} from '@heirloom/store';
import { vatIdOf, type Incarnation, type VatNumber } from '@heirloom/worker';
import { decodeRow, readRow } from '../state/damage.js';
import { readIncarnation, readVat } from '../state/kernel-keys.js';
import { countKeys, keysOf, prefixesOf, rowAt, rowsOf } from '../state/scan.js';
import { codecs, VatState, type VatRow } from '../state/schema.js';
import type { Audit } from './audit-context.js';

export interface VatCounts {
  readonly vatId: string;
  readonly name: string;
  readonly running: boolean;
  readonly incarnation: Incarnation;
  /** Rows of the vat's own spaces. */
  readonly rows: number;
  readonly transcriptRows: number;
  readonly preImages: number;
}

const WORD = 4;

export const auditVats = (audit: Audit): VatCounts[] => {
  const { view, vats, holders, findings } = audit;
  const remainders = auditRemainders(audit);
  const counts: VatCounts[] = [];
  for (const [vat, row] of vats) {
    holders.holdAll(row.slots);
    if (row.previous !== null) holders.holdAll(row.previous.slots);
    checkVat(audit, vat, row);
    if (row.state === VatState.running) checkTranscript(audit, vat, row);
    const count = (table: 'transcript' | 'preimage'): number =>
      countKeys(view, table, preimagePrefix(vat, row.incarnation));
    counts.push({
      vatId: vatIdOf(vat),
      name: row.name,
      running: row.state === VatState.running,
      incarnation: row.incarnation,
      rows: row.spaces.reduce((sum, s) => sum + countKeys(view, 'vatstore', spacePrefix(s)), 0),
      transcriptRows: count('transcript'),
      preImages: count('preimage'),
    });
  }
  let names = 0;
  for (const _key of keysOf(view, 'kernel', VAT_NAME_PREFIX)) names += 1;
  const isNamed = ({ state, options }: VatRow): boolean =>
    state === VatState.running && !options.dynamic;
  const running = [...vats.values()].filter(isNamed).length;
  findings.expect(names === running, 'vat', () => `${names} vat names for ${running} vats`);
  checkDismissals(audit);
  checkStranded(audit);
  checkBelongings(audit, remainders);
  return counts;
};

const checkVat = (audit: Audit, vat: VatNumber, row: VatRow): void => {
  const { view, counters, findings } = audit;
  const name = vatIdOf(vat);
  findings.expect(vat < counters.nextVat, 'vat', () => `${name} is yet to come`);
  const hasCounters = view.get('kernel', vatCountersKey(vat)) !== undefined;
  findings.expect(hasCounters, 'vat', () => `${name} has no counters`);
  if (row.state !== VatState.running) return;
  if (!row.options.dynamic) {
    const owner = readRow(view, 'kernel', vatNameKey(row.name), codecs.count);
    findings.expect(owner === vat, 'vat', () => `${name}: its name ${row.name} is of ${owner}`);
  }
  for (const { bundleId } of row.previous === null ? [row] : [row, row.previous]) {
    const script = view.get('bundles', bundleScriptKey(bundleId, row.imageId));
    findings.expect(script !== undefined, 'vat', () => `${name}: bundle ${bundleId} is missing`);
  }
  const image = view.get('images', imageKey(row.imageId));
  findings.expect(image !== undefined, 'vat', () => `${name}: image ${row.imageId} is missing`);
};

/** From position 0 to the vat's position, without a gap. */
const checkTranscript = (audit: Audit, vat: VatNumber, { incarnation }: VatRow): void => {
  const { view, findings } = audit;
  const prefix = transcriptPrefix(vat, incarnation);
  const end = readRow(view, 'kernel', vatCountersKey(vat), codecs.vatCounters)?.position ?? 0;
  let position = 0;
  const where = (): string => `${vatIdOf(vat)}, incarnation ${incarnation}`;
  for (const key of keysOf(view, 'transcript', prefix)) {
    const first = readU48(key, prefix.length);
    const expected = position;
    findings.expect(
      first === expected,
      'history',
      () => `${where()}: position ${expected} is followed by ${first}`,
    );
    const row = rowAt(view, 'transcript', key);
    const [, , deliveries] = decodeRow(codecs.transcript, 'transcript', key, row);
    position = first + deliveries.length;
  }
  findings.expect(
    position === end,
    'history',
    () => `${where()}: the transcript ends at ${position}, the vat is at ${end}`,
  );
};

/** Ended incarnations whose leftovers are still to be removed, as `vat/incarnation`. */
const auditRemainders = ({ view, vats, findings }: Audit): ReadonlySet<string> => {
  const ended = new Set<string>();
  for (const [key] of rowsOf(view, REMAINDER_PREFIX, codecs.cleanup)) {
    const vat = readVat(key, REMAINDER_PREFIX.length);
    const incarnation = readIncarnation(key, REMAINDER_PREFIX.length + WORD);
    ended.add(`${vat}/${incarnation}`);
    const row = vats.get(vat);
    const hasEnded =
      row !== undefined && (incarnation < row.incarnation || row.state === VatState.terminated);
    findings.expect(
      hasEnded,
      'vat',
      () => `${vatIdOf(vat)}: incarnation ${incarnation} is to be removed and has not ended`,
    );
  }
  return ended;
};

/** A vat whose exports are being revoked has dismissed the kind. */
const checkDismissals = ({ view, vats, findings }: Audit): void => {
  for (const [key] of rowsOf(view, DISMISSAL_PREFIX, codecs.empty)) {
    const vat = readVat(key, DISMISSAL_PREFIX.length);
    const kind = readU32(key, DISMISSAL_PREFIX.length + WORD);
    const isDismissed = vats.get(vat)?.dismissed.some(([number]) => number === kind) === true;
    findings.expect(isDismissed, 'vat', () => `${vatIdOf(vat)} has not dismissed kind ${kind}`);
  }
};

const checkStranded = ({ view, vats, findings }: Audit): void => {
  for (const [key] of rowsOf(view, STRANDED_PREFIX, codecs.stranded)) {
    const vat = readVat(key, STRANDED_PREFIX.length);
    const runs = vats.get(vat)?.state === VatState.running;
    findings.expect(runs, 'vat', () => `${vatIdOf(vat)} is stranded and does not run`);
  }
};

/** How many vats list each space: as the kernel has counted those of several. */
const countUsers = ({ view, vats, findings }: Audit): ReadonlyMap<number, number> => {
  const users = new Map<number, number>();
  for (const { spaces } of vats.values()) {
    for (const space of spaces) users.set(space, (users.get(space) ?? 0) + 1);
  }
  const counted = new Map<number, number>();
  for (const [key, count] of rowsOf(view, SPACE_USERS_PREFIX, codecs.count)) {
    counted.set(readU32(key, SPACE_USERS_PREFIX.length), count);
  }
  for (const space of new Set([...users.keys(), ...counted.keys()])) {
    const [found, known] = [users.get(space) ?? 0, counted.get(space) ?? 1];
    const text = (): string => `space ${space} is listed by ${found} vats, counted as ${known}`;
    findings.expect(found === known, 'history', text);
  }
  for (const [key] of rowsOf(view, SPACE_COPY_PREFIX, codecs.spaceCopy)) {
    const space = readU32(key, SPACE_COPY_PREFIX.length);
    findings.expect(users.has(space), 'history', () => `the copy ${space} is no vat's`);
  }
  return users;
};

/** Every row, pre-image and transcript is some vat's, or is to be removed. */
const checkBelongings = (audit: Audit, ended: ReadonlySet<string>): void => {
  const { view, vats, findings } = audit;
  const spaces = countUsers(audit);
  for (const prefix of prefixesOf(view, 'vatstore', WORD)) {
    const space = readU32(prefix, 0);
    findings.expect(spaces.has(space), 'history', () => `space ${space} is no vat's`);
  }
  for (const table of ['transcript', 'preimage'] as const) {
    for (const prefix of prefixesOf(view, table, 2 * WORD)) {
      const vat = readVat(prefix, 0);
      const incarnation = readIncarnation(prefix, WORD);
      const isKept =
        vats.get(vat)?.incarnation === incarnation || ended.has(`${vat}/${incarnation}`);
      const what = `${table} of ${vatIdOf(vat)}, incarnation ${incarnation}`;
      findings.expect(isKept, 'history', () => `${what}: nobody will remove it`);
    }
  }
};
