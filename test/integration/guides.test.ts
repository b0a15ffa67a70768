/** Guides are followed literally: the code of a page, block after block, runs as one program. */
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readDocument, ROOT } from '../support/documents/documents.js';
import { quoted, runLine } from '../support/documents/shell.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';

const CODE = /^```js\n(.*?)^```$/gms;

/** Runs the program of a page at the root of the repository; it is no file of it. */
const follow = async (page: string) => {
  const blocks = [...readDocument(page).matchAll(CODE)].map(([, code]) => code!);
  const directory = await freshDirectory();
  const packages = fileURLToPath(new URL('node_modules', ROOT));
  await symlink(packages, join(directory, 'node_modules'));
  const file = join(directory, 'guide.mjs');
  await writeFile(file, blocks.join('\n'));
  return { ...(await runLine(`node ${quoted(file)}`)), blocks: blocks.length };
};

test('hold-references.md -> its host runs to its end, and prints what is held', async () => {
  const { status, stdout, stderr, blocks } = await follow('docs/hold-references.md');
  expect([status, stderr, blocks]).toEqual([0, '', 6]);
  expect(stdout.match(/Alleged: \w+/g)).toEqual([
    ...['Alleged: bank', 'Alleged: Purse', 'Alleged: Purse', 'Alleged: Purse'],
  ]);
});
