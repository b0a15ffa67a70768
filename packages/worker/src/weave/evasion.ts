/**
 * Writes anew, with the same meaning, what SES takes for an HTML comment or an `import()`, and the
 * mark that the weaver needs for itself (marks.ts).
 *
 * SES refuses a source by patterns, wherever they match: in comments (`@type {import('./a.js')}`),
 * texts (`'<!--'`) and methods called `import` as well, where they mean nothing
 * (SES_HTML_COMMENT_REJECTED, SES_IMPORT_REJECTED). We have the syntax tree, so we know what they
 * are. In a comment a character is changed, in a text or a regular expression it is written as an
 * escape, and so in a name; between operators a space is put. `import()` itself stays refused, by
 * the weaver; so is a tagged template, whose tag can see how it is written. What can see the escape
 * of a regular expression is its `source`, which means the same.
 *
 * Invariant: no line is added or taken away, so that line numbers stay.
 */
import type { Comment } from 'acorn';
import { marked, OPENING } from './marks.js';
import { nodesAt, syntaxError, type SyntaxNode } from './syntax.js';

/** One replacement: `text` in place of `length` UTF-16 units at `at`. */
export interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

/** As SES has them: ses/src/transforms.js. */
const REFUSED = /<!--|-->|(?<!(?<!\.\.)\.)\bimport(?=\s*(?:\(|\/[/*]))/;
const SUSPECTS = new RegExp(`${REFUSED.source}|${OPENING}`, 'g');

/** Does SES take it for what it refuses? */
export const isRefused = (source: string): boolean => source.search(REFUSED) !== -1;

/** Is there anything to be written anew? */
export const isSuspect = (source: string): boolean => source.search(SUSPECTS) !== -1;

/** Escapes that a text, a regular expression (also in a class of characters) and a name take. */
const ESCAPED = new Map([
  ['<!--', '<!-\\x2d'],
  ['-->', '--\\x3e'],
  ['import', 'im\\x70ort'],
]);
const NAME = 'im\\u0070ort';

const isWithin = (at: number, { start, end }: Comment): boolean => start <= at && at < end;

/** `<!--`, and `-->` at the beginning of a line, begin a comment in a script. */
const inComment = (found: string, at: number, { start }: Comment): string => {
  if (found === OPENING) return ' ';
  if (found === 'import') return 'imp0rt';
  return at === start ? '//'.padEnd(found.length, '=') : '='.repeat(found.length);
};

/** A vertical tab as an escape: behind a stroke that escapes it, or as it stands. */
const escapedMark = (source: string, at: number): string => {
  let before = at;
  while (source[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1 ? 'v' : '\\v';
};

const inCode = (source: string, tree: SyntaxNode, found: string, at: number): string => {
  const [{ type }, , outer] = nodesAt(tree, at);
  const isText = type === 'Literal' || type === 'TemplateElement';
  const isOfTag = type === 'TemplateElement' && outer?.type === 'TaggedTemplateExpression';
  if (found === OPENING) {
    if (isOfTag) return OPENING;
    return isText ? escapedMark(source, at) : ' ';
  }
  if (type === 'Identifier' || type === 'PrivateIdentifier') return NAME;
  if (isOfTag) throw syntaxError(`a tagged template may not contain ${found}`, source, at);
  if (isText) return ESCAPED.get(found) ?? found;
  // `while (n-->0)`.
  return found === '-->' ? `--${marked(' ')}>` : found;
};

/** What has to be written anew in a source, in order. Errors: SyntaxError that says where. */
export const evasions = (
  source: string,
  tree: SyntaxNode,
  comments: readonly Comment[],
): readonly Edit[] => {
  let next = 0;
  return [...source.matchAll(SUSPECTS)].map(({ 0: found, index: at }) => {
    while ((comments[next]?.end ?? Infinity) <= at) next += 1;
    const comment = comments[next];
    const isComment = comment !== undefined && isWithin(at, comment);
    const text = isComment ? inComment(found, at, comment) : inCode(source, tree, found, at);
    return { at, length: found.length, text };
  });
};
