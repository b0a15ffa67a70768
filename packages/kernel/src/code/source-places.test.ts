/** Places that cannot be found are told as they are; whatever a text says, nothing is thrown. */
import { SourceMap } from 'node:module';
import { textOf, utf8 } from '@heirloom/store';
import { bundleIdFrom, storedBundleId, storedImageId, type BundleId } from '@heirloom/worker';
import { PlainPlaces } from '@heirloom/worker/plain-places';
import { weave } from '@heirloom/worker/weave';
import { transformSync } from 'esbuild';
import { expect, test } from 'vitest';
import { moduleComment } from './archive-places.js';
import type { BundleFormat } from './bundle.js';
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
    scriptTextOf: (id: BundleId) => (id === ID ? source && weave(source) : undefined),
    bundleOf: () => undefined,
    sourceMapOf: (id: BundleId) => (id === ID ? sourceMap : undefined),
    sourceRootOf: () => undefined,
  });

/** Where the error is thrown in the woven script. */
const wovenPlace = (): string => {
  const lines = weave(code).split('\n');
  const line = lines.findIndex(each => each.includes('"here"'));
  return `${line + 1}:${lines[line]!.indexOf('Error("here")') + 1}`;
};

test('source places: a frame -> the author\'s file; other text stays', () => {
  const text = `at f (heirloom:${ID}:${wovenPlace()})\nheirloom: nothing`;
  expect(placesOf(code, map).locate(text)).toBe('at f (src/f.ts:4:9)\nheirloom: nothing');
});

test('source places: a frame below all modules -> left out; other text of there stays', () => {
  const bundle = `${code};\n\n`;
  const below = code.split('\n').length + 1;
  const frames = [
    `    at f (heirloom:${ID}:${wovenPlace()})`,
    `    at <anonymous> (heirloom:${ID}:${wovenPlace()})`,
    `    at <anonymous> (heirloom:${ID}:${below}:1)`,
    '  note: x',
  ];
  const [called, loaded] = ['    at f (src/f.ts:4:9)', '    at <anonymous> (src/f.ts:4:9)'];
  const locate = (text: string): string => placesOf(bundle, map).locate(text);
  expect(locate(['', ...frames].join('\n'))).toBe(['', called, loaded, '  note: x'].join('\n'));
  expect(locate(`\n    at g (heirloom:${ID}:${below}:1)`)).toContain('at g (');
  const unmapped = placesOf(bundle).locate(['', ...frames].join('\n'));
  expect(unmapped.split('\n').length).toBe(frames.length + 1);
});

test('source places: no map, or one that is none -> the place in the bundle', () => {
  const line = code.split('\n').findIndex(each => each.includes('"here"'));
  const column = code.split('\n')[line]!.indexOf('Error("here")');
  const text = `at f (heirloom:${ID}:${wovenPlace()})`;
  for (const none of [undefined, '', '{', 'null', '{"version":3,"mappings":7}']) {
    expect(placesOf(code, none).locate(text)).toBe(`at f (${SHOWN}:${line + 1}:${column + 1})`);
  }
});

test.each([
  ['no name', '[null]', 'AAAA'],
  ['a name that is none', '5', 'AAAA'],
  ['a source that there is not', '["a.ts"]', 'AEAA'],
  ['a line before the first', '["a.ts"]', 'AADA'],
  ['a column before the first', '["a.ts"]', 'AAAD'],
])('source places: a map with %s -> the place in the bundle', (_what, sources, mappings) => {
  const places = placesOf(code, `{"version":3,"sources":${sources},"mappings":"${mappings}"}`);
  expect(places.locate(`heirloom:${ID}:1:1`)).toBe(`${SHOWN}:1:1`);
});

/** How often a source map is read, for texts that mention `count` bundles of `length` in turn. */
const readsOf = (count: number, length: number, texts: (ids: string[]) => string[]): number => {
  let reads = 0;
  const places = new SourcePlaces({
    scriptTextOf: () => ' '.repeat(length),
    bundleOf: () => undefined,
    sourceMapOf: () => {
      reads += 1;
      return map;
    },
    sourceRootOf: () => undefined,
  });
  const ids = Array.from({ length: count }, (_, at) => `heirloom:b1-${'0'.repeat(at + 1)}:1:1`);
  for (const text of texts(ids)) places.locate(text);
  return reads;
};

