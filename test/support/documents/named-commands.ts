/**
 * The commands that a document names, as a reader would type them.
 *
 * They stand in code spans and in code blocks that hold no program. A part in brackets may be
 * typed or left out; so may an option that has a code span to itself beside a command: in the same
 * row of a table, item of a list or paragraph. `a && b` are two commands. The bare name of a
 * program is no command.
 */
import { documentPaths, readDocument } from './documents.js';

export interface NamedCommand {
  /** As typed, with all that may be left out or with none of it. */
  readonly text: string;
  /** `FILE:LINE` of each place that names it. */
  readonly places: readonly string[];
}

interface Finding {
  readonly text: string;
  readonly line: number;
}

/** What stands together: a row, an item, a paragraph, or a line of a code block. */
interface Segment {
  readonly text: string;
  readonly line: number;
  readonly isCode: boolean;
}

const FENCE = /^\s*(`{3,}|~{3,})\s*(\w*)/;
const PROGRAMS = new Set(['js', 'javascript', 'mjs', 'ts', 'typescript', 'json']);
const OWN_SEGMENT = /^\s*(?:\||[*+-]\s|\d+\.\s|#|>)/;
const COMMAND = /^(?:[A-Z][A-Z0-9_]*=\S*\s+)*(?:(?:npm|npx|node|heirloom)\s+\S|(?:\.\/)?\.ci\/run\b)/;
const SEPARATOR = /\s*(?:&&|\|\||;|\\?\|)\s+/;
const SPAN = /(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g;

const segmentsOf = (document: string): Segment[] => {
  const segments: Segment[] = [];
  let fence: { readonly mark: string; readonly isProgram: boolean } | undefined;
  /** Does the next line go on with the last segment? */
  let goesOn = false;
  const add = (text: string, line: number): void => {
    const last = goesOn ? segments.pop() : undefined;
    if (last === undefined) segments.push({ text, line, isCode: fence !== undefined });
    else segments.push({ ...last, text: `${last.text}\n${text}` });
  };
  for (const [index, content] of document.split('\n').entries()) {
    const [, mark, language] = FENCE.exec(content) ?? [];
    const isMark = mark !== undefined && (fence === undefined || mark.startsWith(fence.mark));
    if (isMark) {
      fence = fence === undefined ? { mark, isProgram: PROGRAMS.has(language!) } : undefined;
      goesOn = false;
    } else if (fence !== undefined) {
      if (!fence.isProgram) add(content.trim(), index + 1);
      goesOn = content.endsWith('\\');
    } else {
      goesOn &&= !OWN_SEGMENT.test(content);
      if (content.trim() !== '') add(content, index + 1);
      goesOn = content.trim() !== '';
    }
  }
  return segments;
};

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** What is written as code in a segment, in order. */
const codeIn = ({ text, line, isCode }: Segment): Finding[] => {
  if (isCode) {
    const whole = oneLine(text.replaceAll('\\\n', ' '));
    return [{ text: whole.replace(/^\$ /, '').replace(/ #.*$/, ''), line }];
  }
  return [...text.matchAll(SPAN)].map(match => ({
    text: oneLine(match[2]!),
    line: line + text.slice(0, match.index).split('\n').length - 1,
  }));
};

/** npm takes the options of a script behind `--`. */
const withOptions = (command: string, options: readonly string[]): string => {
  const isScript = /^(?:\S+=\S* )*npm (?!ci\b)/.test(command) && !command.includes(' -- ');
  return [command, ...(isScript ? ['--'] : []), ...options].join(' ');
};

const isOption = (text: string): boolean => /^--[a-z]/.test(text);

/** A command without and with all that may be left out. */
const variantsOf = (text: string, options: readonly string[]): string[] => {
  const least = oneLine(text.replace(/\[[^\]]*\]/g, ''));
  const most = oneLine(text.replace(/[[\]]/g, ''));
  return [...new Set([least, options.length === 0 ? most : withOptions(most, options)])];
};

const findingsIn = (segment: Segment): Finding[] => {
  const found: { text: string; line: number; options: string[] }[] = [];
  const early: string[] = [];
  for (const { text, line } of codeIn(segment)) {
    if (isOption(text)) (found.at(-1)?.options ?? early).push(text);
    for (const part of text.split(SEPARATOR)) {
      if (COMMAND.test(part)) found.push({ text: oneLine(part), line, options: [] });
    }
  }
  found[0]?.options.unshift(...early);
  return found.flatMap(({ text, line, options }) =>
    variantsOf(text, options).map(variant => ({ text: variant, line })),
  );
};

/** Options beside which no command stands. */
const loneOptionsIn = (segment: Segment): Finding[] =>
  findingsIn(segment).length > 0 || segment.isCode
    ? []
    : codeIn(segment)
        .flatMap(({ text, line }) => text.split(' ').map(word => ({ text: word, line })))
        .filter(({ text }) => /^--[a-z]/.test(text));

/** Texts by path. */
export type Documents = Readonly<Record<string, string>>;

const gathered = (documents: Documents, find: (segment: Segment) => Finding[]): NamedCommand[] => {
  const places = new Map<string, string[]>();
  for (const [path, document] of Object.entries(documents)) {
    for (const { text, line } of segmentsOf(document).flatMap(find)) {
      places.set(text, [...(places.get(text) ?? []), `${path}:${line}`]);
    }
  }
  return [...places].map(([text, where]) => ({ text, places: where }));
};

/** All documents, by path. */
export const allDocuments = (): Documents =>
  Object.fromEntries(documentPaths().map(path => [path, readDocument(path)]));

export const commandsIn = (documents: Documents): NamedCommand[] => gathered(documents, findingsIn);

/** Options that a document names where it names no command. */
export const optionsIn = (documents: Documents): NamedCommand[] =>
  gathered(documents, loneOptionsIn);
