/**
 * The `console` of a vat: every line goes to a sink as text, every method returns undefined.
 *
 * It has no state and no clock, so counters and timers do nothing; nothing that vat code can see
 * depends on it.
 */
import type { LogLevel, LogSink } from '../contracts/vat-environment.js';
import { formatLine, type ErrorDetails } from './format-value.js';
import { hardening } from './harden.js';

const LEVELS: readonly LogLevel[] = ['debug', 'log', 'info', 'warn', 'error', 'trace'];
const LOGGED_AS_LOG = ['dir', 'dirxml', 'table', 'group', 'groupCollapsed'] as const;
const SILENT = [
  'groupEnd',
  'clear',
  'count',
  'countReset',
  'time',
  'timeLog',
  'timeEnd',
  'profile',
  'profileEnd',
  'timeStamp',
] as const;

type ConsoleMethod = (...args: unknown[]) => void;

/** `details`: what lines tell of errors beyond what the vat sees. */
export const makeVatConsole = (
  log: LogSink,
  details?: ErrorDetails,
): Readonly<Record<string, ConsoleMethod>> => {
  const lineOf = (args: readonly unknown[]): string => formatLine(args, details);
  const methods: Record<string, ConsoleMethod> = {};
  for (const level of LEVELS) methods[level] = (...args) => log(level, lineOf(args));
  for (const name of LOGGED_AS_LOG) methods[name] = (...args) => log('log', lineOf(args));
  for (const name of SILENT) methods[name] = () => undefined;
  methods['assert'] = (condition, ...args) => {
    if (!condition) log('error', `Assertion failed: ${lineOf(args)}`);
  };
  return hardening.harden(methods);
};
