/**
 * What a start has made of a vat: told by its worker to whoever tries an upgrade, after the crank
 * of startVat, whether that went well or not (docs/upgrade/dry-run.md).
 *
 * It is in no hash and decides no outcome. A function of the start alone, so that the report of a
 * dry run, which a vat may ask for, is the same on every host. The kernel believes none of it
 * before it has counted it; texts are cut, and stand as `asciiText`.
 */
import type { FrameValue } from '@heirloom/store/frame';
import { packFrame } from '@heirloom/store/frame-writer';
import { asciiText, readAsciiText } from './ascii-text.js';
import { unpackTuple } from './frame-reader.js';

/** An image whose text has this can be asked what a start has made: older ones cannot. */
export const DESCRIPTION_MARK = 'heirloom image: description';

/** One whose text has this can be told to note sites. */
export const SITES_MARK = 'heirloom image: sites of a start';

const DESCRIBED_CHARS_MAX = 100;
export const DESCRIBED_INIT_CHARS_MAX = 2_000;
const DESCRIBED_SITE_CHARS_MAX = 2_000;
/** Of one list: kinds, methods, messages. */
export const DESCRIBED_LIST_MAX = 1_000;
const DESCRIPTION_BYTES_MAX = 2 ** 25;
/** Promises whose watches are looked at. */
export const DESCRIBED_WATCHES_MAX = 10_000;

/** Of an argument that may be anything. */
export const ANY_ARGUMENT = 'any';

/**
 * Where vat code asked for it: lines of a trace, innermost first; empty if that was not noted. It
 * differs between engines: for the host alone.
 */
export type Site = string;

/** What a guard asks of the arguments of a method, as texts to compare. `rest`: empty for none. */
export type GuardFact = readonly [
  method: string,
  required: readonly string[],
  optional: readonly string[],
  rest: string,
];

/** `facet`: empty for a kind of one facet. `guards`: of the methods that have one. */
export type FacetMethods = readonly [
  facet: string,
  methods: readonly string[],
  guards: readonly GuardFact[],
];

/**
 * A durable kind that the start has defined. `fits`: its definition was not refused. `init`: the
 * text of the function that makes a first state; empty if it is long, or if the kind has a
 * stateShape, which says it better.
 */
export type KindFact = readonly [
  kind: number,
  tag: string,
  fits: boolean,
  facets: readonly FacetMethods[],
  init: string,
  site: Site,
];

/** Watches that the kind has no method for, and that the code before had one for. */
export type LostWatches = readonly [kind: number, handler: string, count: number];

/** A message that the start has sent. `method`: empty if it has no name. */
export type SentMessage = readonly [target: string, method: string, site: Site];

/** A durable store that the start has made; of those with one label, the first. */
export type MadeStore = readonly [label: string, site: Site];

export type VatDescription = readonly [
  kinds: readonly KindFact[],
  root: readonly string[],
  lostWatches: readonly LostWatches[],
  sent: readonly SentMessage[],
  made: readonly MadeStore[],
];

const malformed = (what: string): never => {
  throw new TypeError(`a description with ${what}`);
};

type Value = FrameValue | undefined;

const listAt = (value: Value, what: string): readonly FrameValue[] =>
  Array.isArray(value) && value.length <= DESCRIBED_LIST_MAX ? value : malformed(what);

const numberAt = (value: Value, what: string): number =>
  typeof value === 'number' ? value : malformed(what);

const textAt = (value: Value, what: string): string => {
  const text = typeof value === 'string' ? readAsciiText(value, DESCRIBED_CHARS_MAX) : undefined;
  return text ?? malformed(what);
};

const textsAt = (value: Value, what: string): string[] =>
  listAt(value, what).map(text => textAt(text, what));

const guardAt = (value: FrameValue): GuardFact => {
  const what = 'a malformed guard';
  const [method, required, optional, rest] = listAt(value, what);
  const [name, others] = [textAt(method, what), textAt(rest, what)];
  return [name, textsAt(required, what), textsAt(optional, what), others];
};

