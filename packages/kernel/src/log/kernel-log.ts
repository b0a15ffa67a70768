/**
 * The structured log of one kernel, switched on and off while it runs.
 *
 * Invariants: nothing here changes an outcome; where a category is off, its records are not made
 * and nothing is decoded for them. A `write` that throws ends the log, never the kernel.
 */
import { heightAfter, type Height } from '@heirloom/store';
import {
  readCrank,
  vatIdOf,
  type CrankReport,
  type Incarnation,
  type Position,
  type VatNumber,
} from '@heirloom/worker';
import { KernelError } from '../base/kernel-errors.js';
import type { Clock } from '../base/kernel-host-powers.js';
import { describeDelivery, describeSyscall, type Description } from './describe.js';
import {
  isLogCategory,
  LOG_CATEGORIES,
  type LogCategory,
  type LogOptions,
  type LogRecord,
  type LogValue,
} from './log-records.js';

type Fields = Readonly<Record<string, LogValue>>;

/** Where in history a record stands. */
export interface LogMoment {
  /** The last committed block. */
  readonly height: Height;
  readonly wave: number;
}

/** One crank, as it was merged or refused. */
interface LoggedCrank {
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  readonly position: Position;
  readonly delivery: Uint8Array;
  readonly packed: Uint8Array;
  readonly ok: boolean;
  /** Why it counts for nothing. */
  readonly code: string | null;
  readonly report: CrankReport;
}

const GARBAGE: readonly string[] = [
  'dropExports',
  'retireExports',
  'retireImports',
  'reap',
  'sweep',
];

/** The categories that are on. Errors: KernelError BAD_OPTION names what would be right. */
export const checkLogOptions = (options: LogOptions): readonly LogCategory[] => {
  const given: unknown = options.categories;
  const chosen = given === 'all' ? LOG_CATEGORIES : given;
  const known = `all, or of ${LOG_CATEGORIES.join(', ')}`;
  if (!Array.isArray(chosen)) throw new KernelError('BAD_OPTION', `categories must be ${known}`);
  const categories: readonly unknown[] = chosen;
  const unknown = categories.find(category => !isLogCategory(category));
  if (!categories.every(isLogCategory)) {
    const what = `unknown category ${String(unknown)}`;
    throw new KernelError('BAD_OPTION', `${what}; categories: ${known}`);
  }
  if (typeof options.write !== 'function') {
    throw new KernelError('BAD_OPTION', 'write must be a function that takes a record');
  }
  return categories;
};

/** What a log asks of the host. */
interface LogPowers {
  readonly clock: Pick<Clock, 'wallTime'>;
  warn(text: string): void;
}

export class KernelLog {
  readonly #powers: LogPowers;
  #write: LogOptions['write'] | undefined;
  #on: ReadonlySet<LogCategory> = new Set();
  /** Does anything of a crank go into the log? Asked once per crank. */
  tellsCranks = false;
  /** Does anything at all? */
  isOn = false;

  constructor(powers: LogPowers) {
    this.#powers = powers;
  }

  /** Another log, of the same powers, that is switched off. */
  silenced(): KernelLog {
    return new KernelLog(this.#powers);
  }

  /** `undefined` switches the log off. Errors: KernelError BAD_OPTION. */
  set(options: LogOptions | undefined): void {
    const chosen = options === undefined ? [] : checkLogOptions(options);
    this.#write = options?.write;
    this.#on = new Set(chosen);
    this.isOn = chosen.length > 0;
    const has = (category: LogCategory): boolean => this.#on.has(category);
    this.tellsCranks = has('crank') || has('delivery') || has('syscall') || has('gc');
  }

  has(category: LogCategory): boolean {
    return this.#on.has(category);
  }

  tell(category: LogCategory, event: string, height: Height, fields: Fields): void {
    if (this.#write === undefined || !this.#on.has(category)) return;
    const record: LogRecord = {
      time: this.#powers.clock.wallTime(),
      ...{ category, event, height },
      ...fields,
    };
    try {
      this.#write(record);
    } catch (error) {
      this.set(undefined);
      this.#powers.warn(`the log is switched off: its write threw ${String(error)}`);
    }
  }

  /** Call it only where `tellsCranks`. */
  crank(moment: LogMoment, crank: LoggedCrank): void {
    const { vat, incarnation, position, delivery, packed, ok, code, report } = crank;
    const height = heightAfter(moment.height);
    const place = { wave: moment.wave, vat: vatIdOf(vat), incarnation, position };
    const given = describeDelivery(delivery);
    this.#tellDescription('delivery', height, place, given);
    const [, syscalls, rows] = ok ? readCrank(packed) : [null, [], []];
    if (this.#on.has('syscall')) {
      for (const syscall of syscalls) {
        this.#tellDescription('syscall', height, place, describeSyscall(syscall));
      }
    }
    this.tell('crank', given.event, height, {
      ...place,
      ok,
      code,
      syscalls: syscalls.length,
      rows: rows.length,
      bytes: packed.length,
    });
    if (!GARBAGE.includes(given.event)) return;
    const told = Array.isArray(given['slots']) ? given['slots'].length : 0;
    const dead = report?.length === 3 ? report[1].length : 0;
    this.tell('gc', given.event, height, {
      ...place,
      references: told,
      dead,
      more: report?.[0] ?? false,
    });
  }

  #tellDescription(
    category: LogCategory,
    height: Height,
    place: Fields,
    { event, ...fields }: Description,
  ): void {
    this.tell(category, event, height, { ...place, ...fields });
  }
}
