/** A project beside a clone, made of the files that docs/vat-code.md shows: types, run, check. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readDocument, ROOT } from '../support/documents/documents.js';
import { quoted, runLine } from '../support/documents/shell.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';

const HEADING = '## A project of your own';
/** A file's name at the beginning of a paragraph, then the block with what stands in it. */
const FILE = /^`([\w.]+)`[\s\S]*?^```\w+\n([\s\S]*?)^```$/gm;

const section = readDocument('docs/vat-code.md').split(HEADING)[1] ?? '';
const files = [...section.matchAll(FILE)].map(([, name = '', text = '']) => ({ name, text }));
const installed = section
  .split('\n')
  .filter(line => line.startsWith('npm install '))
  .flatMap(line => line.split(' ').slice(2))
  .filter(word => !word.startsWith('--'));

/** Where this repository has what `npm install` would bring. */
const installedPath = (name: string): readonly [as: string, from: string] => {
  const [, own] = /^\.\.\/heirloom\/packages\/(\w+)$/.exec(name) ?? [];
  if (own === undefined) return [name, fileURLToPath(new URL(`node_modules/${name}`, ROOT))];
  return [`@heirloom/${own}`, fileURLToPath(new URL(`packages/${own}`, ROOT))];
};

const makeProject = async (): Promise<string> => {
  const directory = await freshDirectory();
  for (const name of installed) {
    const [as, from] = installedPath(name);
    const link = path.join(directory, 'node_modules', as);
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(from, link);
  }
  for (const { name, text } of files) await writeFile(path.join(directory, name), text);
  return directory;
};

test('own project: the files of the page -> type-check, bundle, run', async () => {
  expect(files.map(({ name }) => name)).toEqual(['vat.ts', 'tsconfig.json', 'host.mjs']);
  const directory = await makeProject();
  const scoped = path.join(directory, 'node_modules');
  expect(await readdir(scoped)).toEqual(['@endo', '@heirloom', 'typescript']);
  const told: string[] = [];
  for (const command of ['npx tsc', 'npx heirloom bundle vat.ts', 'node host.mjs']) {
    expect(section).toContain(`\`${command}\``);
    const line = `cd ${quoted(directory)} && ${command.replace('npx ', '')}`;
    const { status, stdout, stderr } = await runLine(line);
    expect([command, status, stderr]).toEqual([command, 0, '']);
    told.push(stdout);
  }
  expect(told[0]).toBe('');
  expect(told[2]).toBe('106n\n');
});

test('own project: what no vat has, and misspelt names -> the types say so', async () => {
  const directory = await makeProject();
  const vat = files.find(({ name }) => name === 'vat.ts')?.text ?? '';
  const wrong = vat.replace("'now'", 'totl, process, setTimeout');
  await writeFile(path.join(directory, 'vat.ts'), wrong);
  const { status, stdout } = await runLine(`cd ${quoted(directory)} && tsc`);
  expect(status).not.toBe(0);
  expect([...stdout.matchAll(/Cannot find name '(\w+)'/g)].map(([, name]) => name)).toEqual([
    ...['totl', 'process', 'setTimeout'],
  ]);
});
