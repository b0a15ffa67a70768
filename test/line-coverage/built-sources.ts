/**
 * Has tests that stand beside their modules load what was built of them, as all other tests do: so
 * that there is one script of each module to be counted. What is for tests alone stays as it is,
 * for it may look for files beside it, and imports what was built too.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vitest/config';

const SOURCE = /\/packages\/(store|worker|kernel)\/src\/(?!(?:.*\/)?testing\/)(.*)\.js$/;

export const builtSources: Plugin = {
  name: 'built-sources',
  enforce: 'pre',
  resolveId: (id, importer) => {
    if (!id.startsWith('.') || importer === undefined) return undefined;
    const file = path.resolve(path.dirname(importer), id);
    const built = file.replace(SOURCE, '/packages/$1/dist/$2.js');
    return built !== file && existsSync(built) ? built : undefined;
  },
};
