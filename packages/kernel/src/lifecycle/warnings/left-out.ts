/** What a start is not given, or does not find: parameters, keys of its baggage. */
import {
  rowCollectionCounts,
  rowEntryPrefix,
  rowImportRef,
  textOf,
  type Steps,
} from '@heirloom/store';
import {
  BAGGAGE_CID,
  entryBody,
  entryCountOf,
  isHeldImport,
  parseVRef,
  asciiEntryKey,
  SCRIPT_SCHEME,
  type Spaces,
  type VatNumber,
} from '@heirloom/worker';
import type { VatScript } from '../../code/vat-script.js';
import {
  decodeKernelData,
  kernelData,
  SlotMark,
  type KernelData,
} from '../../objects/kernel-data.js';
import type { KernelState } from '../../state/kernel-state.js';
import type { VatCode } from '../../state/schema.js';
import { at, type UpgradeWarning } from './warning.js';

/** A larger baggage is not looked through for the values of parameters. */
const BAGGAGE_ENTRIES_MAX = 1_000;
/** Of a row: as much as takes as long as an ordinary step. */
const ROW_STEP_BYTES = 65_536;
const COMPARISONS_OF_STEP = 10;
/** Of more data nothing is said. */
const PARAMETERS_BYTES_MAX = 100_000;

const decoded = (data: KernelData): unknown => {
  try {
    return data.body.length > PARAMETERS_BYTES_MAX ? undefined : decodeKernelData(data);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
};

const isPlainRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Values that stand in the vat's baggage. */
function* baggageBodies(state: KernelState, spaces: Spaces): Steps<Uint8Array[]> {
  const counts = rowCollectionCounts(BAGGAGE_CID);
  const count = state.rows.has(spaces, counts) ? entryCountOf(state.rows.need(spaces, counts)) : 0;
  if (count > BAGGAGE_ENTRIES_MAX) return [];
  const bodies: Uint8Array[] = [];
  for (const key of state.rows.keysWith(spaces, rowEntryPrefix(BAGGAGE_CID))) {
    const row = state.rows.need(spaces, key);
    yield 1 + row.length / ROW_STEP_BYTES;
    const body = entryBody(row);
    if (body !== undefined && body !== null) bodies.push(body);
  }
  return bodies;
}

/** Does the vat keep the value where an upgrade leaves it? */
const isKept = (
  state: KernelState,
  vat: VatNumber,
  bodies: readonly Uint8Array[],
  value: unknown,
): boolean => {
  const { spaces } = state.vats.need(vat);
  if (value instanceof SlotMark) {
    const [vref] = state.clist(vat).byKRef.get(value.kref) ?? [];
    const parsed = vref === undefined ? undefined : parseVRef(vref);
    if (parsed?.type !== 'import') return false;
    const row = rowImportRef(parsed.n);
    return state.rows.has(spaces, row) && isHeldImport(state.rows.need(spaces, row));
  }
  const { body } = kernelData(value);
  return bodies.some(kept => Buffer.compare(kept, body) === 0);
};

type Parameters = Pick<VatCode, 'parameters' | 'slots'>;

/** Parameters that the vat has now and would not have any more, and that it has not kept. */
export function* parametersLeftOut(
  state: KernelState,
  vat: VatNumber,
  { parameters, slots }: Parameters,
  next: Parameters,
): Steps<UpgradeWarning[]> {
  const { spaces } = state.vats.need(vat);
  if (Buffer.compare(next.parameters, parameters) === 0) return [];
  const before = decoded({ body: parameters, slots });
  const after = decoded({ body: next.parameters, slots: next.slots });
  if (!isPlainRecord(before) || (after !== undefined && !isPlainRecord(after))) return [];
  const missing = Object.keys(before).filter(
    name => before[name] !== undefined && after?.[name] === undefined,
  );
  if (missing.length === 0) return [];
  const bodies = yield* baggageBodies(state, spaces);
  const warnings: UpgradeWarning[] = [];
  for (const name of missing) {
    yield 1 + bodies.length / COMPARISONS_OF_STEP;
    if (isKept(state, vat, bodies, before[name])) continue;
    const text =
      `the vat has parameter "${name}" now, and the upgrade does not give it: parameters ` +
      'belong to one incarnation. Pass it again, or keep it in baggage at the first start';
    warnings.push({ code: 'PARAMETER_LEFT_OUT', subject: name, text, count: 1 });
  }
  return warnings;
}

const BAGGAGE_CALL = /\b\w*[bB]aggage\s*\.\s*(get|has|init|set)\s*\(\s*(["'`])([ !#%&(-_a-~]{1,100})\2/g;
/** Libraries that make what is not there. */
const PROVIDE_CALL = /\bprovide\w*\s*\(\s*\w*[bB]aggage\s*,\s*(["'`])([ !#%&(-_a-~]{1,100})\1/g;

/** As V8 has them, from 1. */
const lineAndColumn = (text: string, index: number): string => {
  const before = text.slice(0, index).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
};

/**
 * Keys that the code reads from its baggage and that are not there when its start is over, though
 * the code has a place that puts them there.
 */
export const missingKeys = (
  state: KernelState,
  vat: VatNumber,
  { bundleId, script: packed }: Pick<VatScript, 'bundleId' | 'script'>,
): UpgradeWarning[] => {
  const script = textOf(packed);
  const { spaces } = state.vats.need(vat);
  const calls = new Map<string, Map<string, number>>();
  for (const { 1: call = '', 3: key = '', index } of script.matchAll(BAGGAGE_CALL)) {
    const named = calls.get(key) ?? new Map<string, number>();
    if (!named.has(call)) named.set(call, index);
    calls.set(key, named);
  }
  for (const [, , key = ''] of script.matchAll(PROVIDE_CALL)) calls.delete(key);
  return [...calls]
    .filter(([, named]) => named.has('get') && named.has('init') && !named.has('has'))
    .filter(([key]) => !state.rows.has(spaces, asciiEntryKey(BAGGAGE_CID, key)))
    .map(([key, named]): UpgradeWarning => {
      const site = `${SCRIPT_SCHEME}${bundleId}:${lineAndColumn(script, named.get('init') ?? 0)}`;
      const text =
        `the code reads "${key}" from its baggage, which has no such key when the start is over: ` +
        `it is put there in a first start only. Ask baggage.has("${key}") where it is made`;
      return at({ code: 'KEY_MISSING', subject: key, text, count: 1 }, `at ${site}`);
    });
};
