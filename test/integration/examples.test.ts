/** The examples run, the README shows the very files that run, and links lead somewhere. */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { documentPaths, ROOT } from '../support/documents/documents.js';

const RUN = fileURLToPath(new URL('examples/run.mjs', ROOT));
const README_LINES_MAX = 40;

/** Runs an example in a process of its own. Rejects with its exit code and stderr. */
const runExample = (...args: string[]) => promisify(execFile)(process.execPath, [RUN, ...args]);
const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

describe('examples', () => {
  test('purse -> one purse under two codes, nothing on stderr', async () => {
    const { stdout, stderr } = await runExample('purse');
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'first code:  105n',
      'second code: 111n',
      'incarnation: 1',
      '',
    ]);
  });

  const depths = 'depths -> one purse, changed at every depth, the fees as its governor says';
  test(depths, { tags: ['thorough'] }, async () => {
    const { stdout, stderr } = await runExample('depths');
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'at first             100 more: 99',
      '1 a parameter        100 more: 197',
      '2 a pure function    100 more: 294',
      '                     refused: no fee: 1',
      '3 behaviour          10 less: 284',
      '4 the image          adopted; the bank is on it: false',
      '                     upgraded; the bank is on it: true',
      '                     100 more: 381',
      '',
    ]);
  });

  const factory = 'factory -> vats made at block times, over a restart, each shown once';
  test(factory, { tags: ['thorough'] }, async () => {
    const { stdout, stderr } = await runExample('factory');
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'at 10: worker 1 at work',
      'at 25: worker 2 at work',
      'at 30: worker 3 at work',
      '',
    ]);
  });

  const mistakes = 'mistakes -> a release is tried, two mistakes are told; the next one is right';
  test(mistakes, { tags: ['thorough'] }, async () => {
    const { stdout, stderr } = await runExample('mistakes');
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'shop.js: open orders 1, lamp: sent',
      '',
      'shop-mistaken.js, tried: warnings',
      expect.stringMatching(/^ {2}MADE_ANEW at .*shop-mistaken\.js:8:\d+: the start makes 1 durable store "orders" that/),
      expect.stringMatching(/^ {2}METHOD_GONE at .*shop-mistaken\.js:9:\d+: "Order" has no status .* nearest: getStatus/),
      '',
      'shop-v2.js, tried: ok',
      'shop-v2.js: open orders 1, lamp: sent',
      '',
    ]);
  });

  test.each([[[]], [['nope']], [['..']]])('%j -> exit code 1, the names listed', async args => {
    const names = 'The examples: depths, ertp, factory, mistakes, purse';
    const stderr = expect.stringContaining(names) as string;
    await expect(runExample(...args)).rejects.toMatchObject({ code: 1, stdout: '', stderr });
  });
});

describe('README', () => {
  test('its code blocks -> the files of examples/purse, in 40 lines together', async () => {
    const readme = await read('README.md');
    const blocks = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(match => match[1]);
    const files = [await read('examples/purse/bank.js'), await read('examples/purse/host.mjs')];
    expect(blocks).toEqual(files);
    const lines = files.join('').trimEnd().split('\n').length;
    expect(lines).toBeLessThanOrEqual(README_LINES_MAX);
  });

});

describe('documents', () => {
  test('files that they link to -> exist', async () => {
    let links = 0;
    for (const path of documentPaths()) {
      for (const [, target] of (await read(path)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        const file = new URL(target!, new URL(path, ROOT));
        await expect(stat(file), `${path}: ${target}`).resolves.toBeDefined();
        links += 1;
      }
    }
    expect(links).toBeGreaterThan(0);
  });
});
