/**
 * The report of a dry run for people: 80 columns, worst first, with counts, and no more lines than
 * a screen or two have. Of each code at least one warning is told; what is left out is counted.
 */
import type { DryRunReport } from '../lifecycle/dry-run.js';
import { WARNING_CODES } from '../lifecycle/warnings/warning.js';
import { showBytes } from './output.js';

type Warning = DryRunReport['warnings'][number];

export const REPORT_COLUMNS = 80;
export const REPORT_LINES_MAX = 60;
/** Of one warning, where there is room. */
const WARNING_LINES_MAX = 6;
/** Of reasons why it would fail, of states that cannot be migrated. */
const LIST_LINES_MAX = 3;
const TRACE_LINES_MAX = 8;
/** Which warnings are left out. */
const LEFT_OUT_LINES = 3;
/** Of a fact, where there is room. */
const FACT_LINES_MAX = 2;
const LABEL_COLUMNS = 22;
const NAMES_MAX = 10;

const cutTo = (text: string, columns: number): string =>
  text.length <= columns ? text : `${text.slice(0, columns - 3)}...`;

/** In lines, those behind the first indented; a word that is too long for a line is cut. */
const folded = (text: string, indent: number, most: number): string[] => {
  const space = ' '.repeat(indent);
  const lines: string[] = [];
  let line = '';
  for (const given of text.split(/\s+/)) {
    const word = cutTo(given, REPORT_COLUMNS - indent);
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= REPORT_COLUMNS) line = longer;
    else {
      lines.push(line);
      line = `${space}${word}`;
    }
  }
  if (lines.length < most) return [...lines, line];
  const last = lines[most - 1] ?? '';
  return [...lines.slice(0, most - 1), `${last.slice(0, REPORT_COLUMNS - 4)} ...`];
};

interface Fact {
  readonly label: string;
  readonly value: string | number;
  /** Lines that stand below it. */
  readonly below?: readonly string[];
}

/** In so many lines at most, and those below. */
const linesOfFact = ({ label, value, below = [] }: Fact, most: number): string[] => [
  ...folded(`${label.padEnd(LABEL_COLUMNS, '\0')} ${value}`, LABEL_COLUMNS + 1, most).map(line =>
    line.replaceAll('\0', ' '),
  ),
  ...below,
];

