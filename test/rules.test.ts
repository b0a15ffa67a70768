/**
 * What comments and documents cite is there: every rule in docs/internals/rules.md, every link of
 * that page, and nothing outside of the repository. Each check is shown a text that breaks it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RULES = 'docs/internals/rules.md';
const DIRECTORIES = ['packages', 'bench', 'test', 'docs', 'examples', 'lint'];
const NOT_OURS = ['node_modules', 'dist', 'coverage'];
const TEXTS = /\.([cm]?[jt]s|md)$/;

/** Comments that refer to what a reader of the repository does not have. */
const OUTSIDE: readonly RegExp[] = [
  /\[(ran|argued)\b[^\]]*\]/i,
  /\barchitecture(\.md)?,? section/i,
  /\breference,? \d+\.\d/i,
];
const CITATION = /\brules\.md#([\w-]+)/g;

const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every text of the repository below `directory`, by its path. */
const textsIn = (directory: string): string[] =>
  readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap(entry => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return NOT_OURS.includes(entry.name) ? [] : textsIn(path);
    return TEXTS.test(entry.name) ? [path.replaceAll(sep, '/')] : [];
  });

/** All but this file, which has the texts that break the checks. */
const paths = [
  ...readdirSync(ROOT).filter(name => TEXTS.test(name)),
  ...DIRECTORIES.flatMap(textsIn),
].filter(path => path !== 'test/rules.test.ts');
const rules = readText(RULES);

const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^<a id="([\w-]+)"><\/a>$/gm)].map(([, anchor]) => anchor!);

