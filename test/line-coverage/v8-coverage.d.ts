/** The part of the library that is used here; it comes without types. */
declare module '@bcoe/v8-coverage' {
  import type { Profiler } from 'node:inspector';

  /** The counts of one script, summed up; undefined if there are none. */
  export const mergeScriptCovs: (
    scripts: readonly Profiler.ScriptCoverage[],
  ) => Profiler.ScriptCoverage | undefined;
}