const facetAt = (value: FrameValue): FacetMethods => {
  const [facet, methods, guards] = listAt(value, 'a malformed facet');
  const all = listAt(guards, 'malformed guards').map(guardAt);
  return [textAt(facet, 'a malformed facet'), textsAt(methods, 'malformed methods'), all];
};

const initAt = (value: Value): string => {
  const text = typeof value === 'string' ? value : malformed('a malformed init');
  return readAsciiText(text, DESCRIBED_INIT_CHARS_MAX) ?? malformed('a malformed init');
};

/** Older images tell none. */
const siteAt = (value: Value): Site => {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : malformed('a malformed site');
  return readAsciiText(text, DESCRIBED_SITE_CHARS_MAX) ?? malformed('a malformed site');
};

const kindAt = (value: FrameValue): KindFact => {
  const [kind, tag, fits, facets, init, site] = listAt(value, 'a malformed kind');
  if (typeof fits !== 'boolean') return malformed('a malformed kind');
  const all = listAt(facets, 'malformed facets').map(facetAt);
  const number = numberAt(kind, 'a malformed kind');
  return [number, textAt(tag, 'a malformed tag'), fits, all, initAt(init), siteAt(site)];
};

const lostAt = (value: FrameValue): LostWatches => {
  const [kind, handler, count] = listAt(value, 'malformed watches');
  const text = textAt(handler, 'malformed watches');
  return [numberAt(kind, 'malformed watches'), text, numberAt(count, 'malformed watches')];
};

const sentAt = (value: FrameValue): SentMessage => {
  const what = 'a malformed message';
  const [target, method, site] = listAt(value, what);
  return [textAt(target, what), textAt(method, what), siteAt(site)];
};

const madeAt = (value: FrameValue): MadeStore => {
  const [label, site] = listAt(value, 'a malformed store');
  return [textAt(label, 'a malformed store'), siteAt(site)];
};

/** Reads what a worker has packed. Throws TypeError for anything else. */
export const readDescription = (bytes: Uint8Array): VatDescription => {
  if (bytes.length > DESCRIPTION_BYTES_MAX) malformed(`${bytes.length} bytes`);
  const [kinds, root, lost, sent, made = []] = unpackTuple(bytes);
  return [
    listAt(kinds, 'malformed kinds').map(kindAt),
    textsAt(root, 'a malformed root'),
    listAt(lost, 'malformed watches').map(lostAt),
    listAt(sent, 'malformed messages').map(sentAt),
    listAt(made, 'malformed stores').map(madeAt),
  ];
};

const told = (text: string): string => asciiText(text, DESCRIBED_CHARS_MAX);

const toldSite = (site: Site): string => asciiText(site, DESCRIBED_SITE_CHARS_MAX);

const cut = <T>(list: readonly T[]): readonly T[] => list.slice(0, DESCRIBED_LIST_MAX);

const packGuard = ([method, required, optional, rest]: GuardFact): FrameValue => [
  told(method),
  cut(required).map(told),
  cut(optional).map(told),
  told(rest),
];

/** As `readDescription` takes it: lists and texts are cut. */
export const packDescription = ([kinds, root, lost, sent, made]: VatDescription): Uint8Array =>
  packFrame([
    cut(kinds).map(([kind, tag, fits, facets, init, site]) => [
      kind,
      told(tag),
      fits,
      cut(facets).map(([facet, methods, guards]) => [
        told(facet),
        cut(methods).map(told),
        cut(guards).map(packGuard),
      ]),
      asciiText(init, DESCRIBED_INIT_CHARS_MAX),
      toldSite(site),
    ]),
    cut(root).map(told),
    cut(lost).map(([kind, handler, count]) => [kind, told(handler), count]),
    cut(sent).map(([target, method, site]) => [told(target), told(method), toldSite(site)]),
    cut(made).map(([label, site]) => [told(label), toldSite(site)]),
  ]);
