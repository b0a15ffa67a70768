/**
 * Libraries from npm, unmodified, each used in a vat of its own: what it gives there is what it
 * gives in plain Node. docs/libraries.md is made of what this finds: `npm run libraries` writes it.
 *
 * @module-tag sized
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleVat, type VatBundle } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';
import { LIBRARIES, useFiles, vatSource, type Library } from '../support/libraries/libraries.js';
import { findingsIn, pageOf, type Finding } from '../support/libraries/page.js';
import { amount } from '../support/suite/amounts.js';
import { testLast } from '../support/suite/last-test.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = path.join(ROOT, 'docs/libraries.md');
const RUNNER = path.join(ROOT, 'test/support/libraries/run-in-node.mjs');
const isWriting = process.env['HEIRLOOM_LIBRARIES'] === 'write';

const chosen = LIBRARIES.filter(({ isQuick = false }) =>
  amount({ quick: isQuick, thorough: true }),
);

/** What the uses give in plain Node, in the time zone that vats have. */
const answersOfNode = async (): Promise<readonly string[]> => {
  const env = { ...process.env, TZ: 'UTC', NODE_ENV: 'production' };
  const args = [RUNNER, ...useFiles(chosen)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as string[];
};

const bundleOf = async (library: Library): Promise<VatBundle & { readonly source: string }> => {
  const entry = path.join(await freshDirectory(), 'vat.js');
  await writeFile(entry, vatSource(library));
  const bundle = await bundleVat(entry);
  if (!('source' in bundle)) throw Error('bundleVat makes a script');
  return bundle;
};

describe('libraries', () => {
  const shared = useSharedKernel();
  const findings: Finding[] = [];
  let answers: readonly string[];
  beforeAll(async () => {
    answers = await answersOfNode();
  });

  const answerInVat = async (bundle: VatBundle): Promise<unknown> => {
    const { kernel } = shared;
    const bundleId = await kernel.installBundle(bundle);
    const { root } = await kernel.createVat({ name: shared.takeName('user'), bundleId });
    return kernel.call(root, 'use', []);
  };

  for (const [i, library] of chosen.entries()) {
    test(`${library.name}: in a vat -> as in Node`, async () => {
      const bundle = await bundleOf(library);
      expect(await answerInVat(bundle)).toBe(answers[i]);
      findings.push({ library, bytes: bundle.source.length });
    });
  }

  testLast('docs/libraries.md -> what was found', [], async () => {
    if (isWriting) {
      expect(findings.length).toBe(LIBRARIES.length);
      await writeFile(PAGE, pageOf(findings));
    }
    expect(findingsIn(await readFile(PAGE, 'utf8'), findings)).toEqual([]);
  });
});
