/**
 * The lives that ARCHITECTURE.md tells are those that the code lives: every file that a life names
 * is entered, in the order in which it is told. The walk of each is printed.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { fixture } from '../support/bundles/fixtures.js';
import { readDocument } from '../support/documents/documents.js';
import { makeTracedCopy } from './traced-copy.js';

const HOST = fileURLToPath(new URL('walk-host.mjs', import.meta.url));
const LIVES = {
  deposit: 'A deposit',
  upgrade: 'An upgrade',
  restart: 'A restart',
  collection: 'A collection',
} as const;
type Life = keyof typeof LIVES;

/**
 * The sources that the table of a section of ARCHITECTURE.md names, in order: `worker entry.ts`.
 * The store is entered from both sides; where it has a row of its own it is the kernel's.
 */
const toldFiles = (heading: string): string[] => {
  const document = readDocument('ARCHITECTURE.md');
  const start = document.indexOf(`\n### ${heading}\n`);
  if (start < 0) throw Error(`ARCHITECTURE.md has no section "${heading}"`);
  const section = document.slice(start + 1).split(/\n##+ /)[0]!;
  return section.split('\n').flatMap(line => {
    const [, side] = /^\| (kernel|worker|store)\b/.exec(line) ?? [];
    const thread = side === 'store' ? 'kernel' : side;
    return [...line.matchAll(/`([\w-]+\.ts)`/g)].map(match => `${thread} ${match[1]}`);
  });
};

/** A line for each stretch in one thread: its files, each where it is first entered. */
const stretchesOf = (walked: readonly string[]): string[] => {
  const stretches: { readonly thread: string; readonly files: Set<string> }[] = [];
  for (const line of walked) {
    const [thread, file] = line.split(' ') as [string, string];
    if (stretches.at(-1)?.thread !== thread) stretches.push({ thread, files: new Set() });
    stretches.at(-1)!.files.add(file);
  }
  return stretches.map(({ thread, files }) => `  ${thread}: ${[...files].join(' ')}`);
};

/** What of `told` does not follow in `walked`, where a file may be entered again and again. */
const firstOutOfOrder = (
  told: readonly string[],
  walked: readonly string[],
): string | undefined => {
  let at = 0;
  for (const name of told) {
    at = walked.indexOf(name, at);
    if (at < 0) return name;
  }
  return undefined;
};

test('a file told too early, or never entered -> named', () => {
  const walked = ['a.ts', 'b.ts', 'a.ts', 'c.ts'];
  expect(firstOutOfOrder(['a.ts', 'b.ts', 'a.ts', 'c.ts'], walked)).toBeUndefined();
  expect(firstOutOfOrder(['a.ts', 'c.ts', 'b.ts'], walked)).toBe('b.ts');
  expect(firstOutOfOrder(['a.ts', 'd.ts'], walked)).toBe('d.ts');
});

describe('walks', () => {
  let walks: Readonly<Record<Life, readonly string[]>>;

  beforeAll(async () => {
    const copy = await mkdtemp(path.join(inject('runDirectory'), 'walk-'));
    await makeTracedCopy(copy);
    const bundleFile = path.join(copy, 'bundle.json');
    await writeFile(bundleFile, JSON.stringify(await fixture('bank.js')));
    const { stdout } = await promisify(execFile)(process.execPath, [HOST, copy, bundleFile], {
      maxBuffer: 2 ** 26,
    });
    walks = JSON.parse(stdout) as typeof walks;
  });

  test.each(Object.entries(LIVES) as [Life, string][])(
    '%s -> as ARCHITECTURE.md tells it',
    (life, heading) => {
      const walked = walks[life];
      console.log(`${heading}\n${stretchesOf(walked).join('\n')}`);
      const told = toldFiles(heading);
      expect(told.length).toBeGreaterThan(5);
      const notAfter = 'told, and not entered after the one before';
      expect(firstOutOfOrder(told, walked), notAfter).toBeUndefined();
    },
  );
});
