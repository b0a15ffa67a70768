/**
 * A `Date` whose answers depend on its arguments alone: local time is UTC, no zone or locale names.
 *
 * The zone is a property of the process and cannot be set for one thread, so it must never be
 * asked. Four doors lead to it: the local getters and setters (replaced by the UTC ones), the
 * printed forms (printed here), `new Date(y, m, ...)` (goes through Date.UTC), and parsing of text
 * that names no zone. Parsing takes the forms below and nothing else: what other text means is
 * left to engines by the language, and V8 reads much of it as local time. Installed before `ses`,
 * which wraps it.
 */
import { isObject, propertyOf, type Properties } from '../values.js';

const { apply, construct } = Reflect;
const { defineProperties, defineProperty, freeze } = Object;

// eslint-disable-next-line no-restricted-globals -- this is where it is tamed
const FeralDate = Date;
const prototype = FeralDate.prototype;
export { prototype as datePrototype };
const feralParse = FeralDate.parse;
const { getTime, setUTCFullYear, toISOString, valueOf } = prototype;
const { trunc } = Math;
const { UTC } = FeralDate;
const TypeErrorOf = TypeError;
const stringOf = String;
const test = RegExp.prototype.exec;
const padStart = String.prototype.padStart;

const UNITS = ['Date', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds'] as const;
const DAYS = freeze(['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']);
const MONTHS = freeze([
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
]);
const INVALID = 'Invalid Date';

const DAY = '(?:(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)[a-z]*,? +)?';
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*';
const TIME = ' +[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?';
const ZONE = ' *(?:(?:GMT|UTC?|Z)(?:[+-][0-9]{4})?|[+-][0-9]{4})(?: +\\([A-Za-z +-]*\\))?';
/** `[pattern, zoned]`: what can be parsed, and whether such text names its zone. Anchored. */
const FORMS: readonly (readonly [pattern: RegExp, suffix: string])[] = [
  // ISO: dates alone are UTC by the language, date and time are local unless they end in a zone.
  [/^(?:[0-9]{4}|[+-][0-9]{6})(?:-[0-9]{2}(?:-[0-9]{2})?)?$/, ''],
  [/^[0-9+-]{4,13}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})$/, ''],
  [/^[0-9+-]{4,13}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?)?$/, 'Z'],
  // What toString and toUTCString print, and their relatives.
  [new RegExp(`^${DAY}${MONTH} +[0-9]{1,2},? +-?[0-9]{1,6}${TIME}${ZONE}$`), ''],
  [new RegExp(`^${DAY}${MONTH} +[0-9]{1,2},? +-?[0-9]{1,6}(?:${TIME})?$`), ' UTC'],
  [new RegExp(`^${DAY}[0-9]{1,2} +${MONTH} +-?[0-9]{1,6}${TIME}${ZONE}$`), ''],
  [new RegExp(`^${DAY}[0-9]{1,2} +${MONTH} +-?[0-9]{1,6}(?:${TIME})?$`), ' UTC'],
];

const parseUtc = (text: string): number => {
  for (const [pattern, suffix] of FORMS) {
    if (apply(test, pattern, [text]) !== null) return feralParse(text + suffix);
  }
  return NaN;
};

const timeOf = (value: Properties): number | undefined => {
  try {
    return apply(getTime, value, []);
  } catch {
    return undefined; // no Date
  }
};

/** ToPrimitive with the hint that the Date constructor gives: none. */
const toPrimitive = (value: Properties): unknown => {
  const exotic = value[Symbol.toPrimitive];
  if (exotic !== undefined && exotic !== null) {
    // For what cannot be called this throws TypeError, as the language does.
    const result: unknown = apply(exotic as () => unknown, value, ['default']);
    if (isObject(result)) throw new TypeErrorOf('Cannot convert object to primitive value');
    return result;
  }
  for (const name of ['valueOf', 'toString'] as const) {
    const method = value[name];
    if (typeof method !== 'function') continue;
    const result: unknown = apply(method, value, []);
    if (!isObject(result)) return result;
  }
  throw new TypeErrorOf('Cannot convert object to primitive value');
};

const timeValueOf = (value: unknown): unknown => {
  let primitive = value;
  if (isObject(value)) primitive = timeOf(value) ?? toPrimitive(value);
  return typeof primitive === 'string' ? parseUtc(primitive) : primitive;
};

