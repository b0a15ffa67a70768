/**
 * Debuggers and profilers of Node, on the author's files: a breakpoint at a line of TypeScript is
 * hit in the vat's thread, and a profile has the author's functions. No vat sees any of it.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { mappedBundle, placeOf } from '../support/bundles/mapped-bundle.js';
import { freshDirectory } from '../support/kernels/fresh-kernels.js';

const HOST = fileURLToPath(new URL('../support/hosts/debugged-host.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENTRY = 'typescript/traced.ts';
const STEPS = 'typescript/traced-steps.ts';
const run = promisify(execFile);

interface Told {
  readonly url: boolean;
  readonly root?: string;
  readonly pauses: readonly { readonly hits: number; readonly frames: [string, string][] }[];
  readonly shown: string;
  readonly blockHash: string;
}

/** Runs the host, which sets a breakpoint at the line where the vat throws. */
const runHost = async (flags: readonly string[]): Promise<Told> => {
  const directory = await freshDirectory();
  const bundleFile = path.join(directory, 'bundle.json');
  await writeFile(bundleFile, JSON.stringify(await mappedBundle(ENTRY)));
  const [, line] = placeOf(STEPS, 'throw assert.error').split(':');
  const args = [...flags, HOST, path.join(directory, 'store'), bundleFile, STEPS, line!];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT });
  return JSON.parse(stdout) as Told;
};

/** Up to the column: where on its line a statement begins is the debugger's to choose. */
const lineOf = (place: string): string => place.replace(/:\d+$/, '');

describe('debugger', () => {
  test('a breakpoint by file and line -> hit there, with the author\'s functions', async () => {
    const told = await runHost(['--inspect=0']);
    expect(told.url).toBe(true);
    expect(told.root).toBe(pathToFileURL(ROOT).href);
    expect(told.pauses.length).toBe(1);
    const [{ hits, frames } = { hits: 0, frames: [] }] = told.pauses;
    expect(hits).toBe(1);
    expect(frames.map(([name, place]) => [name, lineOf(place)])).toEqual([
      ['last', lineOf(placeOf(STEPS, 'throw assert.error'))],
      ['fourth', lineOf(placeOf(STEPS, 'last(each)'))],
      ['', lineOf(placeOf(STEPS, 'fourth(step))'))],
      ['second', lineOf(placeOf(STEPS, 'map(step'))],
      ['check', lineOf(placeOf(STEPS, 'second();'))],
      ['fail', lineOf(placeOf(ENTRY, 'check(depth)'))],
    ]);
    const plain = await runHost([]);
    expect(plain.pauses).toEqual([]);
    expect(plain.root).toBe(undefined);
    expect(told.shown).toBe(plain.shown);
    expect(told.shown).not.toMatch(/heirloom|sourceMappingURL/);
    expect(told.blockHash).toBe(plain.blockHash);
  });

  test('--cpu-prof -> the author\'s functions, at the URL of the script', async () => {
    const profiles = await freshDirectory();
    const told = await runHost(['--cpu-prof', `--cpu-prof-dir=${profiles}`]);
    expect(told.pauses).toEqual([]);
    const found = new Set<string>();
    for (const name of await readdir(profiles)) {
      const text = await readFile(path.join(profiles, name), 'utf8');
      const { nodes } = JSON.parse(text) as {
        readonly nodes: readonly { readonly callFrame: Readonly<Record<string, unknown>> }[];
      };
      for (const { callFrame } of nodes) {
        const { functionName, url } = callFrame;
        if (/^heirloom:b1-/.test(String(url))) found.add(String(functionName));
      }
    }
    expect([...found]).toContain('toil');
  });
});
