/**
 * Places in the scripts of vats as the author knows them: of the woven script, as V8 names it, back
 * to the bundle, and with the bundle's source map to the author's files.
 *
 * For the host's texts alone. Nothing here decides an outcome, and a place that cannot be found is
 * told as the place in the bundle.
 */
import { SourceMap } from 'node:module';
import { SCRIPT_SCHEME, storedBundleId, type BundleId } from '@heirloom/worker';
import { PlainPlaces, type Place } from '@heirloom/worker/plain-places';
import { weaving } from '@heirloom/worker/weave';
import type { CheckedBundle } from './bundle.js';

/** What is asked of the bundles that are installed. */
interface BundleTexts {
  /** The source of a bundle that is a script itself, or undefined. */
  scriptSourceOf(bundleId: BundleId): string | undefined;
  /** JSON. */
  sourceMapOf(bundleId: BundleId): string | undefined;
}

const PLACE = new RegExp(`${SCRIPT_SCHEME}(b1-[0-9a-f]+):(\\d+)(?::(\\d+))?`, 'g');
/** Of an id, in texts. */
const SHOWN_LENGTH = 15;
const BUNDLES_MAX = 16;
/** Weaving it again takes the host's thread half a second: longer ones are told by their lines. */
const WOVEN_LENGTH_MAX = 1_000_000;

interface Finder {
  readonly plain: PlainPlaces | undefined;
  readonly map: SourceMap | undefined;
}

const plainPlacesOf = (source: string | undefined): PlainPlaces | undefined => {
  if (source === undefined || source.length > WOVEN_LENGTH_MAX) return undefined;
  try {
    return new PlainPlaces(source, weaving(source));
  } catch (error) {
    // An older release wove it, and this one does not.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
};

/** Errors: those of JSON and of Node's reader for what is no map. */
export const readSourceMap = (json: string): SourceMap => {
  const map = new SourceMap(JSON.parse(json));
  map.findEntry(0, 0);
  return map;
};

/** An imported state may have brought a map that nobody has looked at. */
export const mapOf = (json: string | undefined): SourceMap | undefined => {
  if (json === undefined) return undefined;
  try {
    return readSourceMap(json);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
};

/** A file as the map names it, line and column from 1; undefined where the map says nothing. */
export const inSource = (
  map: SourceMap | undefined,
  { line, column }: Place,
): string | undefined => {
  const entry = map?.findEntry(line, column);
  if (entry === undefined || !('originalSource' in entry)) return undefined;
  const { originalSource, originalLine, originalColumn } = entry;
  return `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
};

/** Line, from 1, and column, from 0, as acorn and our weaver tell them at the end of a message. */
const TOLD = / \((\d+):(\d+)\)$/;

/** A message without the place that it ends with, and that place. */
export const splitPlace = (message: string): readonly [why: string, place: Place | undefined] => {
  const [, line, column] = TOLD.exec(message) ?? [];
  if (line === undefined) return [message, undefined];
  return [message.replace(TOLD, ''), { line: Number(line) - 1, column: Number(column) }];
};

/** `file:line:column`, both from 1. */
export const describePlace = (file: string, { line, column }: Place): string =>
  `${file}:${line + 1}:${column + 1}`;

export class SourcePlaces {
  readonly #texts: BundleTexts;
  readonly #finders = new Map<BundleId, Finder>();
  #lent: CheckedBundle | undefined;

  constructor(texts: BundleTexts) {
    this.#texts = texts;
  }

  /** The same text, with places in scripts of vats as places in the author's files. */
  locate(text: string): string {
    if (!text.includes(SCRIPT_SCHEME)) return text;
    return text.replace(PLACE, (_found, id: string, line: string, column: string | undefined) => {
      const place = { line: Number(line) - 1, column: Number(column ?? 1) - 1 };
      return this.#describe(storedBundleId(id), place);
    });
  }

  /** A bundle that need not be installed; the one before is forgotten. */
  lend(bundle: CheckedBundle): void {
    this.forget(bundle.bundleId);
    this.#lent = bundle;
  }

  /** A bundle has got another map. */
  forget(bundleId: BundleId): void {
    this.#finders.delete(bundleId);
  }

  #describe(bundleId: BundleId, woven: Place): string {
    const { plain, map } = this.#finderOf(bundleId);
    const place = plain?.plain(woven) ?? woven;
    const inBundle = `${bundleId.slice(0, SHOWN_LENGTH)}:${place.line + 1}:${place.column + 1}`;
    return inSource(map, place) ?? inBundle;
  }

  #finderOf(bundleId: BundleId): Finder {
    const known = this.#finders.get(bundleId);
    if (known !== undefined) return known;
    const lent = this.#lent?.bundleId === bundleId ? this.#lent : undefined;
    const lentSource = lent?.moduleFormat === 'endoScript' ? lent.source : undefined;
    const finder = {
      plain: plainPlacesOf(lentSource ?? this.#texts.scriptSourceOf(bundleId)),
      map: mapOf(lent?.sourceMap ?? this.#texts.sourceMapOf(bundleId)),
    };
    if (this.#finders.size >= BUNDLES_MAX) this.#finders.clear();
    this.#finders.set(bundleId, finder);
    return finder;
  }
}
