/**
 * A vat's world for tests in the runner's own realm: no SES, scripts as plain functions.
 *
 * A vat script is an expression whose value is the module namespace. It sees VatData, WeakMap,
 * WeakSet, console, and `Far`, `E`, `makeTagged`, `harden` as if it had bundled them.
 */
import './plain-globals.js';
import 'ses';
import { E } from '@endo/eventual-send';
import { Far, makeTagged } from '@endo/pass-style';
import type { LogLevel, VatEnvironment } from '../contracts/vat-environment.js';
import { plainHandledPromises, plainHardening } from './plain-globals.js';

const LEVELS: readonly LogLevel[] = ['debug', 'log', 'info', 'warn', 'error', 'trace'];

export const plainEnvironment: VatEnvironment = {
  hardening: plainHardening,
  handledPromises: plainHandledPromises,
  // Scripts are not woven here.
  traceOf: () => '',
  observe: async () => [],
  callDepth: { watch: () => undefined, begin: () => undefined },
  makeCompartment: (globals, log) => ({
    evaluate: source => {
      const lines = LEVELS.map(level => [
        level,
        (...args: unknown[]) => log(level, args.map(String).join(' ')),
      ]);
      const console = Object.fromEntries(lines) as object;
      const { harden } = plainHardening;
      const scope: Record<string, unknown> = { E, Far, makeTagged, harden, console };
      for (const [name, value] of Object.entries(globals)) scope[name] = value;
      const body = `'use strict'; return (${source}\n);`;
      const run = new Function(...Object.keys(scope), body) as (...args: unknown[]) => unknown;
      return run(...Object.values(scope));
    },
  }),
};
