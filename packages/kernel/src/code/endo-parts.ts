/**
 * The modules in what endo's bundler makes, of `nestedEvaluate`, `getExport` and `endoScript`: it
 * says above each which one it is, and keeps its lines as the author wrote them.
 */
import type { BundleFormat } from './bundle.js';

/** How endo's bundler begins what it makes of modules. */
const OF_ENDO = /^[^\n]{0,40}\(functors => options => \{/;

export const isOfEndo = (source: string): boolean => OF_ENDO.test(source);

export interface EndoPart {
  /** Of its package. */
  readonly owner: string;
  readonly name: string;
  readonly text: string;
  /** The line of the bundle that it begins with, from 0. */
  readonly line: number;
}

const PART = /^\/\/ === \d+\. (\S+) (\S+) ===$/gm;

/** In a bundle of `nestedEvaluate`: the module and its name, on one line. */
const evaluatedText = (text: string): string | undefined => {
  try {
    const [module]: unknown[] = JSON.parse(text);
    return typeof module === 'string' ? module : undefined;
  } catch {
    return undefined; // not of endo's bundler
  }
};

const lineEndsIn = (text: string): number => text.split('\n').length - 1;

export const partsOf = (moduleFormat: BundleFormat, source: string): EndoPart[] => {
  const found = [...source.matchAll(PART)];
  const parts: EndoPart[] = [];
  let [line, counted] = [0, 0];
  for (const [at, match] of found.entries()) {
    const [head, owner = '', path = ''] = match;
    const start = match.index + head.length + 1;
    line += lineEndsIn(source.slice(counted, start));
    counted = start;
    const written = source.slice(start, found[at + 1]?.index).replace(/,\s*(\]\)[^]*)?$/, '');
    const text = moduleFormat === 'nestedEvaluate' ? evaluatedText(written) : written;
    if (text === undefined) continue;
    parts.push({ owner, name: `${owner}/${path.replace(/^\.\//, '')}`, text, line });
  }
  return parts;
};
