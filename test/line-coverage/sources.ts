/**
 * From counts of what was built to counts of the sources: statements and branches, by the source
 * maps of the compiler.
 *
 * The script that the compiler makes of a module says which statements and branches there are. A
 * bundle that has the module in it adds its counts to those that begin at the same place of the
 * source; the few that two compilers place differently are not added.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'acorn';
import { convert } from 'ast-v8-to-istanbul';
import type { ScriptCounts } from './counts.js';

/** A script, with its source map beside it: `FILE.map`. */
export interface Script {
  readonly file: string;
  readonly type: 'module' | 'script';
  /** How a script that is run as a text is named; other names are addresses of files. */
  readonly textName?: string;
}

interface Branch {
  readonly line: number;
  /** How often each way was gone. */
  readonly ways: number[];
}

export class SourceCounts {
  /** By where they begin: `LINE:COLUMN`. */
  readonly statements = new Map<string, number>();
  readonly branches = new Map<string, Branch>();

  /** Adds what a bundle has counted of the same source. */
  add(other: SourceCounts): void {
    for (const [at, count] of other.statements) {
      const own = this.statements.get(at);
      if (own !== undefined) this.statements.set(at, own + count);
    }
    for (const [at, { ways }] of other.branches) {
      const own = this.branches.get(at);
      if (own?.ways.length === ways.length) {
        for (const [i, count] of ways.entries()) own.ways[i]! += count;
      }
    }
  }

  /** How often each line was run, by number; lines without a statement are not in it. */
  lines(): ReadonlyMap<number, number> {
    const lines = new Map<number, number>();
    for (const [at, count] of this.statements) {
      const line = Number(at.split(':', 1)[0]);
      lines.set(line, Math.max(lines.get(line) ?? 0, count));
    }
    return lines;
  }
}

/** Of a script that nobody has loaded. */
const nothingRan = (url: string, length: number): ScriptCounts => ({
  url,
  functions: [
    {
      functionName: '',
      isBlockCoverage: true,
      ranges: [{ startOffset: 0, endOffset: length, count: 0 }],
    },
  ],
});

type Converted = Awaited<ReturnType<typeof convert>>[string];

const placeOf = ({ start }: { readonly start: { line: number; column: number } }): string =>
  `${start.line}:${start.column}`;

const sourceCountsOf = (converted: Converted): SourceCounts => {
  const counts = new SourceCounts();
  const { statementMap, s, branchMap, b } = converted;
  for (const [id, place] of Object.entries(statementMap)) {
    const at = placeOf(place);
    counts.statements.set(at, Math.max(counts.statements.get(at) ?? 0, s[id]!));
  }
  for (const [id, { type, loc, line }] of Object.entries(branchMap)) {
    counts.branches.set(`${type} ${placeOf(loc)}`, { line, ways: [...b[id]!] });
  }
  return counts;
};

/** The counts of all sources of a script, by path. */
export const countsOfScript = async (
  { file, type, textName }: Script,
  counts: ReadonlyMap<string, ScriptCounts>,
): Promise<ReadonlyMap<string, SourceCounts>> => {
  const code = readFileSync(file, 'utf8');
  const url = pathToFileURL(file).href;
  // As preload.mjs names texts.
  const name = textName === undefined ? url : `${textName}:${code.length}`;
  const counted = counts.get(name) ?? nothingRan(url, code.length);
  const sources = await convert({
    code,
    ast: parse(code, { ecmaVersion: 'latest', sourceType: type }),
    sourceMap: JSON.parse(readFileSync(`${file}.map`, 'utf8')) as never,
    // Sources stand in the map as they lie from the script, wherever V8 has got its text from.
    coverage: { functions: counted.functions, url },
  });
  return new Map(
    Object.entries(sources).map(([source, converted]) => [
      path.normalize(source),
      sourceCountsOf(converted),
    ]),
  );
};
