/**
 * The two sizes of a bench: quick, which answers in about a minute, and full, which the documented
 * figures are of.
 *
 * A bench declares each option that makes it larger or smaller once, with a number for both sizes.
 * The quick one is the option's default, `--full` puts the other in its place, and what is typed
 * wins over both.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';

/** An option that takes a whole number from 1. */
interface Size {
  /** What there is so many of, for `--help`. */
  readonly what: string;
  readonly quick: number;
  readonly full: number;
  /** What the help text calls the number; a count if left out. */
  readonly unit?: string;
}

/** By the option's name, as `command.opts()` spells it: `warmUp` is `--warm-up`. */
export type Sizes = Readonly<Record<string, Size>>;

/** What a bench is given for its sizes. */
export type SizesOf<S extends Sizes> = { readonly [name in keyof S]: number };

const FULL_SOURCE = 'full';

/** Reads an option that counts something: an integer from 1. */
function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError('It takes a whole number from 1.');
  }
  return count;
}

const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;

/** Adds an option for every size, and `--full`. */
export function addSizes(command: Command, sizes: Sizes, fullDescription: string): void {
  for (const [name, { what, quick, full, unit }] of Object.entries(sizes)) {
    const option = new Option(`${flagOf(name)} <${unit ?? 'count'}>`, what)
      .argParser(parseCount)
      .default(quick, `${quick}; with --full: ${full}`);
    command.addOption(option);
  }
  command.option('--full', fullDescription);
}

/** Puts the full sizes where `--full` was given and nothing else was. */
export function resolveSizes(command: Command, sizes: Sizes): void {
  if (command.opts<{ full?: true }>().full !== true) return;
  for (const [name, { full }] of Object.entries(sizes)) {
    if (command.getOptionValueSource(name) !== 'default') continue;
    command.setOptionValueWithSource(name, full, FULL_SOURCE);
  }
}

/** Whether a size was typed: then the estimates are not about this run. */
export const isSizeTyped = (command: Command, sizes: Sizes): boolean =>
  Object.keys(sizes).some(name => command.getOptionValueSource(name) === 'cli');

const SECONDS_SAID_MAX = 90;

/** A time for people, rounded up: "about 40 seconds", "about 8 minutes". */
export function durationText(seconds: number): string {
  if (seconds <= SECONDS_SAID_MAX) return `about ${Math.ceil(seconds / 10) * 10} seconds`;
  return `about ${Math.ceil(seconds / 60)} minutes`;
}
