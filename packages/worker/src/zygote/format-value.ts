/**
 * Values of vat code as text for logs, without running any of that code.
 *
 * No getter, proxy trap, toString or toJSON is called: own data properties are read through their
 * descriptors, proxies are not entered. Bounded in depth, in entries and in length. Of errors is
 * told what the vat itself does not see: where they were thrown, and what their messages redact.
 */
import { types } from 'node:util';
import { isObject, quietDescriptor } from '../values.js';
import { builtInText } from './format-builtins.js';
import { fillIn, numberText } from './format-directives.js';

const { isPromise, isProxy } = types;

const DEPTH_MAX = 3;
const ENTRIES_MAX = 50;
const TEXT_LENGTH_MAX = 10_000;
/** Of an error, the errors that it comes of included. */
const TRACE_LENGTH_MAX = 10_000;
const TRACE_ERRORS_MAX = 20;
const MESSAGE_LENGTH_MAX = 2_000;

/** What is known of errors that does not stand in their properties. No vat code runs for it. */
export interface ErrorDetails {
  /** The parts of the message with nothing redacted, if there are any. */
  messageOf(error: Error): readonly unknown[] | undefined;
  notesOf(error: Error): readonly (readonly unknown[])[];
  /** Where it was made, the innermost call first: lines that begin with `at`. */
  framesOf(error: Error): readonly string[];
  /** The error of which this is the passable copy, or the same. */
  originalOf?(error: Error): Error;
}

const NO_DETAILS: ErrorDetails = {
  messageOf: () => undefined,
  notesOf: () => [],
  framesOf: () => [],
};

/** Lockdown makes accessors of some data properties; their getters bear the value. */
const originalValue = (getter: unknown): unknown =>
  typeof getter === 'function' && !isProxy(getter)
    ? Object.getOwnPropertyDescriptor(getter, 'originalValue')?.value
    : undefined;

/** An own or inherited data property; `undefined` for accessors and behind a proxy. */
const dataProperty = (value: object, key: PropertyKey): unknown => {
  const descriptor = quietDescriptor(value, key) ?? {};
  return 'value' in descriptor ? descriptor.value : originalValue(descriptor.get);
};

/** What vat code gives may be as long as texts can be: it is cut before anything is made of it. */
const clip = (text: string, lengthMax = TEXT_LENGTH_MAX): string =>
  text.length > lengthMax ? `${text.slice(0, lengthMax)}...` : text;

const textProperty = (value: object, key: PropertyKey): string => {
  const property = dataProperty(value, key);
  return typeof property === 'string' ? clip(property) : '';
};

const formatPrimitive = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(clip(value));
  if (typeof value === 'symbol') return clip(String(value));
  return typeof value === 'bigint' || typeof value === 'number' ? numberText(value) : String(value);
};

/** Texts with spaces between them, as far as they will be told. */
const joinTexts = (values: readonly unknown[], textOf: (value: unknown) => string): string => {
  let text = '';
  for (let i = 0; i < values.length && text.length <= TEXT_LENGTH_MAX; i += 1) {
    text += i === 0 ? textOf(values[i]) : ` ${textOf(values[i])}`;
  }
  return text;
};

/** Behind these, and before those, stands no space. */
const OPENING = '([\'"`';
const CLOSING = ')].,;:!?\'"`';

/** The parts of a message, from which ses has taken the spaces between texts and values. */
const joinParts = (parts: readonly unknown[], depth: number): string => {
  let text = '';
  for (const part of parts) {
    const shown = typeof part === 'string' ? clip(part) : format(part, depth + 1, NO_DETAILS);
    const isTight = OPENING.includes(text.slice(-1)) || CLOSING.includes(shown.slice(0, 1));
    text += isTight ? shown : ` ${shown}`;
    if (text.length > TEXT_LENGTH_MAX) break;
  }
  return clip(text);
};

/** Name and message. */
const headOf = (error: Error, depth: number, details: ErrorDetails): string => {
  const name = textProperty(error, 'name');
  const parts = details.messageOf(error);
  const message = parts === undefined ? textProperty(error, 'message') : joinParts(parts, depth);
  return message === '' ? name : `${name || 'Error'}: ${message}`;
};

/** Own properties that are told where errors are, not as fields. */
const ERROR_KEYS: readonly PropertyKey[] = ['name', 'message', 'stack', 'cause', 'errors'];

/** An accessor gives the message: no code of it runs here. */
const hidesMessage = (error: Error): boolean =>
  Object.getOwnPropertyDescriptor(error, 'message')?.get !== undefined;

/**
 * What an error has of its own, as ` { code: "E1" }`; where its message cannot be told, what is
 * hidden in it too.
 */
