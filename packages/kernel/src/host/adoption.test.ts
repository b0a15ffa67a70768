import { Script } from 'node:vm';
import { bundleIdFrom } from '@heirloom/worker';
import { weave } from '@heirloom/worker/weave';
import { describe, expect, test } from 'vitest';
import type { BundleFormat } from '../code/bundle.js';
import { ArchiveRefused, type ScriptJob } from '../code/bundling.js';
import { deriveScript } from '../code/script-bundle.js';
import { deriveBundles } from './adoption.js';

const nothingElse = () => Promise.reject(Error('an archive is no script'));

test('adoption: an archive that an older release has named -> keeps its id', async () => {
  const bundleId = bundleIdFrom('0'.repeat(64));
  const archive = { bundleId, moduleFormat: 'endoZipBase64', source: 'AAAA' } as const;
  const derived = { script: '({})', sha512: '1'.repeat(128) };
  const deriveArchive = () => Promise.resolve(derived);
  const derives = { deriveArchive, deriveScript: nothingElse };
  const bundles = await deriveBundles({ sources: () => [archive] }, derives);
  expect(bundles).toEqual([{ ...archive, script: derived.script }]);
});

/** The script of an installed bundle, where no archive is taken. */
const scriptOf = async (moduleFormat: BundleFormat, source: string, error = Error('none')) => {
  const installed = { bundleId: bundleIdFrom('0'.repeat(64)), moduleFormat, source };
  const deriveArchive = () => Promise.reject(error);
  const derives = { deriveArchive, deriveScript: async (job: ScriptJob) => deriveScript(job) };
  const [bundle] = await deriveBundles({ sources: () => [installed] }, derives);
  expect(bundle).toMatchObject(installed);
  return bundle!.script;
};

describe('adoption: a bundle that an older release has taken and this one refuses', () => {
  test('for what its modules have -> it runs as it did', async () => {
    const source = `(functors => options => {})([
// === 1. vat-v1 ./vat.js ===
({imports:a,importMeta:b})=>{a([]);b.url},
])()`;
    const endoScript = await scriptOf('endoScript', source);
    expect(endoScript).toBe(weave(source));
    expect(await scriptOf('getExport', source)).toBe(weave(`(${source}\n)()`));
  });

  test('for good -> adopted; whoever runs it is told why', async () => {
    const script = await scriptOf('endoScript', "const f = () => import('<!-- x');");
    expect(() => new Script(script).runInNewContext({ $heirloom_take: () => ({}) })).toThrow(
      /bundle:1:17: a vat has no import\(\); instead: .*; an older release has installed it$/,
    );
    const archive = await scriptOf('endoZipBase64', 'AAAA', new ArchiveRefused('a.js: no "x"'));
    expect(() => new Script(archive).runInNewContext({ $heirloom_take: () => ({}) })).toThrow(
      'not a vat bundle: a.js: no "x"; an older release has installed it',
    );
  });

  test('a host that cannot say what a bundle is -> not adopted', async () => {
    const failing = scriptOf('endoZipBase64', 'AAAA', new Error('the thread is out of memory'));
    await expect(failing).rejects.toMatchObject({
      code: 'BAD_BUNDLE',
      message: expect.stringMatching(/out of memory/),
    });
  });

  test('its text nests so deep that no weaver reads it -> says so when called', async () => {
    const [open, close] = ['[', ']'].map(each => each.repeat(100_000));
    const deep = await scriptOf('getExport', `(functors => options => {})([
// === 1. vat-v1 ./vat.js ===
({imports:a,importMeta:b})=>{a([]);b.url;${open}${close}},
])()`);
    expect(() => new Script(deep).runInNewContext({ $heirloom_take: () => ({}) })).toThrow(
      /an older release has installed it$/,
    );
  });
});
