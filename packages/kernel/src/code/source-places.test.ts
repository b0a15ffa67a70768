/** Places that cannot be found are told as they are; whatever a text says, nothing is thrown. */
import { bundleIdFrom, storedBundleId, type BundleId } from '@heirloom/worker';
import { weaving } from '@heirloom/worker/weave';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { SourcePlaces } from './source-places.js';

const ID = bundleIdFrom('ab'.repeat(32));
const SHOWN = ID.slice(0, 15);
const AUTHORED = 'type T = 1;\n\nexport const f = (): T => {\n  throw Error("here");\n};\n';
const { code, map } = transformSync(AUTHORED, {
  loader: 'ts',
  sourcefile: 'src/f.ts',
  sourcemap: true,
  format: 'iife',
});

const placesOf = (source?: string, sourceMap?: string): SourcePlaces =>
  new SourcePlaces({
    scriptSourceOf: (id: BundleId) => (id === ID ? source : undefined),
    sourceMapOf: (id: BundleId) => (id === ID ? sourceMap : undefined),
  });

/** Where the error is thrown in the woven script. */
const wovenPlace = (): string => {
  const lines = weaving(code).script.split('\n');
  const line = lines.findIndex(each => each.includes('"here"'));
  return `${line + 1}:${lines[line]!.indexOf('Error("here")') + 1}`;
};

test('source places: a frame -> the author\'s file; other text stays', () => {
  const text = `at f (heirloom:${ID}:${wovenPlace()})\nheirloom: nothing`;
  expect(placesOf(code, map).locate(text)).toBe('at f (src/f.ts:4:9)\nheirloom: nothing');
});

test('source places: no map, or one that is none -> the place in the bundle', () => {
  const line = code.split('\n').findIndex(each => each.includes('"here"'));
  const column = code.split('\n')[line]!.indexOf('Error("here")');
  const text = `at f (heirloom:${ID}:${wovenPlace()})`;
  for (const none of [undefined, '', '{', 'null', '{"version":3,"mappings":7}']) {
    expect(placesOf(code, none).locate(text)).toBe(`at f (${SHOWN}:${line + 1}:${column + 1})`);
  }
});

test('source places: what vat code may write -> told, whatever it is', () => {
  const places = placesOf(code, map);
  const unknown = storedBundleId('b1-0');
  expect(places.locate(`heirloom:${unknown}:7:9`)).toBe('b1-0:7:9');
  expect(places.locate(`heirloom:${ID}:99999:9`)).toContain(':');
  expect(places.locate(`heirloom:${ID}:0:0`)).toContain(':');
  expect(places.locate(`heirloom:${ID}:${'9'.repeat(400)}:1`)).toContain(':');
  expect(placesOf('not ( a script').locate(`heirloom:${ID}:1:3`)).toBe(`${SHOWN}:1:3`);
});

test('source places: a bundle that is lent, a map that is new -> used from then on', () => {
  const maps = new Map<string, string>();
  const places = new SourcePlaces({
    scriptSourceOf: () => undefined,
    sourceMapOf: id => maps.get(id),
  });
  const text = `heirloom:${ID}:${wovenPlace()}`;
  expect(places.locate(text)).toMatch(/^b1-/);
  const bundle = { bundleId: ID, moduleFormat: 'endoScript', source: code, script: '' } as const;
  places.lend({ ...bundle, sourceMap: map });
  expect(places.locate(text)).toBe('src/f.ts:4:9');
  maps.set(ID, map.replace('src/f.ts', 'src/g.ts'));
  places.lend(bundle);
  expect(places.locate(text)).toBe('src/g.ts:4:9');
  places.forget(ID);
  expect(places.locate(text)).toBe('src/g.ts:4:9');
});
