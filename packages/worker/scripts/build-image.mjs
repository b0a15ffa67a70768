/**
 * Makes the zygote image: one script, a function expression that takes `require` (for `node:`
 * builtins only) and returns the exports of src/zygote/image-main.ts.
 *
 *     node scripts/build-image.mjs [--out DIRECTORY] [--supervisor FILE] [--maps]
 *
 * Writes image.js, image.json `{ id }` (sha256 of image.js), older-guard.js, which older images get
 * (src/zygote/image-repair.ts), and what starts an image: thread.cjs, which
 * Piscina loads, thread.js, which that runs, process-guard.cjs and process.cjs for child processes.
 * Each is one file; thread.js and process.cjs have the store's reader and the JavaScript of lmdb
 * in them, and only lmdb's native addon is loaded from its package: docs/decisions/068. The same
 * sources and the same node_modules give the same bytes, wherever the repository lies.
 * `--maps` writes source maps beside image.js and thread.js: `npm run coverage` reads them.
 * `--supervisor` puts another module in the place of src/supervisor/supervisor.ts: the tests of
 * zygote/ use it.
 *
 * Checked here: that before-ses, ses and lockdown are evaluated before anything else, that nothing
 * but node's builtins is left outside, and that the scripts are ASCII (one byte per character in
 * V8).
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, transform } from 'esbuild';
import { lookAtCaught } from './look-at-caught.mjs';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const root = path.resolve(packageDirectory, '../..');
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: path.join(packageDirectory, 'dist') },
    supervisor: { type: 'string' },
    maps: { type: 'boolean', default: false },
  },
});
const { out } = options;

/** What may be evaluated before lockdown: our own first modules, ses and what ses imports. */
const BEFORE_LOCKDOWN = [
  /^packages\/worker\/src\/zygote\/(before-ses|float-arrays|function-text|harden|image-main)\.ts$/,
  /^packages\/worker\/src\/zygote\/(buffer-bounds|buffer-constructors)\.ts$/,
  /^packages\/worker\/src\/zygote\/(checked-expressions|counted-natives|depth-counter|proxy-levels)\.ts$/,
  /^packages\/worker\/src\/weave\/(expression-text|source-limits)\.ts$/,
  /^packages\/worker\/src\/protocol\/limits\.ts$/,
  /^packages\/worker\/src\/zygote\/(loading|lockdown|overrides|text-codecs|utc-date)\.ts$/,
  /^packages\/worker\/src\/zygote\/(engine-errors|error-constructors|native-text|promise-then)\.ts$/,
  /^packages\/store\/(src|dist)\/codec\/native-bytes\.[jt]s$/,
  /^packages\/worker\/src\/eventual-send\/[a-z-]+\.ts$/,
  /^packages\/worker\/src\/values\.ts$/,
  /^packages\/worker\/src\/weave\/marks\.ts$/,
  /^packages\/worker\/src\/supervisor\/host-powers\.ts$/,
  /^node_modules\/(ses|@endo\/(cache-map|env-options|immutable-arraybuffer|harden))\//,
];
const LOCKDOWN = 'packages/worker/src/zygote/lockdown.ts';

const resolving = {
  name: 'heirloom-image',
  setup(builder) {
    const bare = new RegExp(`^(?:${builtinModules.join('|')})$`);
    builder.onResolve({ filter: bare }, ({ path: name }) => ({
      path: `node:${name}`,
      external: true,
    }));
    // The entry for node loads a native addon; the portable one decodes the same.
    builder.onResolve({ filter: /^msgpackr$/ }, ({ importer }) => {
      const main = createRequire(importer).resolve('msgpackr');
      return { path: path.join(path.dirname(main), '../index.js') };
    });
    // Where ses keeps what errors redact; its package exports no such module.
    builder.onResolve({ filter: /^ses\/src\/error\/assert\.js$/ }, ({ importer, path: name }) => {
      const main = createRequire(importer).resolve('ses/package.json');
      return { path: path.join(path.dirname(main), name.slice('ses/'.length)) };
    });
    builder.onResolve({ filter: /^node-gyp-build-optional-packages$/ }, () => ({
      path: path.join(packageDirectory, 'src/zygote/lmdb-addon.ts'),
    }));
    // A parser that few vats use: half the size, and without comments, which are not ASCII.
    builder.onLoad({ filter: /\/acorn\/dist\/acorn\.mjs$/ }, async ({ path: file }) => {
      const source = readFileSync(file, 'utf8');
      const shape = { minify: true, charset: 'ascii', target: 'node20' };
      const { code } = await transform(source, shape);
      return { contents: code, loader: 'js' };
    });
    // The module that is put in its place may import the original.
    const stand = options.supervisor === undefined ? undefined : path.resolve(options.supervisor);
    builder.onResolve({ filter: /\/supervisor\/supervisor\.js$/ }, ({ importer }) =>
      stand === undefined || importer === stand ? undefined : { path: stand },
    );
  },
};

