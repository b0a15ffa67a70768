/** Buffers of vats: what the engine makes, and never more than a buffer may have. */
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { BUFFER_BYTES_MAX } from '../protocol/limits.js';
import { buildFixtures, runFixture } from './testing/run-fixture.js';

interface Shown {
  readonly ours: readonly string[];
  readonly native: readonly string[];
  readonly wants: readonly boolean[];
  readonly roads: {
    readonly found: readonly (readonly [road: string, end: string, isOurs?: boolean])[];
    readonly same: readonly boolean[];
    readonly late: string;
  };
}

const TOLD = `RangeError: a buffer has at most ${BUFFER_BYTES_MAX.toLocaleString('en')} bytes`;

/**
 * Before lockdown, V8 tells what an object is by the name that its constructor has in its source;
 * in a vat it tells the tag.
 */
const named = (line: string): string => line.replaceAll('#<BoundedBuffer>', '#<ArrayBuffer>');

let shown: Shown;
beforeAll(async () => {
  const directory = await buildFixtures('buffers', ['testing/buffers-fixture']);
  shown = (await runFixture(path.join(directory, 'buffers-fixture.js'))) as Shown;
}, 60_000);

test('constructors of buffers and typed arrays -> as those of the engine', () => {
  expect(shown.native.length).toBeGreaterThan(500);
  expect(shown.ours.map(named)).toEqual(shown.native);
});

test('one byte too many, and more, on every road -> a RangeError of ours', () => {
  const { found, late } = shown.roads;
  // Node 20 has no `transfer`: SES's shim says so, or takes numbers alone.
  const isMissing = (end: string): boolean => /^TypeError: .*(?:platform lacks|a number)/.test(end);
  const others = found.filter(([road, end]) => !(/transfer|fixed/.test(road) && isMissing(end)));
  expect(others.length).toBeGreaterThan(800);
  expect(others.filter(([, end, isOurs]) => end !== TOLD || isOurs !== true)).toEqual([]);
  expect(late).toBe(TOLD);
});

test('as many as may be, one class for all compartments and for codecs -> fine', () => {
  expect(shown.roads.same).toEqual(shown.roads.same.map(() => true));
});

test('what the engine says where a machine has no memory for one -> is the host\'s failure', () => {
  expect(shown.wants).toEqual([true, false]);
});
