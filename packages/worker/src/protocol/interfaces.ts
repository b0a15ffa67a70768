/**
 * Interface names: what a vat says its exports are, and presences of them show (`getInterfaceOf`).
 *
 * A vat says it once, in the crank that exports an object; the kernel keeps it with the object, and
 * a delivery says it of each import that is new to its vat. `Alleged: purse` crosses as `purse`, in
 * visible ASCII; other names that endo takes cross whole, behind an exclamation mark. An object
 * without one is `Alleged: remote`.
 */
import { asciiText, readAsciiText } from './ascii-text.js';
import type { BundleCaps } from './bundle-caps.js';
import { Delivery } from './opcodes.js';
import type { VRef } from './refs.js';
import type { DeliveryTuple } from './to-worker.js';

/** UTF-16 units of a name that are told; the rest is left out. */
export const INTERFACE_CHARS_MAX = 100;

/** As it crosses: see `spellInterface`. */
export type Interfaces = readonly (readonly [vref: VRef, spelled: string])[];

/** The end of a delivery: what its vat is told of things that it mentions. */
export type Told =
  | readonly []
  | readonly [caps: BundleCaps]
  | readonly [caps: BundleCaps, interfaces: Interfaces];

/** An image whose text has this can be told of interfaces, and tells of them: older ones cannot. */
export const INTERFACES_MARK = 'heirloom image: interfaces';

/** What presences of objects show that nobody has named. */
export const NO_INTERFACE = 'Alleged: remote';

const ALLEGED = 'Alleged: ';
const WHOLE = '!';

const isInterface = (text: string): boolean =>
  text === 'Remotable' || text.startsWith(ALLEGED) || text.startsWith('DebugName: ');

/** The first units of a text, without the half of a pair at the end. */
const cut = (text: string): string => {
  if (text.length <= INTERFACE_CHARS_MAX) return text;
  const last = text.charCodeAt(INTERFACE_CHARS_MAX - 1);
  const isHalf = last >= 0xd800 && last < 0xdc00;
  return text.slice(0, isHalf ? INTERFACE_CHARS_MAX - 1 : INTERFACE_CHARS_MAX);
};

/** How an interface crosses; empty for what is none that endo takes. */
export const spellInterface = (iface: unknown): string => {
  if (typeof iface !== 'string' || !isInterface(iface)) return '';
  const name = iface.startsWith(ALLEGED) ? iface.slice(ALLEGED.length) : '';
  const isWhole = name === '' || name.startsWith(WHOLE);
  return asciiText(cut(isWhole ? WHOLE + iface : name), INTERFACE_CHARS_MAX).slice(1, -1);
};

/** The interface that is spelled so; undefined if `spellInterface` cannot have done it. */
export const readInterface = (spelled: string): string | undefined => {
  const text = readAsciiText(`"${spelled}"`, INTERFACE_CHARS_MAX);
  if (text === undefined || text === '') return undefined;
  if (!text.startsWith(WHOLE)) return ALLEGED + text;
  const iface = text.slice(WHOLE.length);
  return isInterface(iface) ? iface : undefined;
};

const NOTHING: Told = [];

/** What a delivery tells beside what it is. */
export const toldBy = (delivery: DeliveryTuple): Told => {
  switch (delivery[0]) {
    case Delivery.message: {
      if (delivery.length === 5) return NOTHING;
      const [, , , , , ...told] = delivery;
      return told;
    }
    case Delivery.notify: {
      if (delivery.length === 2) return NOTHING;
      const [, , ...told] = delivery;
      return told;
    }
    case Delivery.startVat:
    case Delivery.fork: {
      if (delivery.length === 4) return NOTHING;
      const [, , , , ...told] = delivery;
      return told;
    }
    case Delivery.dropExports:
    case Delivery.retireExports:
    case Delivery.retireImports:
    case Delivery.reap:
    case Delivery.sweep:
    case Delivery.migrate:
      return NOTHING;
    default:
      throw TypeError(`unknown delivery ${String(delivery satisfies never)}`);
  }
};