/** One CommonJS file of `entry`, which may import node's builtins alone, and its source map. */
const bundleWithMap = async (entry, more = {}) => {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [path.join(packageDirectory, 'src/zygote', entry)],
    bundle: true,
    write: false,
    // Where the maps will be: what they say of sources is relative to that.
    outfile: path.join(out, 'bundle.js'),
    sourcemap: options.maps ? 'external' : false,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    charset: 'ascii',
    legalComments: 'none',
    treeShaking: true,
    plugins: [resolving],
    logLevel: 'warning',
    ...more,
  });
  for (const { imports } of Object.values(result.metafile.outputs)) {
    for (const { path: name } of imports) {
      assert(name.startsWith('node:'), `${entry} must not import ${name}`);
    }
  }
  const textOf = end => result.outputFiles.find(({ path: name }) => name.endsWith(end))?.text;
  return { text: textOf('.js'), map: textOf('.map') };
};

const bundle = async (entry, more) => (await bundleWithMap(entry, more)).text;

const bundleEntry = entry =>
  bundle(entry, {
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  });

const assertAscii = (name, text) => assert(/^[\x00-\x7f]*$/.test(text), `${name} is ASCII`);

/** What stands above the modules of a script, line by line. */
const headOf = parameters => [
  `(function (${parameters}) {`,
  "'use strict';",
  'const module = { exports: {} };',
];

/** A function expression that takes `parameters` and returns the exports of `body`. */
const scriptOf = (parameters, body) =>
  [
    ...headOf(parameters),
    body.trimEnd(),
    'return module.exports;',
    '})',
    '',
  ].join('\n');

/** The module paths that esbuild writes above each module, in order of evaluation. */
const modulesOf = text =>
  [...text.matchAll(/^ *\/\/ ((?:packages|node_modules)\/\S+)$/gm)].map(match => match[1]);

/**
 * Names our own modules without their folders: the comments of esbuild are part of the image, and a
 * file that has only moved is no reason for another one.
 */
const withoutFolders = text =>
  text.replace(/^( *\/\/ )packages\/(?:store\/dist|worker\/src)\/(?:[a-z-]+\/)*(\S+)$/gm, '$1$2');

const checkOrder = text => {
  const modules = modulesOf(text);
  const lockdownAt = modules.indexOf(LOCKDOWN);
  assert(lockdownAt > 0, 'lockdown.ts is in the image');
  for (const name of modules.slice(0, lockdownAt)) {
    const allowed = BEFORE_LOCKDOWN.some(pattern => pattern.test(name));
    assert(allowed, `${name} would be evaluated before lockdown`);
  }
  const firstSes = modules.findIndex(name => name.startsWith('node_modules/ses/'));
  const beforeSes = modules.indexOf('packages/worker/src/zygote/before-ses.ts');
  assert(beforeSes >= 0, 'before-ses.ts is in the image');
  assert(firstSes >= 0, 'ses is in the image, from node_modules of this directory, not of another');
  assert(beforeSes < firstSes, 'before-ses.ts comes before ses');
};

const { text: body, map: imageMap } = await bundleWithMap('image-main.ts');
checkOrder(body);
const image = lookAtCaught(scriptOf('require', withoutFolders(body)));
assertAscii('the image', image);
const { text: threadBody, map: threadMap } = await bundleWithMap('entry.ts', {
  define: { 'import.meta.url': 'importMetaUrl' },
});
const thread = scriptOf('require, importMetaUrl', threadBody);
assertAscii('the script of a thread', thread);
const { text: guardBody } = await bundleWithMap('older-guard.ts', {
  minifyWhitespace: true,
  sourcemap: false,
});
const olderGuard =
  `(function(require){'use strict';const module={exports:{}};${guardBody.trimEnd()}` +
  'return module.exports;})';
assert(!olderGuard.includes('\n'), 'what stands in front of an image is one line');
assertAscii('what stands in front of an older image', olderGuard);
const id = createHash('sha256').update(image).digest('hex');
mkdirSync(out, { recursive: true });
writeFileSync(path.join(out, 'image.js'), image);
writeFileSync(path.join(out, 'image.json'), `${JSON.stringify({ id })}\n`);
writeFileSync(path.join(out, 'thread.js'), thread);
writeFileSync(path.join(out, 'older-guard.js'), `${olderGuard}\n`);
/** A map of a script knows nothing of its head, each line of which is a `;` in it. */
const writeMap = (name, text) => {
  const map = JSON.parse(text);
  const mappings = `${headOf('').map(() => ';').join('')}${map.mappings}`;
  writeFileSync(path.join(out, name), JSON.stringify({ ...map, mappings }));
};
if (options.maps) {
  writeMap('image.js.map', imageMap);
  writeMap('thread.js.map', threadMap);
}
writeFileSync(path.join(out, 'thread.cjs'), await bundleEntry('thread-loader.ts'));
writeFileSync(path.join(out, 'process.cjs'), await bundleEntry('process-entry.ts'));
writeFileSync(path.join(out, 'process-guard.cjs'), await bundle('process-guard.ts'));
