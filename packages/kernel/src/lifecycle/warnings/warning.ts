/**
 * What an upgrade is likely to break, though it would succeed: the codes, and what is said of each
 * (docs/upgrade/mistakes.md has a heading for every code).
 *
 * Invariant: a function of the tables, the code and the start alone, so that the report of a dry
 * run that a vat asked for is the same on every host.
 */

import type { Site } from '@heirloom/worker';

/** Worst first: so are they told. */
export const WARNING_CODES = [
  'HANDLE_NOT_KEPT',
  'KIND_RENAMED',
  'START_WAITS',
  'EXPORT_LOST',
  'WATCHER_LOST',
  'MIGRATION_FAILS',
  'FIELD_UNDEFINED',
  'PROMISE_NOT_WATCHED',
  'ALARM_LOST',
  'MADE_ANEW',
  'START_REPEATS',
  'KEY_MISSING',
  'METHOD_GONE',
  'GUARD_CHANGED',
  'PARAMETER_LEFT_OUT',
  'ANSWER_LOST',
  'VERSION_RAISED',
] as const;

type WarningCode = (typeof WARNING_CODES)[number];

export const isWarningCode = (value: unknown): value is WarningCode =>
  WARNING_CODES.some(code => code === value);

export interface UpgradeWarning {
  readonly code: WarningCode;
  /** What it is about, for whoever accepts it: the same in every run on like data. */
  readonly subject: string;
  /** What will happen, and what to do. */
  readonly text: string;
  /** Of how many things. */
  readonly count: number;
  /** To the host alone: where the new code does it, as `shop.js:41:12` of the author's files. */
  readonly place?: string;
}

/** With a place that is not the author's yet, but a site (worker/src/protocol/description.ts). */
export const at = (warning: UpgradeWarning, site: Site | undefined): UpgradeWarning =>
  site === undefined || site === '' ? warning : { ...warning, place: site };

/** `placeOf`: of a site, as the author knows it. */
export const placed = (
  warnings: readonly UpgradeWarning[],
  placeOf: (site: Site) => string | undefined,
): UpgradeWarning[] =>
  warnings.map(({ place: site, ...warning }) => {
    const place = site === undefined ? undefined : placeOf(site);
    return place === undefined ? warning : { ...warning, place };
  });

export type UpgradeVerdict = 'ok' | 'warnings' | 'refused';

export const verdictOf = (ok: boolean, warnings: readonly UpgradeWarning[]): UpgradeVerdict => {
  if (!ok) return 'refused';
  return warnings.length > 0 ? 'warnings' : 'ok';
};

/** Of each code; the rest is counted in the last one. */
const WARNINGS_OF_CODE_MAX = 20;

const folded = (all: readonly UpgradeWarning[]): UpgradeWarning[] => {
  const shown = all.slice(0, WARNINGS_OF_CODE_MAX);
  const rest = all.slice(WARNINGS_OF_CODE_MAX);
  const [first] = rest;
  if (first === undefined) return shown;
  const count = rest.reduce((sum, warning) => sum + warning.count, 0);
  const text = `${rest.length} more, of which the first is: ${first.text}`;
  return [...shown, { ...first, subject: `${rest.length} more`, text, count }];
};

/** In order of their codes, as many of each as people read. */
export const sorted = (warnings: readonly UpgradeWarning[]): UpgradeWarning[] =>
  WARNING_CODES.flatMap(wanted => folded(warnings.filter(({ code }) => code === wanted)));

/** `["a", "b"]`: a, b; of more than a few, how many more. */
export const listed = (names: readonly string[], most = 5): string => {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
};

export const plural = (count: number, one: string, many = `${one}s`): string =>
  count === 1 ? `1 ${one}` : `${count} ${many}`;