test('source places: many bundles -> kept while small, the last used of large ones', () => {
  const twice = (ids: string[]) => [...ids, ...ids];
  expect(readsOf(40, 10, twice)).toBe(40);
  expect(readsOf(4, 3_000_000, twice)).toBe(8);
  expect(readsOf(4, 3_000_000, ids => [...ids, ids[3]!, ids[2]!])).toBe(4);
  expect(readsOf(1, 9_000_000, twice)).toBe(1);
});

test('source places: a text that mentions many bundles -> four are looked for', () => {
  expect(readsOf(10, 3_000_000, ids => [ids.join()])).toBe(4);
});

test('source places: sourceRoot -> files are named from there, unless they are whole', () => {
  const text = `at f (heirloom:${ID}:${wovenPlace()})`;
  const given = JSON.parse(map) as object;
  const located = (more: object): string =>
    placesOf(code, JSON.stringify({ ...given, ...more })).locate(text);
  expect(located({ sourceRoot: '/abs/root/' })).toBe('at f (/abs/root/src/f.ts:4:9)');
  expect(located({ sourceRoot: 'lib' })).toBe('at f (lib/src/f.ts:4:9)');
  expect(located({ sourceRoot: '' })).toBe('at f (src/f.ts:4:9)');
  expect(located({ sourceRoot: 'lib', sources: ['/f.ts'] })).toBe('at f (/f.ts:4:9)');
  expect(located({ sourceRoot: 'lib', sources: ['file:///f.ts'] })).toBe('at f (file:///f.ts:4:9)');
  expect(located({ sourceRoot: 'lib', sources: [null] })).toContain(`at f (${SHOWN}:`);
  expect(located({ sources: [null] })).toContain(`at f (${SHOWN}:`);
  expect(located({ mappings: '!!!' })).toContain(`at f (${SHOWN}:`);
});

test('source places: what vat code may write -> told, whatever it is', () => {
  const places = placesOf(code, map);
  const unknown = storedBundleId('b1-0');
  expect(places.locate(`heirloom:${unknown}:7:9`)).toBe('b1-0:7:9');
  expect(places.locate(`heirloom:${ID}:99999:9`)).toContain(':');
  expect(places.locate(`heirloom:${ID}:0:0`)).toContain(':');
  expect(places.locate(`heirloom:${ID}:${'9'.repeat(400)}:1`)).toContain(':');
  expect(placesOf('/* no code */').locate(`heirloom:${ID}:1:3`)).toBe(`${SHOWN}:1:3`);
});

test('source places: a bundle that is lent, a map that is new -> used from then on', () => {
  const maps = new Map<string, string>();
  const places = new SourcePlaces({
    scriptTextOf: () => undefined,
    bundleOf: () => undefined,
    sourceMapOf: id => maps.get(id),
    sourceRootOf: () => undefined,
  });
  const text = `heirloom:${ID}:${wovenPlace()}`;
  expect(places.locate(text)).toMatch(/^b1-/);
  const script = weave(code);
  const bundle = { bundleId: ID, moduleFormat: 'endoScript', source: code, script } as const;
  places.lend({ ...bundle, sourceMap: map });
  expect(places.locate(text)).toBe('src/f.ts:4:9');
  maps.set(ID, map.replace('src/f.ts', 'src/g.ts'));
  places.lend(bundle);
  expect(places.locate(text)).toBe('src/g.ts:4:9');
  places.forget(ID);
  expect(places.locate(text)).toBe('src/g.ts:4:9');
});

test('source places: a script of an archive -> its modules; outside of them, the script', () => {
  const script = [
    '(runtime)([',
    moduleComment('zoe-v1/src/a.js'),
    "['es',{},[],(live)=>({imports})=>{ f();",
    '  throw g(() => { here });',
    '}],',
    moduleComment('odd "name"\u2028'),
    "['value',()=>1],",
    '])',
  ].join('\n');
  const places = new SourcePlaces({
    scriptTextOf: () => weave(script.replace('(runtime)', 'runtime')),
    bundleOf: () => undefined,
    sourceMapOf: () => undefined,
    sourceRootOf: () => undefined,
  });
  const woven = weave(script.replace('(runtime)', 'runtime')).split('\n');
  const placeOf = (text: string): string => {
    const line = woven.findIndex(each => each.includes(text));
    return places.locate(`heirloom:${ID}:${line + 1}:${woven[line]!.indexOf(text) + 1}`);
  };
  expect(placeOf('runtime')).toBe(`${SHOWN}:1:1`);
  expect(placeOf('f();')).toBe('zoe-v1/src/a.js:1');
  expect(placeOf('here')).toBe('zoe-v1/src/a.js:2:19');
  expect(placeOf("'value'")).toBe('odd "name" :1');
});

