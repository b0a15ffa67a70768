/**
 * Source maps of one module of a bundle: archives and bundles of `nestedEvaluate` have no text of
 * which a map could be. Such a map names its module as `file`.
 */

interface GivenMap {
  readonly file?: unknown;
  readonly mappings?: unknown;
}

/** The module that a map is of, or whatever else its maker calls `file`. `json`: a map. */
export const fileOf = (json: string): string | undefined => {
  const { file }: GivenMap = JSON.parse(json);
  return typeof file === 'string' && file !== '' ? file : undefined;
};

export const withFile = (json: string, file: string): string => {
  const map: GivenMap = JSON.parse(json);
  return JSON.stringify({ ...map, file });
};

/** The map of a text that has what `json` is of on lines of its own, behind `lines` others. */
export const movedDown = (json: string, lines: number): string | undefined => {
  const { file: _, ...map }: GivenMap = JSON.parse(json);
  if (typeof map.mappings !== 'string') return undefined; // one of sections
  return JSON.stringify({ ...map, mappings: `${';'.repeat(lines)}${map.mappings}` });
};
