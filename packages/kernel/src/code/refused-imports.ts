/**
 * Imports that esbuild takes and a vat has not: URLs, which it leaves to the run; style sheets,
 * which it takes out; what stands behind a file's name (`?raw`), which it ignores.
 */
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';

const URLS = /^(?:https?:)?\/\//;
const STYLES = /\.css$/;
const STYLE_DATA = /^data:text\/css/;
const DATA = 'data:';
const BEHIND_NAME = /.[?#]/;
/** Marks what is asked of esbuild here, which comes here again. */
const ASKED = Symbol('asked');

const refused = (text: string): OnResolveResult => ({ errors: [{ text }] });

const checkSuffix = async (
  build: PluginBuild,
  { path, pluginData, kind, importer, namespace, resolveDir, with: attributes }: OnResolveArgs,
): Promise<OnResolveResult | undefined> => {
  // Directories and files may have these characters in their names.
  if (pluginData === ASKED || kind === 'entry-point' || path.startsWith(DATA)) return undefined;
  const asked = { kind, importer, namespace, resolveDir, with: attributes, pluginData: ASKED };
  const { errors, suffix } = await build.resolve(path, asked);
  if (errors.length > 0 || suffix === '') return undefined; // esbuild tells it better, or takes it
  return refused(`nothing can be asked of a file by "${suffix}" behind its name: "${path}"`);
};

export const refusedImports: Plugin = {
  name: 'refused imports',
  setup(build) {
    build.onResolve({ filter: URLS }, ({ path, kind }) =>
      kind === 'entry-point'
        ? undefined
        : refused(`a vat loads nothing from "${path}"`),
    );
    build.onResolve({ filter: STYLE_DATA }, () => refused('a vat has no ".css" files: data:'));
    build.onResolve({ filter: BEHIND_NAME }, args => checkSuffix(build, args));
    build.onLoad({ filter: STYLES }, ({ path }) =>
      refused(`a vat has no ".css" files: ${path.split(/[/\\]/).at(-1) ?? path}`),
    );
  },
};
