/**
 * Observations of what Unicode is to the engine: case, normal forms, properties, folding, names.
 *
 * Patch releases of one Node line differ here: they bring another ICU. What a new version of
 * Unicode adds stands among characters that were not assigned before, so those are looked at, too.
 */
import type { Look, Sight } from './sight.js';
import { evaluateInChild } from './vat-scripts.js';

/** From the first code on every `step`th, up to the last. */
type Range = readonly [first: number, last: number, step: number];

/** Without surrogates. */
const EVERYTHING: readonly Range[] = [
  [0, 0xd7ff, 1],
  [0xe000, 0x10ffff, 1],
];
/** A step that meets both cases of letters which stand side by side. */
const SOME = 3;
/** Without the great blocks in which all characters are alike, and without private use. */
const VARIED: readonly Range[] = [
  [0, 0x33ff, 1],
  [0x4db0, 0x4e0f, 1],
  [0x9fe0, 0xac0f, 1],
  [0xd7a0, 0xd7ff, 1],
  [0xf900, 0xffff, 1],
  [0x10000, 0x16fff, SOME],
  [0x187f0, 0x1880f, 1],
  [0x18cd0, 0x1b2ff, SOME],
  [0x1bc00, 0x1fbff, SOME],
  [0x2a6d0, 0x2a70f, 1],
  [0x2fa00, 0x2fa2f, 1],
  [0x323a0, 0x3351f, SOME],
  [0xe0000, 0xe01ff, SOME],
];

interface Texts {
  readonly characters: readonly string[];
  /** Every character, with a blank between two: none combines with its neighbour. */
  readonly apart: string;
  readonly together: string;
}

const textsOf = (ranges: readonly Range[]): Texts => {
  const characters: string[] = [];
  for (const [first, last, step] of ranges) {
    for (let code = first; code <= last; code += step) characters.push(String.fromCodePoint(code));
  }
  return { characters, apart: characters.join(' '), together: characters.join('') };
};

const made = new Map<boolean, Texts>();
const textsFor = (whole: boolean): Texts => {
  const texts = made.get(whole) ?? textsOf(whole ? EVERYTHING : VARIED);
  made.set(whole, texts);
  return texts;
};

const mapping = (name: string, ...maps: readonly ((text: string) => string)[]): Look => ({
  name,
  look(sight, { whole }) {
    const { apart } = textsFor(whole);
    for (const map of maps) sight.text(map(apart));
  },
});

/** What is left of a text without the characters of a class. */
const lookAt = (sight: Sight, text: string, source: string, flags: string): void =>
  sight.outcome(() => text.replace(new RegExp(source, flags), ''));

/** Classes of characters; `more` are for the whole look alone. */
const classes = (name: string, few: readonly string[], more: readonly string[]): Look => ({
  name,
  look(sight, { whole }) {
    const { together } = textsFor(whole);
    for (const one of whole ? [...few, ...more] : few) {
      lookAt(sight, together, `\\p{${one}}+`, 'gu');
    }
  },
});

const CATEGORIES = ['Lu', 'Ll', 'Lt', 'Lm', 'Lo', 'Mn', 'Mc', 'Me', 'Nd', 'Nl', 'No', 'Pc', 'Pd'];
const MORE_CATEGORIES = ['Ps', 'Pe', 'Pi', 'Pf', 'Po', 'Sm', 'Sc', 'Sk', 'So', 'Zs', 'Cc', 'Cf'];
const PROPERTIES = [
  ...['Alphabetic', 'Uppercase', 'Lowercase', 'Cased', 'Case_Ignorable', 'White_Space', 'Math'],
  ...['Changes_When_Lowercased', 'Changes_When_NFKC_Casefolded', 'Default_Ignorable_Code_Point'],
  ...['Diacritic', 'Extender', 'Ideographic', 'Emoji_Presentation', 'Extended_Pictographic'],
  ...['Bidi_Mirrored', 'Grapheme_Base', 'Grapheme_Extend', 'XID_Start', 'XID_Continue', 'Dash'],
  ...['Sentence_Terminal', 'Terminal_Punctuation', 'Unified_Ideograph', 'Variation_Selector'],
];
/** Of each version of Unicode since 15 one script, by which it can be told. */
const NEW_SCRIPTS = ['Script=Kawi', 'Script=Garay', 'Script=Todhri', 'Script=Sidetic'];
const SCRIPTS = [
  ...['Latin', 'Greek', 'Cyrillic', 'Arabic', 'Hebrew', 'Devanagari', 'Han', 'Hangul', 'Thai'],
  ...['Hiragana', 'Katakana', 'Ethiopic', 'Inherited', 'Common', 'Unknown', 'Tangut'],
];

