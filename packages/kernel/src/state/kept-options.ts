/** The options that a vat keeps: part of its row, and of the item that creates it. */
import { checkArity } from './frame-codec.js';
import type { KRef } from './krefs.js';

/** What a vat is under beyond its code. adminNode.changeOptions changes some of it. */
export interface VatOptions {
  /** Made by the vat-admin service: its name is a label, `admin` is its adminNode. */
  readonly dynamic: boolean;
  /** Its end is the end of the kernel. */
  readonly critical: boolean;
  /** Held as long as the vat runs. */
  readonly meter: KRef | null;
  /** Deliveries after which it is reaped: null as the parameters say, 0 never. */
  readonly reapInterval: number | null;
  readonly admin: KRef | null;
  /** Deliveries of an incarnation after which the next begins; 0: never. */
  readonly refresh: number;
}

export const STATIC_VAT: VatOptions = {
  dynamic: false,
  critical: false,
  meter: null,
  reapInterval: null,
  admin: null,
  refresh: 0,
};

/** The last is there only if it is not 0. */
export type OptionsTuple = readonly [
  ...[boolean, boolean, KRef | null, number | null, KRef | null],
  ...([] | [refresh: number]),
];

export const optionsTuple = (options: VatOptions): OptionsTuple => {
  const { dynamic, critical, meter, reapInterval, admin, refresh } = options;
  const usual = [dynamic, critical, meter, reapInterval, admin] as const;
  return refresh === 0 ? usual : [...usual, refresh];
};

export const optionsOf = (tuple: OptionsTuple): VatOptions => {
  checkArity('the options of a vat', tuple, [5, 6]);
  const [dynamic, critical, meter, reapInterval, admin, refresh = 0] = tuple;
  return { dynamic, critical, meter, reapInterval, admin, refresh };
};
