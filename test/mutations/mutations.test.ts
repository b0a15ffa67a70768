/** The list of mutations fits the sources: else a mutation would be none, or another one. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { MUTATIONS } from './mutations.js';
import { mutated } from './source.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Of every letter so many: waves, garbage, transcript, store, hosts, objects, upgrades. */
const RULES = { W: 9, G: 5, T: 6, S: 6, H: 4, O: 3, U: 5 };

const testFiles = (): string[] =>
  ['packages', 'test']
    .flatMap(directory =>
      readdirSync(ROOT + directory, { recursive: true, encoding: 'utf8' }).map(
        name => `${directory}/${name}`,
      ),
    )
    .filter(name => name.endsWith('.test.ts') && !/(^|\/)(node_modules|dist)\//.test(name));

test('mutations: every text to find -> stands once in its file, and is changed', () => {
  const idle = MUTATIONS.filter(mutation => {
    const changed = mutated(readFileSync(ROOT + mutation.file, 'utf8'), mutation);
    return changed === undefined || mutation.replace === mutation.find;
  });
  expect(idle.map(({ id }) => id)).toEqual([]);
});

test('mutations: every filter -> names a test file', () => {
  const files = testFiles();
  const filters = new Set(MUTATIONS.flatMap(({ tests }) => tests));
  for (const filter of filters) {
    expect(files.some(file => file.includes(filter)), filter).toBe(true);
  }
});

test('mutations: every rule -> is broken by one at least; ids are their own', () => {
  const rules = Object.entries(RULES).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  );
  expect(new Set(MUTATIONS.map(({ rule }) => rule))).toEqual(new Set(rules));
  expect(new Set(MUTATIONS.map(({ id }) => id)).size).toBe(MUTATIONS.length);
  for (const { id, rule } of MUTATIONS) expect(id.slice(0, -1)).toBe(rule);
});
