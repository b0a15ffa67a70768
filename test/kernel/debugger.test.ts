/**
 * Debuggers and profilers of Node, on the author's files: a breakpoint at a line of TypeScript is
 * hit in the vat's thread, and a profile has the author's functions. No vat sees any of it.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
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

interface HostRun {
  readonly flags: readonly string[];
  readonly directory: string;
  readonly bundle: string;
  readonly cwd: string;
}

/** Runs the host, which sets a breakpoint at the line where the vat throws. */
const runHostIn = async ({ flags, directory, bundle, cwd }: HostRun): Promise<Told> => {
  const [, line] = placeOf(STEPS, 'throw assert.error').split(':');
  const args = [...flags, HOST, path.join(directory, 'store'), bundle, STEPS, line!];
  const { stdout } = await run(process.execPath, args, { cwd });
  return JSON.parse(stdout) as Told;
};

/** A bundle that another process has made. */
const writtenBundle = async (directory: string): Promise<string> => {
  const file = path.join(directory, 'bundle.json');
  await writeFile(file, JSON.stringify(await mappedBundle(ENTRY)));
  return file;
};

const runHost = async (flags: readonly string[]): Promise<Told> => {
  const directory = await freshDirectory();
  return runHostIn({ flags, directory, bundle: await writtenBundle(directory), cwd: ROOT });
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

  test('a host elsewhere makes the bundle -> hit, also once opened again', async () => {
    const directory = await freshDirectory();
    const flags = ['--inspect=0'];
    const entry = fileURLToPath(new URL(`../vats/${ENTRY}`, import.meta.url));
    for (const bundle of [entry, 'none']) {
      const told = await runHostIn({ flags, directory, bundle, cwd: directory });
      expect([bundle, told.root]).toEqual([bundle, pathToFileURL(ROOT).href]);
      expect(told.pauses.map(({ hits }) => hits)).toEqual([1]);
    }
    const moved = await runHostIn({
      ...{ flags, cwd: directory, directory: await freshDirectory() },
      bundle: await writtenBundle(directory),
    });
    expect(moved.root).toBe(pathToFileURL(path.join(directory, path.sep)).href);
  });

  test('--cpu-prof -> the author\'s functions, at the URL of the script', async () => {
    const profiles = await freshDirectory();
    const told = await runHost(['--cpu-prof', `--cpu-prof-dir=${profiles}`]);
    expect(told.pauses).toEqual([]);
    const { sourceMap } = await mappedBundle(ENTRY);
    const map = new SourceMap(JSON.parse(sourceMap));
    const found = new Map<string, string>();
    for (const name of await readdir(profiles)) {
      const text = await readFile(path.join(profiles, name), 'utf8');
      const { nodes } = JSON.parse(text) as {
        readonly nodes: readonly { readonly callFrame: Readonly<Record<string, unknown>> }[];
      };
      for (const { callFrame } of nodes) {
        const { functionName, url, lineNumber, columnNumber } = callFrame;
        if (!/^heirloom:b1-/.test(String(url))) continue;
        const entry = map.findEntry(Number(lineNumber), Number(columnNumber));
        if (!('originalSource' in entry)) continue;
        found.set(String(functionName), `${entry.originalSource}:${entry.originalLine + 1}`);
      }
    }
    expect(found.get('toil')).toBe(lineOf(placeOf(ENTRY, 'toil')));
  });
});