/** The comments of a source in one line, so that a citation may be broken over two. */
const commentsOf = (source: string): string =>
  source
    .split('\n')
    .map(line => {
      const whole = /^\s*(?:\/\*+|\*(?!\/)|\/\/)(.*)$/.exec(line);
      return (whole ?? /\s\/\/ (.*)$/.exec(line) ?? /\/\*+(.*)\*\//.exec(line))?.[1] ?? '';
    })
    .join(' ')
    .replace(/\s+/g, ' ');

/** What a reader sees beside links and headings: where no rule may stand by its number alone. */
const proseOf = (path: string, document: string): string => {
  const prose = document.replace(/\[[^\]]*\]\([^)]*#[a-z]\d\)/g, '');
  return path === RULES ? prose.replace(/^### [A-Z]\d /gm, '') : prose;
};

const wordsOf = (path: string, text: string): string =>
  path.endsWith('.md') ? proseOf(path, text) : commentsOf(text);

/** What is wrong with the citations of one text; `known` are the anchors that there are. */
const findingsIn = (path: string, text: string, known: ReadonlySet<string>): string[] => {
  const cited = path.endsWith('.md') ? text : commentsOf(text);
  const anchors = [...cited.matchAll(CITATION)].map(([, anchor]) => anchor!);
  const unknown = anchors.filter(anchor => !known.has(anchor)).map(anchor => `no rule ${anchor}`);
  const words = wordsOf(path, text);
  const names = new RegExp(`\\b(${[...known].join('|').toUpperCase()})\\b`);
  const wrong = [names, ...OUTSIDE].flatMap(pattern => pattern.exec(words)?.[0] ?? []);
  return [...unknown, ...wrong].map(what => `${path}: ${what}`);
};

const known = new Set(anchorsOf(rules));

/** Sources, without tests and what only tests use. */
const isSource = (path: string): boolean =>
  /^packages\/\w+\/src\/.*\.ts$/.test(path) && !/\.test\.ts$|\/testing\//.test(path);

/** The rules that none of these texts cites. */
const uncited = (texts: readonly string[]): string[] => {
  const cited = new Set(
    texts.flatMap(text => [...commentsOf(text).matchAll(CITATION)].map(([, anchor]) => anchor)),
  );
  return [...known].filter(anchor => !cited.has(anchor));
};

/** Rules whose anchor and heading do not agree, or that stand twice. */
const misplaced = (page: string): string[] => {
  const anchors = anchorsOf(page);
  const headings = [...page.matchAll(/<a id="([\w-]+)"><\/a>\n\n### ([A-Z]\d) \S/g)];
  const right = headings.filter(([, anchor, name]) => anchor === name!.toLowerCase());
  const ok = new Set(right.map(([, anchor]) => anchor));
  const once = (anchor: string): boolean => anchors.filter(it => it === anchor).length === 1;
  return anchors.filter(anchor => !ok.has(anchor) || !once(anchor));
};

/** Links of the page that lead nowhere. */
const deadLinks = (page: string): string[] =>
  [...page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)/g)]
    .filter(([, file, anchor]) => {
      if (file !== '') return !existsSync(join(ROOT, dirname(RULES), file!));
      return !page.includes(`<a id="${anchor}">`) && !headingIds(page).includes(anchor!);
    })
    .map(([link]) => link);

const headingIds = (page: string): string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-'),
  );

describe('rules: the repository', () => {
  test('rules: the page -> an anchor above each heading, no link that leads nowhere', () => {
    expect(known.size).toBeGreaterThan(30);
    expect(misplaced(rules)).toEqual([]);
    expect(deadLinks(rules)).toEqual([]);
  });

  test('rules: every comment and document -> cites what there is, and nothing outside', () => {
    expect(paths.length).toBeGreaterThan(300);
    expect(paths.flatMap(path => findingsIn(path, readText(path), known))).toEqual([]);
  });

  test('rules: every rule -> cited by the sources', () => {
    expect(uncited(paths.filter(isSource).map(readText))).toEqual([]);
  });
});

describe('rules: what the checks refuse', () => {
  const SOURCE = 'packages/store/src/a.ts';
  const PAGE = 'docs/a.md';

  test.each([
    ['an unknown rule', SOURCE, '/** It is so (rules.md#w99). */', 'no rule w99'],
    ['an unknown rule at the end of a line', SOURCE, 'f(); // See rules.md#x.', 'no rule x'],
    ['an unknown rule in a document', PAGE, '[W99](internals/rules.md#w99)', 'no rule w99'],
    ['the old form', SOURCE, ' * It is so (rule W3).', 'W3'],
    ['the old form over two lines', SOURCE, ' * It is so (rule\n * W3).', 'W3'],
    ['several rules in the old form', SOURCE, '// By rules G3, G4.', 'G3'],
    ['a number alone', SOURCE, '/* (H1) */', 'H1'],
    ['the old form in a document', PAGE, 'It is so (rule T6).', 'T6'],
    ['a mark', SOURCE, '// [ran] It fails.', '[ran]'],
    ['another mark', PAGE, 'It fails [argued: it must].', '[argued: it must]'],
    ['a section elsewhere', SOURCE, '/** (architecture, section 6) */', 'architecture, section'],
    ['a section, two lines', SOURCE, ' * (architecture,\n * section 6)', 'architecture, section'],
    ['a number of another document', PAGE, 'As in reference 2.2.', 'reference 2.2'],
  ])('rules: %s -> found', (_title, path, text, what) => {
    expect(findingsIn(path, text, known)).toEqual([`${path}: ${what}`]);
  });

  test('rules: a citation, a link, a text constant, the page itself -> let pass', () => {
    expect(findingsIn(SOURCE, ' * It is so (rules.md#w3).', known)).toEqual([]);
    expect(findingsIn(SOURCE, "test('the order of T4', f);", known)).toEqual([]);
    expect(findingsIn(PAGE, '[Rule W3](internals/rules.md#w3)', known)).toEqual([]);
    expect(findingsIn(RULES, '### W3 Notifies\n\nSee [W4](#w4).', known)).toEqual([]);
  });

  test('rules: a rule that no source cites -> found', () => {
    expect(uncited(['// rules.md#w1', "const text = 'rules.md#w2';"])).not.toContain('w1');
    expect(uncited(['// rules.md#w1', "const text = 'rules.md#w2';"])).toContain('w2');
  });

  test.each([
    ['an anchor without a heading', '<a id="w1"></a>\n\nText', ['w1']],
    ['an anchor above another rule', '<a id="w1"></a>\n\n### W2 Title', ['w1']],
    ['an anchor twice', '<a id="w1"></a>\n\n### W1 A\n\n<a id="w1"></a>\n\n### W1 B', ['w1', 'w1']],
    ['an anchor and its heading', '<a id="w1"></a>\n\n### W1 Title', []],
  ])('rules: %s -> told if it is wrong', (_title, page, anchors) => {
    expect(misplaced(page)).toEqual(anchors);
  });

  test('rules: links that lead nowhere -> found', () => {
    const page = '## W: order\n\n[a](#w-order) [b](#w-none) [c](../gc.md) [d](../none.md#x)';
    expect(deadLinks(page)).toEqual(['](#w-none)', '](../none.md#x)']);
  });
});
