/** Console lines and faults of vats as the host takes them, and as they go to stderr. */
import type { Incarnation, Position, VatId } from '@heirloom/worker';
import { describeDelivery } from './describe.js';

/** A line that vat code wrote to its console, or the reason for a vat's end. */
export interface KernelLogEntry {
  readonly vatId: VatId | undefined;
  /** `debug`, `log`, `info`, `warn`, `error`, `trace`, or `fault`. */
  readonly level: string;
  /** Below its first line: where errors in it were thrown, in the author's files. */
  readonly text: string;
  /** The vat's name; undefined before there is one. */
  readonly name?: string;
  /** The crank that wrote it, if one did. */
  readonly crank?: {
    readonly incarnation: Incarnation;
    readonly position: Position;
    /** The method that was called; for what is no message, `startVat`, `notify`, ... */
    readonly method: string;
  };
}

/** What a host is told of if it gives no `log`. */
const TOLD_LEVELS: readonly string[] = ['warn', 'error', 'fault'];

export const methodOfDelivery = (delivery: Uint8Array): string => {
  const { event, method } = describeDelivery(delivery);
  return typeof method === 'string' ? method : event;
};

const placeOf = ({ vatId, name, crank }: KernelLogEntry): string => {
  const vat = name === undefined ? (vatId ?? 'a vat that starts') : `${name} (${vatId})`;
  if (crank === undefined) return vat;
  return `${vat}, ${crank.method}, crank ${crank.incarnation}/${crank.position}`;
};

/** The `log` of a host that gives none. */
export const logToText =
  (write: (text: string) => void) =>
  (entry: KernelLogEntry): void => {
    const { level, text } = entry;
    if (TOLD_LEVELS.includes(level)) write(`heirloom: ${placeOf(entry)}: ${level}: ${text}\n`);
  };
