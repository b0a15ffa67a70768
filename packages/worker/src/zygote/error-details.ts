/**
 * What a vat does not see of its errors, for the host alone: where they were thrown, the values
 * that their messages redact, the notes that `assert.note` left on them.
 *
 * Invariants: no vat code runs for it (format-value.ts), and nothing that vat code can see is
 * changed: a stack is read as `harden` reads it anyway.
 */
import { types } from 'node:util';
import { givenMessage, PassableCodec } from '@heirloom/store/codec';
import { loggedErrorHandler } from 'ses/src/error/assert.js';
import { callSiteOf } from '../liveslots/contract/call-sites.js';
import { siteOf } from '../eventual-send/send-sites.js';
import { passedMark } from '../protocol/passed-errors.js';
import { propertyOf } from '../values.js';
import { STACK_FRAMES } from './error-constructors.js';
import type { ErrorDetails } from './format-value.js';

/** Ses gives it to the start compartment. */
const getStackString = propertyOf(globalThis, 'getStackString');

/** V8 from 12 gives errors an own accessor `stack`, which all share. */
const stackGetter = Object.getOwnPropertyDescriptor(new TypeError('sample'), 'stack')?.get;

const hasFeralStack = (error: Error): boolean => {
  const descriptor = Object.getOwnPropertyDescriptor(error, 'stack');
  if (descriptor === undefined) return false;
  return 'value' in descriptor || descriptor.get === stackGetter;
};

/** Frames of the image, of ses in it, and of Node. */
const IS_OURS = /heirloom-image\.js|heirloom-thread\.js|node:/;
/** Code that vat code has evaluated and not named: V8 tells all that was evaluated around it. */
const EVALUATED = /\(?eval at [^(]+ \(eval at .*, <anonymous>:(\d+:\d+)\)?$/;

/** What V8 calls a function without a name in evaluated code. */
const NAMELESS = /^at (async )?(?:Object\.)?eval \(/;
/** As `Far` names objects. */
const ALLEGED = /^at (async )?Alleged: /;

const trimmed = (line: string): string => line.trim().replace(EVALUATED, '(<anonymous>:$1)');
const isFrame = (line: string): boolean => /^\s*at /.test(line);

/** Of a function of the language: its caller stands below. */
const isBuiltIn = (line: string): boolean => line.endsWith('(<anonymous>)');

/** What our code has called is ours, as far as the language is concerned. */
const hiddenIn = (frames: readonly string[]): readonly boolean[] => {
  const hidden = frames.map(line => IS_OURS.test(line));
  for (let i = frames.length - 2; i >= 0; i -= 1) {
    if (hidden[i + 1] === true && isBuiltIn(frames[i] ?? '')) hidden[i] = true;
  }
  return hidden;
};

/** A trap of error-constructors.ts. */
const OUR_TRAP = /^\s*at Object\.(?:apply|construct) \(heirloom-image\.js:/;

/** As V8 would give them if no constructor were ours. */
const linesOf = (stack: string): string[] => {
  const lines = stack.split('\n').filter(isFrame);
  return OUR_TRAP.test(lines[0] ?? '') ? lines.slice(1) : lines;
};

const framesOf = (lines: readonly string[]): string[] => {
  const frames = lines.map(trimmed);
  const hidden = hiddenIn(frames);
  return frames
    .filter((_, i) => hidden[i] === false)
    .map(line => line.replace(NAMELESS, 'at $1<anonymous> (').replace(ALLEGED, 'at $1'));
};

/** As many as V8 keeps of its own accord. */
const SHOWN_FRAMES_MAX = 10;

const keptLinesOf = (error: Error): string[] =>
  linesOf(feralStackOf(error) ?? '').slice(0, STACK_FRAMES);

/** Its own frames; below them, if V8 has cut them off, those of whoever called what threw it. */
const framesOfError = (error: Error): string[] => {
  const own = framesOf(keptLinesOf(error));
  const called = framesOf(linesOf(feralStackOf(callSiteOf(error)) ?? ''));
  const [first] = called;
  if (first === undefined) return own;
  const at = own.indexOf(first);
  return [...(at < 0 ? own : own.slice(0, at)), ...called].slice(0, SHOWN_FRAMES_MAX);
};

/** V8's own text; undefined for what has none, and for what is no error. */
const feralStackOf = (error: unknown): string | undefined => {
  if (!types.isNativeError(error) || typeof getStackString !== 'function') return undefined;
  const stack: unknown = hasFeralStack(error) ? getStackString(error) : undefined;
  return typeof stack === 'string' && stack !== '' ? stack : undefined;
};

/** Of notes that were taken: ses gives each of them once. */
const notes = new WeakMap<Error, (readonly unknown[])[]>();

const notesOf = (error: Error): readonly (readonly unknown[])[] => {
  const known = notes.get(error) ?? [];
  const taken = loggedErrorHandler.takeNoteLogArgsArray(error);
  if (taken.length === 0) return known;
  known.push(...taken);
  notes.set(error, known);
  return known;
};

/** How pass-style notes that an error is the passable copy of another one. */
const COPIED = 'copied from error';

/** The error itself, of which this is a copy: with its class, fields and frames. */
const originalOf = (error: Error): Error => {
  for (const [text, origin] of notesOf(error)) {
    if (text === COPIED && types.isNativeError(origin)) return origin;
  }
  return error;
};

/** Of errors, which mention nothing. No code of vats runs. */
const codec = new PassableCodec<never>({
  slotOf: () => undefined,
  valueOf: () => undefined,
  isHardened: () => true,
  bornHardened: value => value,
});

/** An error without frames may be another vat's. */
const passed = (error: Error): readonly string[] => {
  try {
    return [passedMark(codec.encodeSettlement(error).body)];
  } catch {
    return [];
  }
};

/** What is redacted, or what an accessor gave for the data that the error has become. */
const messageOf = (error: Error): readonly unknown[] | undefined => {
  const given = givenMessage(error);
  return loggedErrorHandler.getMessageLogArgs(error) ?? (given === undefined ? given : [given]);
};

export const errorDetails: ErrorDetails = {
  messageOf,
  notesOf,
  originalOf,
  framesOf: error => {
    const frames = framesOfError(error);
    if (frames.length > 0) return frames;
    const site = siteOf(error);
    return site === undefined ? passed(error) : framesOf(keptLinesOf(site));
  },
};

/** Of an error that ends the thread: frames of ours may be what matters then. */
export const fatalDetails: ErrorDetails = {
  ...errorDetails,
  framesOf: error => keptLinesOf(error).map(trimmed),
};