const originIn = (map: SourceMap, line: number, column: number): string => {
  const entry = map.findEntry(line, column);
  return 'originalLine' in entry ? `${entry.originalLine}:${entry.originalColumn}` : 'nowhere';
};

/** The source map that stands behind a script. */
const mapBehind = (script: Uint8Array): string => {
  const comment = /\n\/\/# sourceMappingURL=data:application\/json;base64,(.*)$/;
  const [, data] = comment.exec(textOf(script))!;
  return Buffer.from(data!, 'base64').toString();
};

/** An archive of two modules, and the map of one, whose places are as in `code`. */
const ARCHIVE = weave(
  ['go();', moduleComment('a/a.js'), '(() => {});', moduleComment('b/b.js'), code].join('\n'),
);

const archivePlaces = (moduleFormat: BundleFormat, file: string): SourcePlaces =>
  new SourcePlaces({
    scriptTextOf: () => ARCHIVE,
    bundleOf: bundleId => ({ bundleId, moduleFormat, source: '' }),
    sourceMapOf: () => JSON.stringify({ ...JSON.parse(map), file }),
    sourceRootOf: () => undefined,
  });

test('source places: an archive with the map of a module -> the author\'s file', () => {
  const lines = ARCHIVE.split('\n');
  const line = lines.findIndex(each => each.includes('"here"'));
  const at = `heirloom:${ID}:${line + 1}:${lines[line]!.indexOf('Error("here")') + 1}`;
  const places = archivePlaces('endoZipBase64', 'b/b.js');
  expect(places.locate(at)).toBe('src/f.ts:4:9');
  expect(places.locate(`heirloom:${ID}:3:2`)).toBe('a/a.js:1');
  expect(archivePlaces('endoZipBase64', 'c.js').locate(at)).toMatch(/^b\/b\.js:\d+:\d+$/);
  const given = { bundleId: ID, imageId: storedImageId('image'), script: utf8(ARCHIVE) };
  const behind = new SourceMap(
    JSON.parse(mapBehind(places.scriptFor(given, () => 'file:///home/'))),
  );
  expect(originIn(behind, line, lines[line]!.indexOf('Error("here")'))).toBe('3:8');
  const nested = archivePlaces('nestedEvaluate', 'b/b.js');
  expect(nested.scriptFor(given, () => 'file:///home/')).toBe(given.script);
});

test('source places: for a debugger -> every place of the script, as it is told', () => {
  const script = utf8(weave(code));
  const given = { bundleId: ID, imageId: storedImageId('image'), script };
  const places = placesOf(code, map);
  expect(places.scriptFor(given, () => undefined)).toBe(script);
  expect(placesOf(code).scriptFor(given, () => 'file:///home/')).toBe(script);
  const none = placesOf(code, '{"version":3,"mappings":7}');
  expect(none.scriptFor(given, () => 'file:///')).toBe(script);
  const json = mapBehind(places.scriptFor(given, () => 'file:///home/'));
  expect(JSON.parse(json)).toMatchObject({ sourceRoot: 'file:///home/', sources: ['src/f.ts'] });
  const rooted = placesOf(code, JSON.stringify({ ...JSON.parse(map), sourceRoot: '/own/' }));
  const own = mapBehind(rooted.scriptFor(given, () => 'file:///home/'));
  expect(JSON.parse(own)).toMatchObject({ sourceRoot: '/own/', sources: ['src/f.ts'] });
  const [composed, bundled] = [new SourceMap(JSON.parse(json)), new SourceMap(JSON.parse(map))];
  const plain = new PlainPlaces(weave(code));
  let compared = 0;
  for (const [line, woven] of weave(code).split('\n').entries()) {
    for (let column = 0; column < woven.length; column += 1) {
      const place = plain.plain({ line, column });
      // What was added has no place of its own.
      if (plain.plain({ line, column: column + 1 }).column === place.column) continue;
      expect(originIn(composed, line, column)).toBe(originIn(bundled, line, place.column));
      compared += 1;
    }
  }
  expect(compared).toBe(code.replaceAll('\n', '').length);
});