const fieldsOf = (error: Error, depth: number, details: ErrorDetails): string => {
  const isTold = !hidesMessage(error) || details.messageOf(error) !== undefined;
  const keys = Reflect.ownKeys(error).filter(key => {
    if (typeof key === 'symbol' || ERROR_KEYS.includes(key)) return false;
    const { value, enumerable }: PropertyDescriptor =
      Object.getOwnPropertyDescriptor(error, key) ?? {};
    if (enumerable === true) return true;
    return !isTold && !key.startsWith('_') && value !== undefined && typeof value !== 'function';
  });
  if (keys.length === 0) return '';
  // Not as deep in as the error's own entries: issues and their paths are to be seen.
  const shown = keys.slice(0, ENTRIES_MAX).map(
    key => `${clip(String(key))}: ${formatEntry(error, key, depth - 1, details)}`,
  );
  return ` { ${shown.join(', ')} }`;
};

const formatError = (error: Error, depth: number, details: ErrorDetails): string => {
  const text = headOf(error, depth, details) + fieldsOf(error, depth, details);
  const cause = Object.getOwnPropertyDescriptor(error, 'cause');
  // An error may be its own cause.
  if (cause === undefined || depth >= DEPTH_MAX) return text;
  return `${text} [cause: ${format(cause.value, depth + 1, details)}]`;
};

const formatEntry = (
  value: object,
  key: string | symbol,
  depth: number,
  details: ErrorDetails,
): string => {
  const descriptor = Object.getOwnPropertyDescriptor(value, key);
  if (descriptor === undefined) return '';
  if (!('value' in descriptor)) return '[accessor]';
  return format(descriptor.value, depth + 1, details);
};

/** Of a list, with what stands for its holes; other keys come with their names. */
const listTexts = (
  value: readonly unknown[],
  keys: readonly (string | symbol)[],
  textOf: (key: string | symbol) => string,
): string[] => {
  const texts: string[] = [];
  let next = 0;
  const toIndex = (index: number): void => {
    if (index > next) texts.push(index === next + 1 ? '<empty>' : `<${index - next} empty>`);
    next = index + 1;
  };
  const isIndex = (key: string | symbol): boolean =>
    typeof key === 'string' && /^\d+$/.test(key) && Number(key) < value.length;
  for (const key of keys.slice(0, ENTRIES_MAX)) {
    if (!isIndex(key)) continue;
    toIndex(Number(key));
    texts.push(textOf(key));
  }
  const others = keys.filter(key => !isIndex(key));
  if (keys.length - others.length <= ENTRIES_MAX) toIndex(value.length);
  const named = others.slice(0, Math.max(0, ENTRIES_MAX - (keys.length - others.length)));
  return [...texts, ...named.map(key => `${clip(String(key))}: ${textOf(key)}`)];
};

const formatEntries = (value: object, depth: number, details: ErrorDetails): string => {
  const isList = Array.isArray(value);
  const keys = Reflect.ownKeys(value).filter(key => {
    if (isList && key === 'length') return false;
    return Object.getOwnPropertyDescriptor(value, key)?.enumerable === true;
  });
  const textOf = (key: string | symbol): string => formatEntry(value, key, depth, details);
  const entries = isList
    ? listTexts(value, keys, textOf)
    : keys.slice(0, ENTRIES_MAX).map(key => `${clip(String(key))}: ${textOf(key)}`);
  if (keys.length > ENTRIES_MAX) entries.push(`... ${keys.length - ENTRIES_MAX} more`);
  if (isList) return `[${entries.join(', ')}]`;
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
};

const format = (value: unknown, depth: number, details: ErrorDetails): string =>
  clip(isObject(value) ? formatObject(value, depth, details) : formatPrimitive(value));

const formatObject = (value: object, depth: number, details: ErrorDetails): string => {
  const show = (part: unknown): string => format(part, depth + 1, details);
  const shown = { show: depth >= DEPTH_MAX ? undefined : show, entriesMax: ENTRIES_MAX };
  if (isProxy(value)) return builtInText(value, shown) ?? '[Proxy]';
  if (typeof value === 'function') return `[Function ${textProperty(value, 'name')}]`;
  if (types.isNativeError(value)) return formatError(value, depth, details);
  if (isPromise(value)) return '[Promise]';
  const text = builtInText(value, shown);
  if (text !== undefined) return text;
  const tag = textProperty(value, Symbol.toStringTag);
  const label = tag === '' ? '' : `[${tag}] `;
  if (depth >= DEPTH_MAX) return label === '' ? '[Object]' : label.trimEnd();
  return label + formatEntries(value, depth, details);
};

/** The first members of a list, without the code that vat code may have put into it. */
const membersOf = (list: unknown): unknown[] => {
  if (isProxy(list) || !Array.isArray(list)) return [];
  return Array.from(
    { length: Math.min(list.length, TRACE_ERRORS_MAX) },
    (_, i): unknown => Object.getOwnPropertyDescriptor(list, i)?.value,
  );
};

