/** The bundle of a fixture together with its source map, whose files are named from the root. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleVat } from '@heirloom/kernel';

interface MappedBundle {
  readonly moduleFormat: 'endoScript';
  readonly source: string;
  readonly sourceMap: string;
}

const VATS = new URL('../../vats/', import.meta.url);

const pathOf = (name: string): string => fileURLToPath(new URL(name, VATS));

/** `name`: of an entry below test/vats. */
export const mappedBundle = async (name: string): Promise<MappedBundle> => {
  const bundle = await bundleVat(pathOf(name));
  if (bundle.moduleFormat !== 'endoScript' || bundle.sourceMap === undefined) {
    throw Error('no bundle with a map');
  }
  const { moduleFormat, source, sourceMap } = bundle;
  return { moduleFormat, source, sourceMap };
};

/** Where a text stands in a file of test/vats, as a trace says it: `test/vats/name.ts:3:7`. */
export const placeOf = (name: string, text: string): string => {
  const lines = readFileSync(pathOf(name), 'utf8').split('\n');
  const line = lines.findIndex(each => each.includes(text));
  return `test/vats/${name}:${line + 1}:${(lines[line]?.indexOf(text) ?? -1) + 1}`;
};
