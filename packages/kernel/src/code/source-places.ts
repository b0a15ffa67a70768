/**
 * Places in the scripts of vats as the author knows them: of the woven script, as V8 names it, back
 * to the bundle, and with the bundle's source map to the author's files; of an archive, and of
 * modules that a bundle evaluates, to the module, and with its map to the author's file. And the
 * other way: what a debugger is given to find the author's files by.
 *
 * For the host's texts alone. Nothing here decides an outcome, and a place that cannot be found is
 * told as the place in the bundle.
 */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { textOf, utf8 } from '@heirloom/store';
import { SCRIPT_SCHEME, storedBundleId, type BundleId } from '@heirloom/worker';
import { PlainPlaces, unmarked, type Place } from '@heirloom/worker/plain-places';
import { weavingOf } from '@heirloom/worker/weave';
import { ArchivePlaces } from './archive-places.js';
import type { CheckedBundle } from './bundle.js';
import { evaluatedPlace, EvaluatedPlaces } from './evaluated-places.js';
import type { BundleSource } from './installed.js';
import { fileOf, movedDown } from './module-maps.js';
import type { VatScript } from './vat-script.js';
import { wovenSourceMap } from './woven-source-map.js';

/** What is asked of the bundles that are installed. */
interface BundleTexts {
  /** The woven script. */
  scriptTextOf(bundleId: BundleId): string | undefined;
  /** As it was installed. */
  bundleOf(bundleId: BundleId): BundleSource | undefined;
  /** JSON. */
  sourceMapOf(bundleId: BundleId): string | undefined;
  /** A URL of the directory that the map names files from. */
  sourceRootOf(bundleId: BundleId): string | undefined;
}

/** A URL for a debugger, of what is known of where files are; undefined if there is no debugger. */
type DebugRoot = (known: string | undefined) => string | undefined;

const SCRIPT_PLACE = `${SCRIPT_SCHEME}(b1-[0-9a-f]+)`;
const LINE_AND_COLUMN = ':(\\d+)(?::(\\d+))?';
/** In a script, or in a module that it evaluates: evaluated-places.ts. */
const PLACE = new RegExp(`${SCRIPT_PLACE}(?:/([^\\s():]+))?${LINE_AND_COLUMN}`, 'g');
/** A frame of a function without a name: the line of a trace that it stands on. */
const NAMELESS_FRAME = new RegExp(
  `\\n *at <anonymous> \\(${SCRIPT_PLACE}${LINE_AND_COLUMN}\\)(?=\\n|$)`,
  'g',
);
/** Of an id, in texts. */
const SHOWN_LENGTH = 15;
/** UTF-16 code units of scripts and maps together; of a map each keeps about 20 bytes. */
const LENGTH_MAX = 8_000_000;
/** In one text: vat code writes what it likes, and to read a map takes up to a second. */
const BUNDLES_IN_TEXT_MAX = 4;

/** The modules of `nestedEvaluate`, and the map of the one that is called `file`. */
interface Evaluated {
  readonly places: EvaluatedPlaces;
  readonly file: string | undefined;
  readonly map: SourceMap | undefined;
}

interface Finder {
  readonly length: number;
  readonly plain: PlainPlaces | undefined;
  /** Of the script. */
  readonly map: SourceMap | undefined;
  /** The last of which the map says anything: what is below is the bundler's, not an author's. */
  readonly lastLine: number;
  readonly modules: ArchivePlaces | undefined;
  readonly evaluated: Evaluated | undefined;
}

/** Digits, and what stands between segments and lines. */
const MAPPINGS = /^[A-Za-z0-9+/,;]*$/;

interface GivenMap {
  readonly sourceRoot?: unknown;
  readonly sources?: unknown;
  readonly mappings?: unknown;
  readonly sections?: unknown;
}