const pad = (n: number, length: number): string =>
  apply(padStart, stringOf(n), [length, '0']);

const dayText = (date: Date): string => {
  const year = date.getUTCFullYear();
  const sign = year < 0 ? '-' : '';
  const yearText = sign + pad(year < 0 ? -year : year, year < 0 ? 6 : 4);
  const month = MONTHS[date.getUTCMonth()];
  return `${DAYS[date.getUTCDay()]} ${month} ${pad(date.getUTCDate(), 2)} ${yearText}`;
};

const timeText = (date: Date): string => {
  const hours = pad(date.getUTCHours(), 2);
  const minutes = pad(date.getUTCMinutes(), 2);
  return `${hours}:${minutes}:${pad(date.getUTCSeconds(), 2)} GMT+0000`;
};

/** A fresh Date with the same time, so that overridden methods of `date` are not called. */
const plain = (date: Date): Date => new FeralDate(apply(valueOf, date, []));
const isInvalid = (date: Date): boolean => date.valueOf() !== date.valueOf();

const printers = {
  toString(this: Date): string {
    const date = plain(this);
    return isInvalid(date) ? INVALID : `${dayText(date)} ${timeText(date)}`;
  },
  toDateString(this: Date): string {
    const date = plain(this);
    return isInvalid(date) ? INVALID : dayText(date);
  },
  toTimeString(this: Date): string {
    const date = plain(this);
    return isInvalid(date) ? INVALID : timeText(date);
  },
  getTimezoneOffset(this: Date): number {
    return isInvalid(plain(this)) ? NaN : 0;
  },
  getYear(this: Date): number {
    return plain(this).getUTCFullYear() - 1900;
  },
  setYear(this: Date, year: unknown): number {
    const n = trunc(Number(year));
    return apply(setUTCFullYear, this, [n >= 0 && n <= 99 ? n + 1900 : n]);
  },
};

/** Replaces the prototype's local methods; `toLocale*` become the plain ones as SES does. */
const repairPrototype = (): void => {
  const replace = (name: string, value: unknown): void => {
    const attributes = { writable: true, enumerable: false, configurable: true };
    defineProperty(prototype, name, { value, ...attributes });
  };
  for (const unit of UNITS) {
    replace(`get${unit}`, propertyOf(prototype, `getUTC${unit}`));
    replace(`set${unit}`, propertyOf(prototype, `setUTC${unit}`));
  }
  replace('getDay', prototype.getUTCDay);
  for (const [name, method] of Object.entries(printers)) replace(name, method);
  replace('toLocaleString', printers.toString);
  replace('toLocaleDateString', printers.toDateString);
  replace('toLocaleTimeString', printers.toTimeString);
};

/** `new.target` is what tells a call from a construction, hence a plain function. */
function UtcDate(this: unknown, ...args: unknown[]): unknown {
  if (new.target === undefined) return apply(printers.toString, new FeralDate(), []);
  if (args.length === 0) return construct(FeralDate, args, new.target);
  if (args.length === 1) return construct(FeralDate, [timeValueOf(args[0])], new.target);
  return construct(FeralDate, [apply(UTC, undefined, args)], new.target);
}

/** For logs: whatever a date has of its own, nothing of it is run. */
export const isoText = (given: Date): string => {
  const date = plain(given);
  return isInvalid(date) ? INVALID : String(apply(toISOString, date, []));
};

/** Makes `Date` of this realm UTC-only. Call once, before `ses` is evaluated. */
export const installUtcDate = (): void => {
  repairPrototype();
  const hidden = { writable: true, enumerable: false, configurable: true };
  defineProperties(UtcDate, {
    name: { value: 'Date' },
    length: { value: 7 },
    prototype: { value: prototype, writable: false },
    now: { value: FeralDate.now, ...hidden },
    UTC: { value: UTC, ...hidden },
    parse: { value: { parse: (text: unknown) => parseUtc(stringOf(text)) }.parse, ...hidden },
  });
  defineProperty(prototype, 'constructor', { value: UtcDate, ...hidden });
  defineProperty(globalThis, 'Date', { value: UtcDate, ...hidden });
};
