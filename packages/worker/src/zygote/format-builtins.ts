/**
 * What stands in the internal slots of built-in objects as text for logs: entries of maps and sets,
 * elements of typed arrays, times, patterns, boxed primitives.
 *
 * Methods and getters of the language's own prototypes are applied, whatever an object has of its
 * own; so no code of a vat runs. They are taken when this is loaded.
 */
import { types } from 'node:util';
import { getterOf } from '../values.js';
import { bytesOf, floatBytes } from './float-arrays.js';
import { numberText } from './format-directives.js';
import { isoText } from './utc-date.js';

const { apply, getPrototypeOf } = Reflect;

const TypedArrayPrototype: object = getPrototypeOf(Uint8Array.prototype) ?? {};
const arrayName = getterOf(TypedArrayPrototype, Symbol.toStringTag);
const arrayLength = getterOf(TypedArrayPrototype, 'length');
const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
const mapSize = getterOf(Map.prototype, 'size');
const setSize = getterOf(Set.prototype, 'size');
const { entries: mapEntries } = Map.prototype;
const { entries: setEntries } = Set.prototype;
const patternSource = getterOf(RegExp.prototype, 'source');
/** Each reads an internal slot; `flags` itself would ask the object. */
const patternFlags = [
  ['d', 'hasIndices'],
  ['g', 'global'],
  ['i', 'ignoreCase'],
  ['m', 'multiline'],
  ['s', 'dotAll'],
  ['u', 'unicode'],
  ['v', 'unicodeSets'],
  ['y', 'sticky'],
].map(([flag = '', name = '']) => [flag, getterOf(RegExp.prototype, name)] as const);
const boxes = [
  ['Number', types.isNumberObject, Number.prototype.valueOf],
  ['String', types.isStringObject, String.prototype.valueOf],
  ['Boolean', types.isBooleanObject, Boolean.prototype.valueOf],
  ['BigInt', types.isBigIntObject, BigInt.prototype.valueOf],
  ['Symbol', types.isSymbolObject, Symbol.prototype.valueOf],
] as const;

/** How its parts are shown: each one by one, and no more of them than fit on a line. */
interface Shown {
  /** Undefined where entries are too deep to be shown. */
  readonly show: ((value: unknown) => string) | undefined;
  readonly entriesMax: number;
}

/** More is not told of a line anyway. */
const SOURCE_CHARS_MAX = 10_000;

const patternText = (pattern: RegExp): string => {
  const flags = patternFlags.flatMap(([flag, getter]) =>
    apply(getter, pattern, []) === true ? [flag] : [],
  );
  const source = String(apply(patternSource, pattern, []));
  return `/${source.slice(0, SOURCE_CHARS_MAX)}/${flags.join('')}`;
};

const rest = (all: number, shown: number): string[] =>
  all > shown ? [`... ${all - shown} more`] : [];

type Entries = Iterable<readonly [key: unknown, value: unknown]>;

/** The entries of a set are its values, twice. */
const collectionText = (
  name: 'Map' | 'Set',
  size: number,
  entries: Entries,
  { show, entriesMax }: Shown,
): string => {
  const label = `${name}(${size})`;
  if (show === undefined) return `[${label}]`;
  const texts: string[] = [];
  for (const [key, value] of entries) {
    if (texts.length === entriesMax) break;
    texts.push(name === 'Map' ? `${show(key)} => ${show(value)}` : show(key));
  }
  texts.push(...rest(size, entriesMax));
  return texts.length === 0 ? `${label} {}` : `${label} { ${texts.join(', ')} }`;
};

const typedArrayText = (array: NodeJS.TypedArray, entriesMax: number): string => {
  const length = Number(apply(arrayLength, array, []));
  const texts: string[] = [];
  for (let at = 0; at < Math.min(length, entriesMax); at += 1) {
    const element = array[at];
    texts.push(numberText(element ?? NaN));
  }
  texts.push(...rest(length, entriesMax));
  return `${String(apply(arrayName, array, []))}(${length}) [${texts.join(', ')}]`;
};

/** Undefined where the memory has been taken away: no view of it can be made. */
const bytesLeft = (value: object): Uint8Array | undefined => {
  try {
    return bytesOf(value);
  } catch {
    return undefined;
  }
};

/** An array of ours is a proxy: its elements are read of its bytes. */
const floatsText = (value: object, entriesMax: number): string | undefined => {
  const size = floatBytes(value);
  if (size === 0) return undefined;
  const bytes = bytesLeft(value);
  if (bytes === undefined) return '[detached array]';
  const { buffer, byteOffset, byteLength } = bytes;
  const floats =
    size === Float32Array.BYTES_PER_ELEMENT
      ? new Float32Array(buffer, byteOffset, byteLength / size)
      : new Float64Array(buffer, byteOffset, byteLength / size);
  return typedArrayText(floats, entriesMax);
};

/** Undefined for what is no built-in object with something inside. */
export const builtInText = (value: object, shown: Shown): string | undefined => {
  if (types.isProxy(value)) return floatsText(value, shown.entriesMax);
  if (types.isMap(value)) {
    const entries = apply(mapEntries, value, []);
    return collectionText('Map', Number(apply(mapSize, value, [])), entries, shown);
  }
  if (types.isSet(value)) {
    const entries = apply(setEntries, value, []);
    return collectionText('Set', Number(apply(setSize, value, [])), entries, shown);
  }
  if (types.isDate(value)) return isoText(value);
  if (types.isRegExp(value)) return patternText(value);
  if (types.isTypedArray(value)) return typedArrayText(value, shown.entriesMax);
  if (types.isArrayBuffer(value)) {
    return `ArrayBuffer { byteLength: ${String(apply(bufferLength, value, []))} }`;
  }
  if (!types.isBoxedPrimitive(value)) return undefined;
  const [name, , valueOf] = boxes.find(([, isBox]) => isBox(value)) ?? [];
  if (valueOf === undefined) return undefined;
  const primitive: unknown = apply(valueOf, value, []);
  return `[${name}: ${(shown.show ?? String)(primitive)}]`;
};
