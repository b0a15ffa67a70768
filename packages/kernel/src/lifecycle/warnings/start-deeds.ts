/** What a start does that is lost, or that the next start would do again. */
import { keyFromBytes, rowCollection, type BinaryKey } from '@heirloom/store';
import {
  BAGGAGE_CID,
  describeCollection,
  describeKind,
  isVatNumber,
  placeOfRow,
  readCrank,
  storedContent,
  storedVRef,
  Syscall,
  type SyscallTuple,
  type VatDescription,
  type VatNumber,
} from '@heirloom/worker';
import { methodName } from '../../objects/kernel-data.js';
import { kindRowOf } from '../dry-run-kinds.js';
import type { KernelState } from '../../state/kernel-state.js';
import { isPromiseKRef, storedKRef } from '../../state/krefs.js';
import { vatName } from './holders-named.js';
import { at, listed, plural, type UpgradeWarning } from './warning.js';

/** What the packed crank of a start has done. */
interface Deeds {
  readonly rows: ReadonlyMap<BinaryKey, Uint8Array | null>;
  /** By what is asked of whom: how often. */
  readonly sent: ReadonlyMap<string, number>;
}

export const NO_DEEDS: Deeds = { rows: new Map(), sent: new Map() };

type Send = Extract<SyscallTuple, readonly [typeof Syscall.send, ...unknown[]]>;

/** Messages that only ask: nobody minds them twice. */
const ASKS = /^(?:get|has|is|list|find|lookup|read|query|peek|subscribe|watch|follow)(?![a-z])/;
const ANY_REFERENCE = storedKRef(0);

/** Who a reference of the vat leads to. */
const targetName = (state: KernelState, vat: VatNumber, target: string): string => {
  const kref = state.clist(vat).byVRef.get(storedVRef(target));
  const isObject = kref !== undefined && !isPromiseKRef(kref);
  const owner = isObject ? state.objects.get(kref)?.[0] : undefined;
  if (owner === undefined) return 'what a promise becomes';
  return isVatNumber(owner) ? vatName(state, owner) : 'the kernel or the host';
};

/** Its crank has been merged. */
export const deedsOf = (state: KernelState, vat: VatNumber, packed: Uint8Array): Deeds => {
  const [, syscalls, writes] = readCrank(packed);
  const sent = new Map<string, number>();
  const isSend = (syscall: SyscallTuple): syscall is Send => syscall[0] === Syscall.send;
  for (const [, target, body, slots] of syscalls.filter(isSend)) {
    const method = methodName(body, slots.map(() => ANY_REFERENCE));
    if (typeof method !== 'string' || ASKS.test(method)) continue;
    const what = `${method} to ${targetName(state, vat, target)}`;
    sent.set(what, (sent.get(what) ?? 0) + 1);
  }
  return { rows: new Map(writes.map(([key, value]) => [keyFromBytes(key), value])), sent };
};

/** What a row that vat code writes is part of, for people; undefined of what is not its own. */
const ownerOf = (state: KernelState, vat: VatNumber, key: BinaryKey): string | undefined => {
  const place = placeOfRow(key);
  if (place === undefined) return undefined;
  const { spaces } = state.vats.need(vat);
  if (place.type === 'object') {
    const bytes = kindRowOf(state, spaces, place.kind);
    return bytes && `states of kind "${describeKind(bytes).tag}"`;
  }
  // A start may well note in its baggage that it was there.
  if (place.type !== 'entry' || place.cid === BAGGAGE_CID) return undefined;
  const row = rowCollection(place.cid);
  if (!state.rows.has(spaces, row)) return undefined;
  return `entries of store "${describeCollection(state.rows.need(spaces, row)).label}"`;
};

const isSame = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : Buffer.compare(a, b) === 0;

/** Rows that are there and that the deeds change: by what they are part of, how many. */
const rewritten = (state: KernelState, vat: VatNumber, { rows }: Deeds): Map<string, number> => {
  const { spaces } = state.vats.need(vat);
  const counts = new Map<string, number>();
  for (const [key, value] of rows) {
    const owner = ownerOf(state, vat, key);
    if (owner === undefined || !state.rows.has(spaces, key)) continue;
    const before = storedContent(key, state.rows.need(spaces, key));
    if (isSame(before, value && storedContent(key, value))) continue;
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
};

/** `second`: of another start of the same code. The tables are as the first start has left them. */
export const repeatedDeeds = (
  state: KernelState,
  vat: VatNumber,
  first: Deeds,
  second: Deeds,
  description: VatDescription | undefined,
): UpgradeWarning[] => {
  const [, , , sent = []] = description ?? [];
  const sites = new Map(
    sent.map(([target, method, site]) => [`${method} to ${targetName(state, vat, target)}`, site]),
  );
  const sends = [...second.sent]
    .filter(([what]) => first.sent.has(what))
    .map(([what, count]): UpgradeWarning => {
      const text =
        `each start sends ${what} again${count > 1 ? `, ${count} times` : ''}: keep in baggage ` +
        'that it was sent, and look there before it is';
      return at({ code: 'START_REPEATS', subject: what, text, count }, sites.get(what));
    });
  const rows = [...rewritten(state, vat, second)].map(([what, count]): UpgradeWarning => {
    const text =
      `each start writes ${count} ${what} again, with other values: ` +
      'keep in baggage that it was done';
    return { code: 'START_REPEATS', subject: what, text, count };
  });
  return [...sends, ...rows];
};

/** What `@agoric/base-zone` calls the sets in which a zone notes keys for one incarnation. */
const ZONE_SCRATCH = / used keys$/;

/** `rows`: what a start has written. Durable stores of its making that nothing durable holds. */
export const madeAnew = (
  state: KernelState,
  vat: VatNumber,
  rows: Iterable<readonly [BinaryKey, Uint8Array | null]>,
  description?: VatDescription,
): UpgradeWarning[] => {
  const [, , , , made = []] = description ?? [];
  const { spaces } = state.vats.need(vat);
  const counts = new Map<string, number>();
  for (const [key, value] of rows) {
    if (placeOfRow(key)?.type !== 'collection' || value === null) continue;
    const { label, isHeld } = describeCollection(state.rows.need(spaces, key));
    if (!isHeld && !ZONE_SCRATCH.test(label)) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]): UpgradeWarning => {
    const text =
      `the start makes ${plural(count, 'durable store')} "${label}" that nothing durable holds: ` +
      'each start makes an empty one. Keep it in baggage (provideDurableMapStore, provide)';
    const [, site] = made.find(([name]) => name === label) ?? [];
    return at({ code: 'MADE_ANEW', subject: label, text, count }, site);
  });
};

/** Of a start that did not come to an end. */
export const waitingStart = (
  state: KernelState,
  vat: VatNumber,
  errors: readonly string[],
  [, , , sent]: VatDescription,
): UpgradeWarning[] => {
  if (!errors.some(error => error.includes('buildRootObject unresolved'))) return [];
  const asked = sent.map(([target, method]) => `${method} of ${targetName(state, vat, target)}`);
  const what = asked.length === 0 ? '' : `. It has sent ${listed([...new Set(asked)])}`;
  const text =
    `buildRootObject waits for another vat, which cannot answer within a start${what}: keep the ` +
    'answer in baggage, take it as a parameter, or watch it';
  const [[, , site] = []] = sent;
  return [at({ code: 'START_WAITS', subject: 'buildRootObject', text, count: 1 }, site)];
};
