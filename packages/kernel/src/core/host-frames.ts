/**
 * What a rejection tells the host beside where it was thrown: what the host had called, and from
 * where. It is looked for once there is a rejection.
 */
import { fileURLToPath } from 'node:url';
import { isVatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';
import { objectKRef } from '../state/krefs.js';
import type { HostData, VatReference } from './host-data.js';

/** Of the host's, as many as V8 keeps of its own accord. */
const FRAMES_MAX = 10;
/** Between them and this file. */
const OUR_FRAMES_MAX = 10;

/** Of this package, as places begin. */
const OURS = [new URL('../', import.meta.url)].flatMap(url => [url.href, fileURLToPath(url)]);
const isOurs = (frame: string): boolean =>
  frame.includes('node:') || OURS.some(ours => frame.includes(ours));

/** Where the host waits, the innermost call first. */
const hostFrames = (): string[] => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = FRAMES_MAX + OUR_FRAMES_MAX;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  if (typeof stack !== 'string') return [];
  const frames = stack.split('\n').filter(line => line.startsWith('    at ') && !isOurs(line));
  return frames.slice(0, FRAMES_MAX);
};

/** `deposit of purse (ko21 of vat bank)`, as far as it is known by now. */
const describeCall = (
  state: KernelState,
  { kref, iface }: VatReference,
  method: string,
): string => {
  const name = iface === undefined ? 'a promise' : iface.replace(/^Alleged: /, '');
  const isObject = kref.startsWith('ko');
  const row = isObject ? state.objects.get(objectKRef(Number(kref.slice(2)))) : undefined;
  const owner = row?.[0];
  const vat = owner !== undefined && isVatNumber(owner) ? state.vats.get(owner) : undefined;
  return `${method} of ${name} (${kref}${vat === undefined ? '' : ` of vat ${vat.name}`})`;
};

interface Told {
  readonly data: HostData;
  readonly state: KernelState;
}

type Called = readonly [target: VatReference, method: string];

/** As `work`; `called` is what the host has called. */
export const tellingWhere = async <T>(
  { data, state }: Told,
  work: Promise<T>,
  called?: Called,
): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    data.tellWhere(error, () => [
      ...(called === undefined ? [] : [`    at ${describeCall(state, ...called)}`]),
      ...hostFrames(),
    ]);
    throw error;
  }
};

/** As `sent`: nothing comes of it if the host does not care. */
export const tellingSent = <T extends { readonly result: Promise<unknown> }>(
  told: Told,
  sent: T,
  called: Called,
): T => {
  const result = tellingWhere(told, sent.result, called);
  result.catch(() => undefined);
  return { ...sent, result };
};
