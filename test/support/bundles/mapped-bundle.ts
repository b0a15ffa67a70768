/** The bundle of a fixture together with its source map, whose files are named from the root. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface MappedBundle {
  readonly moduleFormat: 'endoScript';
  readonly source: string;
  readonly sourceMap: string;
}

interface Bundler {
  bundle(): Promise<{ readonly source: string; readonly sourceMap: string }>;
  close(): Promise<void>;
}
type BundlerModule = { readonly ModuleBundler: new (entry: string) => Bundler };

const BUILT = new URL('../../../packages/kernel/dist/code/module-bundler.js', import.meta.url);
const VATS = new URL('../../vats/', import.meta.url);

const pathOf = (name: string): string => fileURLToPath(new URL(name, VATS));

/** `name`: of an entry below test/vats. */
export const mappedBundle = async (name: string): Promise<MappedBundle> => {
  const { ModuleBundler } = (await import(BUILT.href)) as BundlerModule;
  const bundler = new ModuleBundler(pathOf(name));
  try {
    const { source, sourceMap } = await bundler.bundle();
    return { moduleFormat: 'endoScript', source, sourceMap };
  } finally {
    await bundler.close();
  }
};

/** Where a text stands in a file of test/vats, as a trace says it: `test/vats/name.ts:3:7`. */
export const placeOf = (name: string, text: string): string => {
  const lines = readFileSync(pathOf(name), 'utf8').split('\n');
  const line = lines.findIndex(each => each.includes(text));
  return `test/vats/${name}:${line + 1}:${(lines[line]?.indexOf(text) ?? -1) + 1}`;
};