/** An error that another one comes of, if it is an error. */
const partsOf = (error: Error): (readonly [label: string, part: Error])[] => {
  const list = membersOf(dataProperty(error, 'errors'));
  const parts: (readonly [string, unknown])[] = list.map(part => ['error', part]);
  parts.push(['cause', Object.getOwnPropertyDescriptor(error, 'cause')?.value]);
  return parts.flatMap(([label, part]) =>
    types.isNativeError(part) ? [[label, part] as const] : [],
  );
};

/** What stands below the head of an error, line by line. */
const traceLines = (error: Error, details: ErrorDetails, seen: Set<Error>): string[] => {
  seen.add(error);
  const lines = details.framesOf(error).map(frame => `    ${frame}`);
  const notes = details.notesOf(error);
  for (const note of notes) {
    lines.push(`  note: ${clip(joinParts(note, 0), MESSAGE_LENGTH_MAX)}`);
  }
  const noted = notes.flat().filter(part => types.isNativeError(part));
  const parts = noted.map(part => ['noted', part] as const);
  for (const [label, part] of [...partsOf(error), ...parts]) {
    if (seen.has(part) || seen.size >= TRACE_ERRORS_MAX) continue;
    lines.push(`  ${label}: ${clip(headOf(part, 0, details), MESSAGE_LENGTH_MAX)}`);
    lines.push(...traceLines(part, details, seen).map(line => `  ${line}`));
  }
  return lines;
};

const belowHead = (
  value: unknown,
  details: ErrorDetails,
  seen: Set<Error> = new Set(),
): string =>
  types.isNativeError(value)
    ? clip(traceLines(value, details, seen).join('\n'), TRACE_LENGTH_MAX)
    : '';

/** What is told of a value: of a passable copy of an error, that error. */
const toldOf = (value: unknown, { originalOf }: ErrorDetails): unknown =>
  types.isNativeError(value) && originalOf !== undefined ? originalOf(value) : value;

/** An error with where it was thrown and what it comes of; '' for what is none. */
export const formatTrace = (thrown: unknown, details: ErrorDetails): string => {
  const value = toldOf(thrown, details);
  if (!types.isNativeError(value)) return '';
  const head = clip(headOf(value, 0, details), MESSAGE_LENGTH_MAX);
  const trace = belowHead(value, details);
  return trace === '' ? head : `${head}\n${trace}`;
};

/** Every error that is told is asked for its message, and remembered in `told`. */
const remembering = (details: ErrorDetails, told: Set<Error>): ErrorDetails => ({
  ...details,
  messageOf: error => {
    told.add(error);
    return details.messageOf(error);
  },
});

/** Of errors within other values, each with its head. */
const tracesWithin = (
  told: ReadonlySet<Error>,
  details: ErrorDetails,
  seen: Set<Error>,
): string[] => {
  const traces: string[] = [];
  for (const error of told) {
    if (seen.has(error) || seen.size >= TRACE_ERRORS_MAX) continue;
    const below = traceLines(error, details, seen).map(line => `  ${line}`);
    if (below.length === 0) continue;
    const head = `  error: ${clip(headOf(error, 0, details), MESSAGE_LENGTH_MAX)}`;
    traces.push(clip([head, ...below].join('\n'), TRACE_LENGTH_MAX));
  }
  return traces;
};

/** One line, then where each error in it was thrown. */
const lines = (
  values: readonly unknown[],
  details: ErrorDetails,
  lineWith: (details: ErrorDetails) => string,
): string => {
  const told = new Set<Error>();
  const line = clip(lineWith(remembering(details, told)));
  const seen = new Set<Error>();
  const traces = values.map(value => {
    const ofValue = new Set<Error>();
    const trace = belowHead(value, details, ofValue);
    for (const error of ofValue) seen.add(error);
    return trace;
  });
  return [line, ...traces, ...tracesWithin(told, details, seen)].filter(Boolean).join('\n');
};

export const formatValue = (value: unknown, details = NO_DETAILS): string => {
  const told = toldOf(value, details);
  return lines([told], details, telling => format(told, 0, telling));
};

/**
 * The arguments of a console call as one line, in which texts stand for themselves; below it, where
 * each error among them or within them was thrown.
 */
export const formatLine = (values: readonly unknown[], details = NO_DETAILS): string => {
  const told = values.map(value => toldOf(value, details));
  return lines(told, details, telling => {
    const textOf = (value: unknown): string =>
      typeof value === 'string' ? clip(value) : format(value, 0, telling);
    const [first, ...others] = told;
    if (typeof first !== 'string') return joinTexts(told, textOf);
    const [head, left] = fillIn(clip(first), others, textOf);
    return joinTexts([head, ...left], textOf);
  });
};
