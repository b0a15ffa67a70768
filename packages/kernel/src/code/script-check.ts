/**
 * Looks for what the weaver refuses in the script that esbuild has made of a vat's modules.
 *
 * esbuild has parsed them all, so only what today's JavaScript has and vats have not is looked for,
 * and only in modules that may have it; what has passed once is known for as long as the process
 * lives. So after an edit one module is looked at, not a megabyte of libraries.
 */
import { createHash } from 'node:crypto';
import { isDoubtful, weave } from '@heirloom/worker/weave';

/** Above each module esbuild puts its name. */
const NAME_LINE = /^ {2}\/\/ (.*)$/gm;
/** The last line of what surrounds all modules. */
const LAST_LINE = '\n})();';
const PASSED_MAX = 10_000;

const passed = new Set<string>();

/** The modules of a script, each the statements of a function's body. */
const modulesIn = (source: string, names: ReadonlySet<string>): string[] => {
  const starts: number[] = [];
  for (const { index, 1: name = '' } of source.matchAll(NAME_LINE)) {
    if (names.has(name)) starts.push(index);
  }
  const end = source.lastIndexOf(LAST_LINE);
  return starts.map((start, at) => source.slice(start, starts[at + 1] ?? end));
};

const passes = (text: string): boolean => {
  if (!isDoubtful(text)) return true;
  const key = createHash('sha256').update(text).digest('base64');
  if (passed.has(key)) return true;
  try {
    weave(`(() => {\n${text}\n})`);
  } catch {
    return false; // the whole script says why and where, or that it was cut at a wrong place
  }
  if (passed.size >= PASSED_MAX) passed.clear();
  passed.add(key);
  return true;
};

/** `names`: of the modules. Errors: those of `weave`, for the whole script. */
export const checkScript = (source: string, names: ReadonlySet<string>): void => {
  const modules = modulesIn(source, names);
  if (modules.length === 0 || !modules.every(passes)) weave(source);
};
