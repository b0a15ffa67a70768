/** The note of what runs: what a later process reads from it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { heightFrom } from '@heirloom/store';
import { incarnationFrom, positionFrom, vatNumberFrom } from '@heirloom/worker';
import { afterEach, expect, test } from 'vitest';
import { openNoteFile } from './note-file.js';
import { RunningNote, type Running } from './running-note.js';

const directories: string[] = [];
const fresh = (): string => {
  const directory = mkdtempSync(path.join(tmpdir(), 'heirloom-note-'));
  directories.push(directory);
  return directory;
};
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const placeOf = (vat: number, incarnation: number, position: number): Running => ({
  vat: vatNumberFrom(vat),
  incarnation: incarnationFrom(incarnation),
  position: positionFrom(position),
});
const A = placeOf(3, 1, 7);
const B = placeOf(12, 0, 0);
const HEIGHT = heightFrom(5);

/** What the next process finds after `work`. */
const leave = (directory: string, work: (note: RunningNote) => void): RunningNote => {
  const note = new RunningNote(() => openNoteFile(directory));
  work(note);
  note.close();
  return new RunningNote(() => openNoteFile(directory));
};

test('running note: nothing ran, or all that ran has ended -> no suspects', () => {
  const directory = fresh();
  expect(leave(directory, () => undefined).suspects).toEqual([]);
  const after = leave(directory, note => {
    note.begin(HEIGHT, 0, [A, B]);
    note.end();
  });
  expect(after.suspects).toEqual([]);
});

test('running note: an end in the middle -> all that ran, with one death more each time', () => {
  const directory = fresh();
  const die = (note: RunningNote): void => note.begin(HEIGHT, 0, [B, A]);
  const first = leave(directory, die).suspects;
  expect(first).toEqual([
    { ...A, deaths: 1 },
    { ...B, deaths: 1 },
  ]);
  const second = leave(directory, note => note.begin(HEIGHT, 1, [A]));
  expect(second.suspects).toEqual([
    { ...A, deaths: 2 },
    { ...B, deaths: 1 },
  ]);
});

test('running note: one is blamed -> it alone', () => {
  const after = leave(fresh(), note => {
    note.begin(HEIGHT, 0, [A, B]);
    note.blame({ ...A, position: positionFrom(9) });
  });
  expect(after.suspects).toEqual([{ ...A, position: 9, deaths: 1 }]);
});

test('running note: a block is durable -> only broken vats stay suspect', () => {
  const directory = fresh();
  leave(directory, note => note.begin(HEIGHT, 0, [A, B])).close();
  const after = leave(directory, note => note.committed(vat => vat === A.vat));
  expect(after.suspects).toEqual([{ ...A, deaths: 1 }]);
});

test('running note: a file cut short -> no suspects, no error', () => {
  const directory = fresh();
  leave(directory, note => note.begin(HEIGHT, 0, [A, B])).close();
  const file = path.join(directory, 'heirloom-running');
  const bytes = readFileSync(file);
  for (let length = 0; length < bytes.length; length += 1) {
    writeFileSync(file, bytes.subarray(0, length));
    const note = new RunningNote(() => openNoteFile(directory));
    expect(note.suspects).toEqual([]);
    note.close();
  }
});
