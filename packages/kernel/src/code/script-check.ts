/**
 * Looks for what the weaver refuses in the script that esbuild has made of a vat's modules.
 *
 * esbuild has parsed them all, so only what today's JavaScript has and vats have not is looked for,
 * and only in modules that may have it; what has passed once is known for as long as the process
 * lives. So after an edit one module is looked at, not a megabyte of libraries.
 */
import { createHash } from 'node:crypto';
import { isDoubtful, isDoubtfulSloppy, weave } from '@heirloom/worker/weave';

/** Above each module esbuild puts its name. */
const NAME_LINE = /^ {2}\/\/ (.*)$/gm;
/** The last line of what surrounds all modules. */
const LAST_LINE = '\n})();';
const PASSED_MAX = 10_000;

const passed = new Set<string>();

/** By name: is the module strict by itself, as ES modules are? */
type Strictness = ReadonlyMap<string, boolean>;

/** The statements of a function's body. */
export interface ModuleText {
  readonly name: string;
  readonly text: string;
  readonly isStrict: boolean;
}

/** Where a text of the author's has lines as esbuild's, parts are cut at wrong places. */
export const modulesIn = (source: string, modules: Strictness): ModuleText[] => {
  const found: { name: string; start: number; isStrict: boolean }[] = [];
  for (const { index, 1: name = '' } of source.matchAll(NAME_LINE)) {
    const isStrict = modules.get(name);
    if (isStrict !== undefined) found.push({ name, start: index, isStrict });
  }
  const end = source.lastIndexOf(LAST_LINE);
  return found.map(({ start, ...module }, at) => ({
    ...module,
    text: source.slice(start, found[at + 1]?.start ?? end),
  }));
};

const passes = ({ text, isStrict }: ModuleText): boolean => {
  if (!(isStrict ? isDoubtful(text) : isDoubtfulSloppy(text))) return true;
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

/** `modules`: those of `source`. Errors: those of `weave`, for the whole script. */
export const checkScript = (source: string, modules: readonly ModuleText[]): void => {
  if (modules.length === 0 || !modules.every(passes)) weave(source);
};