const FOLDING: Look = {
  name: 'unicode.folding',
  look(sight, { whole }) {
    const { together } = textsFor(whole);
    // Where a regular expression takes both cases of a letter for one, both go.
    const letters = together.match(/\p{Changes_When_Casemapped}/gu) ?? [];
    const pairs = letters.map(letter => letter.toLowerCase() + letter.toUpperCase());
    for (const flags of ['giu', 'gi']) {
      lookAt(sight, pairs.join(' '), '(\\S)\\1', flags);
      lookAt(sight, whole ? together : pairs.join(''), '[a-z\\u00e0-\\u017f]+', flags);
    }
    // The host's language decides (engineNames): vat code would see it.
    lookAt(sight, 'i\u0130 I\u0131 \u0130I', '(.)\\1', 'gi');
    if (whole) lookAt(sight, together, '\\W+', 'giu');
  },
};

/** Letters; most of them came with Unicode 15.1, 16 and 17. */
const NAMES = ['a', '\u00e9', '\u{2ebf0}', '\u{1c89}', '\u{105c0}', '\u{10940}', '\u{323b0}'];
const STEP = 61;

const IDENTIFIERS: Look = {
  name: 'unicode.identifiers',
  look(sight, { whole }) {
    const { together } = textsFor(whole);
    for (const property of ['ID_Start', 'ID_Continue']) {
      lookAt(sight, together, `\\p{${property}}+`, 'gu');
    }
    const tryName = (name: string): void =>
      sight.outcome(() => evaluateInChild(`(${name} => ${name})(1)`));
    for (const name of NAMES) tryName(name);
    if (!whole) return;
    textsFor(false).characters.forEach((character, i) => {
      if (i < 0x1000 || i % STEP === 0) tryName(`x${character}`);
    });
  },
};

export const unicodeLooks: readonly Look[] = [
  mapping('unicode.upper', text => text.toUpperCase()),
  mapping('unicode.lower', text => text.toLowerCase()),
  mapping('unicode.canonical', text => text.normalize('NFD'), text => text.normalize('NFC')),
  mapping('unicode.compatible', text => text.normalize('NFKD'), text => text.normalize('NFKC')),
  classes('unicode.categories', ['L', 'Cn'], [...CATEGORIES, ...MORE_CATEGORIES]),
  classes('unicode.properties', ['Emoji', 'Case_Ignorable'], PROPERTIES),
  classes('unicode.scripts', NEW_SCRIPTS, SCRIPTS.map(name => `scx=${name}`)),
  FOLDING,
  IDENTIFIERS,
  {
    name: 'unicode.blanks',
    look(sight, { whole }) {
      const { characters, together } = textsFor(whole);
      for (const source of ['\\s+', '\\w+', '.+']) lookAt(sight, together, source, 'g');
      const some = whole ? characters : characters.slice(0x1600, 0x3100);
      for (const character of some) sight.text(`${character}a`.trim());
    },
  },
  {
    name: 'unicode.sorting',
    look(sight, { whole }) {
      const some = textsFor(whole).characters.filter((_one, i) => i % STEP === 0);
      sight.text(some.sort().join(''));
    },
  },
];
