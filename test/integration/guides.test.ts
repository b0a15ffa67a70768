/** Guides are followed literally: the code of a page, block after block, runs as one program. */
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { binOf, fetched } from '../nodes/nodes.mjs';
import { readDocument, ROOT } from '../support/documents/documents.js';
import { quoted, runLine } from '../support/documents/shell.js';
import { freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';

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

/** The Node that the guide moves to: any other; without one, this very Node, which fits. */
const [line] = fetched();
const other = line === undefined ? undefined : binOf(line);
const SHELL = /^```sh\n(.*?)^```$/gms;

/** A store `bank` with a vat that starts anew. */
const bankIn = async (directory: string): Promise<void> => {
  const kernel = await kernelOver({ directory: join(directory, 'bank') });
  const bundleId = await install(kernel, 'bank.js');
  const { root } = await kernel.createVat({ name: 'bank', bundleId });
  await kernel.call(root, 'makePurse', ['ada', 10]);
  await kernel.close();
};

test('move-to-another-node.md -> its commands and its program move a store', async () => {
  if (other === undefined) console.log('guides.test: no other Node: npm run nodes fetches some');
  const page = readDocument('docs/move-to-another-node.md');
  const [copying, moving] = [...page.matchAll(SHELL)].map(([, code]) => code!.trim());
  const [program] = [...page.matchAll(CODE)].map(([, code]) => code!);
  const directory = await freshDirectory();
  await bankIn(directory);
  await symlink(fileURLToPath(new URL('node_modules', ROOT)), join(directory, 'node_modules'));
  const bin = fileURLToPath(new URL('node_modules/.bin', ROOT));
  const path = [...(other === undefined ? [] : [other]), bin].map(quoted).join(':');
  const run = (code: string) =>
    runLine(`cd ${quoted(directory)} && export PATH=${path}:$PATH && ${code}`);
  expect(await run(copying!)).toMatchObject({ status: 0, stderr: '' });
  const moved = await run(moving!.replaceAll('\n', ' && '));
  expect(moved).toMatchObject({ status: 0, stderr: '' });
  const restarted = other === undefined ? 0 : 1;
  expect(moved.stdout.match(/adopted .*(yes|no)/g)).toHaveLength(2);
  expect(moved.stdout).toMatch(new RegExp(`vats started anew .*${restarted}`));

  // The program, on the copy.
  await cp(join(directory, 'bank.before'), join(directory, 'bank'), { recursive: true });
  const file = join(directory, 'guide.mjs');
  await writeFile(file, program!);
  const ran = await run(`node ${quoted(file)}`);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  const adopted = `${restarted} started anew; 0 stranded`;
  expect(ran.stdout.trim().split('\n')).toEqual(['bank starts', adopted]);
});