/** With sources as they are named from its `sourceRoot`, which Node's reader does not look at. */
const rooted = (map: GivenMap): object => {
  const { sourceRoot, sources } = map;
  if (typeof sourceRoot !== 'string' || sourceRoot === '' || !Array.isArray(sources)) return map;
  const root = sourceRoot.endsWith('/') ? sourceRoot : `${sourceRoot}/`;
  const isWhole = (source: string): boolean => /^(?:\/|[a-z][\w+.-]*:)/i.test(source);
  const named = sources.map((source: unknown) =>
    typeof source !== 'string' || isWhole(source) ? source : `${root}${source}`,
  );
  return { ...map, sources: named };
};

/** Errors: those of JSON and of Node's reader for what is no map; it has no mappings. */
export const readSourceMap = (json: string): SourceMap => {
  const given = JSON.parse(json) as GivenMap;
  const { mappings, sections } = given;
  if (!Array.isArray(sections) && (typeof mappings !== 'string' || !MAPPINGS.test(mappings))) {
    throw Error('it has no mappings');
  }
  const map = new SourceMap(rooted(given) as SourceMapPayload);
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
  // Its author may have written anything, and code that a tool has made may have no file.
  if (typeof originalSource !== 'string' || originalSource === '') return undefined;
  if (originalLine < 0 || originalColumn < 0) return undefined;
  return `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
};

const placeFrom = (line: string, column = '1'): Place => ({
  line: Number(line) - 1,
  column: Number(column) - 1,
});

const plainIn = ({ plain }: Finder, woven: Place): Place => plain?.plain(woven) ?? woven;

const describeIn = (finder: Finder, id: string, woven: Place): string => {
  const place = plainIn(finder, woven);
  const inBundle = `${id.slice(0, SHOWN_LENGTH)}:${place.line + 1}:${place.column + 1}`;
  return inSource(finder.map, place) ?? finder.modules?.find(place) ?? inBundle;
};

const describeEvaluated = (finder: Finder | undefined, name: string, woven: Place): string => {
  const evaluated = finder?.evaluated;
  const place = evaluated?.places.plain(name, woven);
  if (evaluated === undefined || place === undefined) return evaluatedPlace(name, woven);
  const map = evaluated.file === name ? evaluated.map : undefined;
  return inSource(map, place) ?? evaluatedPlace(name, place);
};

const isBelowModules = (finder: Finder, woven: Place): boolean =>
  plainIn(finder, woven).line > finder.lastLine;

const lastLineOf = (map: SourceMap | undefined): number => {
  const entry = map?.findEntry(Number.MAX_SAFE_INTEGER, 0);
  return entry !== undefined && 'generatedLine' in entry ? entry.generatedLine : Infinity;
};

/** The map of a script; `json`: of its bundle, or of one module. Undefined where it has no text. */
const scriptMapOf = (bundle: BundleSource | undefined, script: string, json: string) => {
  if (bundle?.moduleFormat === 'nestedEvaluate') return undefined;
  if (bundle?.moduleFormat !== 'endoZipBase64') return json;
  const file = fileOf(json);
  const line = file === undefined ? undefined : new ArchivePlaces(unmarked(script)).lineOf(file);
  return line === undefined ? undefined : movedDown(json, line);
};

export class SourcePlaces {
  readonly #texts: BundleTexts;
  /** The least recently used comes first. */
  readonly #finders = new Map<BundleId, Finder>();
  #length = 0;
  #lent: CheckedBundle | undefined;

  constructor(texts: BundleTexts) {
    this.#texts = texts;
  }

  /** The same text, with places in scripts of vats as places in the author's files. */
  locate(text: string): string {
    if (!text.includes(SCRIPT_SCHEME)) return text;
    const finders = new Map<string, Finder>();
    const finderOf = (id: string): Finder | undefined => {
      const known = finders.get(id);
      if (known !== undefined || finders.size >= BUNDLES_IN_TEXT_MAX) return known;
      const finder = this.#finderOf(storedBundleId(id));
      finders.set(id, finder);
      return finder;
    };
    const withoutOurs = (frame: string, id: string, line: string, column?: string): string => {
      const finder = finderOf(id);
      const isOurs = finder !== undefined && isBelowModules(finder, placeFrom(line, column));
      return isOurs ? '' : frame;
    };
    const described = (found: string, id: string, module: string, line: string, at?: string) => {
      const finder = finderOf(id);
      if (module) return describeEvaluated(finder, module, placeFrom(line, at));
      return finder === undefined ? found : describeIn(finder, id, placeFrom(line, at));
    };
    return text.replace(NAMELESS_FRAME, withoutOurs).replace(PLACE, described);
  }

  /** A bundle that need not be installed; the one before is forgotten. */
  lend(bundle: CheckedBundle): void {
    this.forget(bundle.bundleId);
    this.#lent = bundle;
  }

  /** A bundle has got another map. */
  forget(bundleId: BundleId): void {
    this.#length -= this.#finders.get(bundleId)?.length ?? 0;
    this.#finders.delete(bundleId);
  }

  /**
   * The script as a worker evaluates it. For a debugger, which finds the author's files from what
   * `rootFor` gives, the source map is behind it, if the bundle has one; no function can see that.
   */
  scriptFor({ bundleId, script }: VatScript, rootFor: DebugRoot): Uint8Array {
    const lent = this.#lent?.bundleId === bundleId ? this.#lent.sourceRoot : undefined;
    const root = rootFor(lent ?? this.#texts.sourceRootOf(bundleId));
    const json = root === undefined ? undefined : this.#sourceMapOf(bundleId);
    if (root === undefined || json === undefined || mapOf(json) === undefined) return script;
    const text = textOf(script);
    const given = scriptMapOf(this.#bundleOf(bundleId), text, json);
    const map = given === undefined ? undefined : wovenSourceMap(text, given, root);
    if (map === undefined) return script;
    const data = Buffer.from(map).toString('base64');
    const comment = `\n//# sourceMappingURL=data:application/json;base64,${data}`;
    return Buffer.concat([script, utf8(comment)]);
  }

  #finderOf(bundleId: BundleId): Finder {
    const finder = this.#finders.get(bundleId) ?? this.#makeFinder(bundleId);
    this.forget(bundleId);
    this.#finders.set(bundleId, finder);
    this.#length += finder.length;
    for (const oldest of this.#finders.keys()) {
      if (this.#length <= LENGTH_MAX || oldest === bundleId) break;
      this.forget(oldest);
    }
    return finder;
  }

  #makeFinder(bundleId: BundleId): Finder {
    const script = this.#scriptOf(bundleId);
    const json = this.#sourceMapOf(bundleId);
    const bundle = this.#bundleOf(bundleId);
    const map = mapOf(json);
    const given = map === undefined ? undefined : json;
    const isArchive = bundle?.moduleFormat === 'endoZipBase64' || map === undefined;
    const isEvaluated = bundle?.moduleFormat === 'nestedEvaluate';
    const weaving = script === undefined ? undefined : weavingOf(script);
    const places = isEvaluated ? new EvaluatedPlaces(bundle.source, weaving) : undefined;
    const scriptMap =
      given === undefined ? undefined : mapOf(scriptMapOf(bundle, script ?? '', given));
    return {
      length: (script?.length ?? 0) + (json?.length ?? 0) + bundleId.length,
      plain: script === undefined ? undefined : new PlainPlaces(script),
      map: scriptMap,
      lastLine: lastLineOf(scriptMap),
      modules:
        script === undefined || !isArchive ? undefined : new ArchivePlaces(unmarked(script)),
      evaluated: places && { places, map, file: given === undefined ? given : fileOf(given) },
    };
  }

  #bundleOf(bundleId: BundleId): BundleSource | undefined {
    return this.#lent?.bundleId === bundleId ? this.#lent : this.#texts.bundleOf(bundleId);
  }

  #scriptOf(bundleId: BundleId): string | undefined {
    if (this.#lent?.bundleId === bundleId) return this.#lent.script;
    return this.#texts.scriptTextOf(bundleId);
  }

  #sourceMapOf(bundleId: BundleId): string | undefined {
    const lent = this.#lent?.bundleId === bundleId ? this.#lent.sourceMap : undefined;
    return lent ?? this.#texts.sourceMapOf(bundleId);
  }
}