const listed = (names: readonly string[]): string => {
  const shown = names.slice(0, NAMES_MAX).join(', ');
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${shown} and ${more} more` : shown;
};

const ofNames = (label: string, names: readonly string[]): Fact[] =>
  names.length === 0 ? [] : [{ label, value: `${names.length}: ${listed(names)}` }];

const plural = (count: number, what: string): string =>
  count === 1 ? `1 ${what}` : `${count} ${what}s`;

const verdictOf = ({ verdict, warnings }: DryRunReport): string => {
  if (verdict === 'refused') return 'FAIL';
  if (verdict === 'ok') return 'succeed';
  return `succeed, with ${warnings.length === 1 ? '1 WARNING' : `${warnings.length} WARNINGS`}`;
};

/** A few lines, and how many others there are. */
const fewOf = (lines: readonly string[], what: string, most = LIST_LINES_MAX): string[] => {
  const shown = lines.slice(0, most).map(line => cutTo(line, REPORT_COLUMNS));
  const more = lines.length - shown.length;
  return more > 0 ? [...shown, `  and ${plural(more, what)} more`] : shown;
};

/** Where a line of a trace leads to stands at its end. */
const placeLine = (line: string): string => {
  const half = REPORT_COLUMNS / 2;
  if (line.length <= REPORT_COLUMNS) return line;
  return `${line.slice(0, half - 20)}...${line.slice(-half - 17)}`;
};

const costLine = ({ cost }: DryRunReport): string =>
  `${cost.milliseconds.toFixed(1)} ms, ${plural(cost.rowsWritten, 'row')} written, ` +
  `${plural(cost.syscalls, 'syscall')}, crank of ${showBytes(cost.bytes)}`;

const factsOf = (report: DryRunReport): Fact[] => {
  const { kinds, migrations, abandonedExamples, abandonedNames } = report;
  const { failed, fault } = migrations;
  const ends = fault === null ? '' : `would END THE VAT: ${fault}; `;
  const sampled = `${ends}${migrations.sampled} tried, ${failed.length} would fail`;
  const raised = migrations.kinds.map(({ kind, from, to }) => `${kind} ${from} to ${to}`);
  const isQuiet = migrations.sampled === 0 && fault === null && raised.length === 0;
  const objects = abandonedExamples.length === 0 ? '' : `: ${listed(abandonedExamples)}`;
  const stuck = failed.map(({ kind, instance, reason }) => `  ${kind} ${instance}: ${reason}`);
  const below = fewOf(stuck, 'state');
  const migrated = { label: 'states to be migrated', value: sampled, below };
  return [
    { label: 'incarnation', value: report.incarnationNumber },
    ...ofNames('kinds defined again', kinds.bound),
    ...ofNames('kinds NOT defined', kinds.unbound),
    ...ofNames('kinds dismissed', kinds.dismissed),
    ...ofNames('new kinds', kinds.added),
    ...ofNames('versions raised', raised),
    ...(isQuiet ? [] : [migrated]),
    { label: 'exports that end', value: `${report.exportsAbandoned}${objects}` },
    ...ofNames('named exports that end', abandonedNames),
    { label: 'promises rejected', value: report.promisesRejected },
    ...ofNames('warnings accepted', report.accepted.map(acceptable)),
    ...ofNames('accepted in vain', report.unneeded.map(acceptable)),
    { label: 'the start', value: costLine(report) },
  ];
};

const reasonLines = ({ errors, trace }: DryRunReport): string[] => {
  const [first] = errors;
  const more = errors.length > 1 ? [`  and ${plural(errors.length - 1, 'reason')} more`] : [];
  const why = first === undefined ? [] : folded(`why: ${first}`, 2, LIST_LINES_MAX);
  const places = trace === undefined ? [] : trace.split('\n').map(placeLine);
  return [...why, ...more, ...fewOf(places, 'line', TRACE_LINES_MAX)];
};

/** Of a path, the end tells more. */
const PLACE_COLUMNS = 50;
const endOf = (place: string): string =>
  place.length <= PLACE_COLUMNS ? place : `...${place.slice(3 - PLACE_COLUMNS)}`;

/** The subject, by which it can be accepted, stands in brackets behind it. */
const linesOf = ({ code, text, count, place, subject }: Warning, most: number): string[] => {
  const often = count > 1 ? ` (${count})` : '';
  const where = place === undefined ? '' : ` at ${endOf(place)}`;
  return folded(`${code}${often}${where}: ${text} [${subject}]`, 2, most);
};

const acceptable = ({ code, subject }: Pick<Warning, 'code' | 'subject'>): string =>
  `${code} [${subject}]`;

const sizeOf = (warnings: readonly Warning[], most: number): number =>
  warnings.reduce((sum, warning) => sum + linesOf(warning, most).length, 0);

const countsOf = (warnings: readonly Warning[]): string => {
  const counts = new Map<string, number>();
  for (const { code } of warnings) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => `${code} ${count}`).join(', ');
};

const leftOut = (rest: readonly Warning[]): string =>
  `... and ${plural(rest.length, 'warning')} more: ${countsOf(rest)}`;

/** The first of each code, then as many others as there is room for; in their order. */
const warningLines = (warnings: readonly Warning[], room: number): string[] => {
  if (warnings.length === 0) return [];
  const firsts = warnings.filter(
    ({ code }, i) => warnings.findIndex(other => other.code === code) === i,
  );
  const budget = room - LEFT_OUT_LINES;
  let most = WARNING_LINES_MAX;
  while (most > 1 && sizeOf(firsts, most) > budget) most -= 1;
  const shown = new Set(firsts);
  let left = budget - sizeOf(firsts, most);
  for (const warning of warnings) {
    const lines = shown.has(warning) ? 0 : linesOf(warning, most).length;
    if (lines > left) break;
    left -= lines;
    shown.add(warning);
  }
  const rest = warnings.filter(warning => !shown.has(warning));
  return [
    ...warnings.filter(warning => shown.has(warning)).flatMap(warning => linesOf(warning, most)),
    ...(rest.length === 0
      ? []
      : folded(leftOut(rest), 2, LEFT_OUT_LINES)),
  ];
};

const MEANING = 'Each code is a heading of docs/upgrade/mistakes.md, with what to write instead.';

/** `name`: of the vat. At most `REPORT_LINES_MAX` lines of `REPORT_COLUMNS`. */
export const reportLines = (name: string, report: DryRunReport): string[] => {
  const told = `The upgrade of vat "${name}" (${report.vatId}) would ${verdictOf(report)}.`;
  const head = [...folded(told, 2, 2), ...reasonLines(report)];
  const inLines = (most: number): string[] =>
    factsOf(report).flatMap(fact => linesOfFact(fact, most));
  const roomBeside = (lines: readonly string[]): number =>
    REPORT_LINES_MAX - head.length - lines.length - 3;
  const isCrowded = roomBeside(inLines(FACT_LINES_MAX)) < WARNING_CODES.length + LEFT_OUT_LINES;
  const facts = inLines(isCrowded ? 1 : FACT_LINES_MAX);
  const room = roomBeside(facts);
  const warnings = warningLines(report.warnings, room);
  const meaning = warnings.length === 0 ? [] : ['', ...warnings, MEANING];
  return [...head, ...meaning, '', ...facts];
};
