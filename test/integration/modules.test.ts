/** Modules as authors and libraries write them, in every format, before and after an upgrade. */
import path from 'node:path';
import { bundleVat } from '@heirloom/kernel';
import type { Kernel } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../support/bundles/written-files.js';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';
import { FAR_MODULE } from './archive-cases.js';
import { MODULE_CASES, type ModuleCase } from './module-cases.js';

const FORMATS = ['endoScript', 'endoZipBase64', 'nestedEvaluate', 'getExport'] as const;

const entryOf = ({ files }: ModuleCase): string => ('case.ts' in files ? 'case.ts' : 'case.js');

/** The files of one vat that has all cases; its `go(n)` is that of the nth. */
const allCases = (): ModuleCase['files'] => {
  const imports = MODULE_CASES.map(
    (each, at) => `import { go as go${at} } from './${at}/${entryOf(each)}';\n`,
  );
  const all = MODULE_CASES.map((_each, at) => `go${at}`).join();
  const files = MODULE_CASES.flatMap(({ files: its }, at) =>
    Object.entries(its).map(([file, text]) => [`${at}/${file}`, text] as const),
  );
  return {
    ...Object.fromEntries(files),
    'package.json': '{ "type": "module" }',
    'far.js': FAR_MODULE,
    'vat.js': `import { Far } from './far.js'; ${imports.join('')} const all = [${all}];
      const go = async n => harden(await all[n]());
      export const buildRootObject = () => Far('root', { go });`,
  };
};

let entry = '';
beforeAll(async () => {
  const directory = await freshDirectory();
  await writeFiles(directory, allCases());
  entry = path.join(directory, 'vat.js');
});

const answersOf = async (kernel: Kernel): Promise<unknown[]> => {
  const { root } = kernel.vat('vat');
  const answers = MODULE_CASES.map((_each, at) => kernel.call(root, 'go', [at]));
  const settled = await Promise.allSettled(answers);
  return settled.map(each => (each.status === 'fulfilled' ? each.value : String(each.reason)));
};

describe.each(FORMATS)('modules: %s', format => {
  let before: unknown[] = [];
  let after: unknown[] = [];

  beforeAll(async () => {
    const kernel = await kernelOver();
    const bundleId = await kernel.installBundle(await bundleVat(entry, { format }));
    const { vatId } = await kernel.createVat({ name: 'vat', bundleId });
    before = await answersOf(kernel);
    await kernel.upgradeVat(vatId, { bundleId });
    after = await answersOf(kernel);
  });

  test.each(MODULE_CASES.map((each, at) => ({ ...each, at })))('$name', ({ at, value }) => {
    expect(before[at]).toEqual(value);
    expect(after[at], 'after an upgrade').toEqual(value);
  });
});
