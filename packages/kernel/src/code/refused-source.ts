/**
 * Why the source of a bundle is refused, whoever has made it, and where: in the author's files if
 * its source map says so, else by its own lines and columns.
 *
 * Bundles of `nestedEvaluate` have their modules as texts, which are evaluated when the vat starts.
 * Each of them is looked at here.
 */
import type { SourceMap } from 'node:module';
import { requiredAtStart, weave } from '@heirloom/worker/weave';
import { advised } from './advice.js';
import type { BundleFormat } from './bundle.js';
import { refusedInCompiled } from './compiled-modules.js';
import { isOfEndo, partsOf, type EndoPart } from './endo-parts.js';
import { refusalIn, told } from './refusals.js';
import { inSource } from './source-places.js';

/** What there is no map for. */
const BUNDLE = 'bundle';

/** In a module of the bundle, whose name and lines are the author's. */
class ModuleRefused extends Error {}

/** Where endo's bundler takes a module of the host, which a vat has not. */
const HOST_MODULE = /^ *namespaceCells\(tryRequire\("([^"]*)"\)\)/m;

const checkHostModules = (source: string): void => {
  const [found, name] = HOST_MODULE.exec(source) ?? [];
  if (found === undefined) return;
  const line = source.slice(0, source.indexOf(found)).split('\n').length;
  throw SyntaxError(`a vat has no modules of its host: "${name ?? ''}" (${line}:0)`);
};

const checkEvaluated = (part: EndoPart): void => {
  try {
    weave(part.text);
  } catch (error) {
    throw new ModuleRefused(refusalIn(part.name, ...told(error, part.text)));
  }
};

const checkParts = (moduleFormat: BundleFormat, parts: readonly EndoPart[]): void => {
  const own = parts.at(-1)?.owner;
  for (const part of parts) {
    const why = refusedInCompiled(part.text, part.owner === own);
    if (why !== undefined) throw new ModuleRefused(`${part.name}:${why}`);
    if (moduleFormat === 'nestedEvaluate') checkEvaluated(part);
  }
};

/** What the weaver says of the whole, as of the module in which it is. */
const inPart = (error: unknown, source: string, parts: readonly EndoPart[]): unknown => {
  const [why, place] = told(error, source);
  const part = parts.findLast(({ line }) => place !== undefined && line <= place.line);
  if (part === undefined || place === undefined) return error;
  const within = { line: place.line - part.line, column: place.column };
  return new ModuleRefused(refusalIn(part.name, why, within));
};

/**
 * The source, woven. Errors: SyntaxError for what does not parse, mentions a reserved name, or
 * cannot run in a vat; ModuleRefused for that in a module of `nestedEvaluate`.
 */
export const wovenSource = (moduleFormat: BundleFormat, source: string): string => {
  if (!isOfEndo(source)) {
    const required = requiredAtStart(source);
    if (required !== undefined) throw required;
    return weave(source);
  }
  checkHostModules(source);
  const parts = partsOf(moduleFormat, source);
  checkParts(moduleFormat, parts);
  try {
    return weave(source);
  } catch (error) {
    throw moduleFormat === 'nestedEvaluate' ? error : inPart(error, source, parts);
  }
};

/** The message of what `wovenSource` has thrown, with the place in front. */
export const whyRefused = (error: unknown, source: string, map: SourceMap | undefined): string => {
  if (error instanceof ModuleRefused) return advised(error.message);
  const [why, place] = told(error, source);
  if (place === undefined) return why;
  const where = inSource(map, place);
  return advised(where === undefined ? refusalIn(BUNDLE, why, place) : `${where}: ${why}`);
};
