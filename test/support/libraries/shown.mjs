/**
 * A value as a text that tells all of it, the same in a vat and in Node: also what does not pass
 * from a vat, as maps, dates and bytes.
 */
const entriesOf = object =>
  Object.entries(object).map(([key, value]) => `${key}: ${shown(value)}`).join(', ');

const isTyped = value => ArrayBuffer.isView(value) && !(value instanceof DataView);

export const shown = value => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (isTyped(value)) return `bytes [${[...value].join(', ')}]`;
  if (value instanceof Map || value instanceof Set) return `${tag} ${shown([...value])}`;
  if (value instanceof Date) return `Date ${value.toJSON() ?? 'invalid'}`;
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return `{${entriesOf(value)}}`;
};
