/** What the processes of tests have counted: V8's counts of all of them, summed up by script. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import path from 'node:path';
import { mergeScriptCovs } from '@bcoe/v8-coverage';

export type ScriptCounts = Pick<Profiler.ScriptCoverage, 'functions' | 'url'>;

/** So many files are read before their counts are summed up. */
const BATCH = 25;

type Written = Profiler.TakePreciseCoverageReturnType;

/** Undefined: the file is cut off, for its process was killed while it wrote. */
const readScripts = (file: string): readonly Profiler.ScriptCoverage[] | undefined => {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Written).result;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

interface Counts {
  /** By name. */
  readonly scripts: ReadonlyMap<string, ScriptCounts>;
  /** Names of files that are cut off. */
  readonly cut: readonly string[];
}

/**
 * Of the scripts that `isOurs` says by their names. The files are those of preload.mjs and, of
 * commands that tests have run, those that Node writes (NODE_V8_COVERAGE).
 */
export const readCounts = (directory: string, isOurs: (url: string) => boolean): Counts => {
  const cut: string[] = [];
  const sums = new Map<string, Profiler.ScriptCoverage>();
  const files = readdirSync(directory).filter(name => name.endsWith('.json'));
  for (let at = 0; at < files.length; at += BATCH) {
    const batch = new Map<string, Profiler.ScriptCoverage[]>();
    for (const name of files.slice(at, at + BATCH)) {
      const scripts = readScripts(path.join(directory, name));
      if (scripts === undefined) cut.push(name);
      for (const script of scripts?.filter(({ url }) => isOurs(url)) ?? []) {
        batch.set(script.url, [...(batch.get(script.url) ?? []), script]);
      }
    }
    for (const [url, counts] of batch) {
      const known = sums.get(url);
      sums.set(url, mergeScriptCovs(known === undefined ? counts : [known, ...counts])!);
    }
  }
  return { scripts: sums, cut };
};
