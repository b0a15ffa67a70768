/** The note of what runs: what a later process reads from it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { heightFrom, packFrame } from '@heirloom/store';
import { incarnationFrom, positionFrom, vatNumberFrom } from '@heirloom/worker';
import { afterEach, expect, test } from 'vitest';
import { openNoteFile } from './note-file.js';
import { encodeNote, type Running } from './note-record.js';
import { RunningNote } from './running-note.js';

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

/** Opens the note; what is told goes to `told`, and must be nothing where that is not given. */
const openNote = (directory: string, told?: string[]): RunningNote =>
  new RunningNote({
    openNote: () => openNoteFile(directory),
    warn: text => {
      if (told === undefined) throw new Error(text);
      told.push(text);
    },
  });

/** What the next process finds after `work`. */
const leave = (directory: string, work: (note: RunningNote) => void): RunningNote => {
  const note = openNote(directory);
  work(note);
  note.close();
  return openNote(directory);
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

/** Suspects of what the file holds, and what is told; the note after it works, and says nothing. */
const readAfter = (bytes: Uint8Array): { suspects: unknown; told: string[] } => {
  const directory = fresh();
  writeFileSync(path.join(directory, 'heirloom-running'), bytes);
  const told: string[] = [];
  const note = openNote(directory, told);
  const { suspects } = note;
  note.begin(HEIGHT, 0, [B]);
  note.close();
  const after = openNote(directory);
  expect(after.suspects).toContainEqual(expect.objectContaining({ vat: B.vat }));
  after.close();
  return { suspects, told };
};

const DAMAGED = /^heirloom-running is damaged \(.+\) and is passed over/;
const recordOf = (running: readonly Running[]): Buffer =>
  encodeNote({
    isRunning: true,
    height: HEIGHT,
    wave: 0,
    running: running.map(place => ({ ...place, deaths: 0 })),
    kept: [],
  });

test('running note: a file cut short -> told, no suspects, no error', () => {
  const bytes = recordOf([A, B]);
  expect(readAfter(bytes.subarray(0, 0))).toEqual({ suspects: [], told: [] });
  for (let length = 1; length < bytes.length; length += 1) {
    const { suspects, told } = readAfter(bytes.subarray(0, length));
    expect(suspects).toEqual([]);
    expect(told).toEqual([expect.stringMatching(DAMAGED)]);
  }
});

test('running note: a record torn between two, at any byte -> one of both, or told', () => {
  const before = recordOf([A]);
  const after = recordOf([B, A]);
  const whole = [A, B].map(place => ({ ...place, deaths: 1 }));
  for (let at = 0; at <= after.length; at += 1) {
    const torn = Buffer.concat([after.subarray(0, at), before.subarray(at)]);
    const { suspects, told } = readAfter(torn);
    if (torn.equals(after)) expect({ suspects, told }).toEqual({ suspects: whole, told: [] });
    else if (torn.subarray(0, before.length).equals(before)) expect(suspects).toEqual([whole[0]]);
    else expect({ suspects, told }).toEqual({ suspects: [], told: [expect.anything()] });
  }
});

test('running note: any one bit changed -> told, or only whether something ran', () => {
  const bytes = recordOf([A, B]);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const { suspects, told } = readAfter(flipped);
    expect(suspects).toEqual([]);
    // The lowest bit says whether something ran, and no more.
    if (bit > 0) expect(told, `bit ${bit}`).toEqual([expect.stringMatching(DAMAGED)]);
  }
});

test('running note: zeros, or bytes of somebody else -> told, no suspects, no error', () => {
  const frames = [[], [5, 0, [], 'x'], [5, 0, [[1, 2]], []], [5, 0, [[-1, 0, 0, 0]], []]];
  const foreign = [
    Buffer.alloc(2),
    Buffer.alloc(4_096),
    Buffer.alloc(300, 255),
    Buffer.from('#!/bin/sh\n'),
    Buffer.alloc(17 * 2 ** 20, 3),
    ...frames.map(frame => {
      const bytes = packFrame(frame);
      const head = Buffer.alloc(5);
      head.writeUInt8(1, 0);
      head.writeUInt32BE(bytes.length, 1);
      return Buffer.concat([head, bytes]);
    }),
  ];
  for (const bytes of foreign) {
    expect(readAfter(bytes)).toEqual({
      suspects: [],
      told: [expect.stringMatching(DAMAGED)],
    });
  }
});

test('running note: as an earlier release left it -> read', () => {
  const frame = packFrame([5, 0, [[3, 1, 7, 0]], [[12, 0, 0, 2]]]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(frame.length, 1);
  const kept = { ...B, deaths: 2 };
  expect(readAfter(Buffer.concat([head, frame]))).toEqual({ suspects: [kept], told: [] });
  head.writeUInt8(1, 0);
  const both = [{ ...A, deaths: 1 }, kept];
  expect(readAfter(Buffer.concat([head, frame]))).toEqual({ suspects: both, told: [] });
  expect(readAfter(Buffer.from([0]))).toEqual({ suspects: [], told: [] });
});

test('running note: no file can be there, or none be written -> told once, all goes on', () => {
  const directory = fresh();
  mkdirSync(path.join(directory, 'heirloom-running'));
  const told: string[] = [];
  const note = openNote(directory, told);
  expect(note.suspects).toEqual([]);
  note.begin(HEIGHT, 0, [A]);
  note.end();
  note.blame(A);
  expect(note.suspects).toEqual([{ ...A, deaths: 1 }]);
  note.close();
  expect(told).toEqual([expect.stringMatching(/^heirloom-running cannot be used \(EISDIR/)]);

  const full: string[] = [];
  const other = new RunningNote({
    openNote: () => ({
      ...openNoteFile(fresh()),
      write: () => {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      },
    }),
    warn: text => full.push(text),
  });
  for (let wave = 0; wave < 3; wave += 1) other.begin(HEIGHT, wave, [A]);
  other.close();
  expect(full).toEqual([expect.stringMatching(/cannot be used \(ENOSPC/)]);
});

test('running note: neither to be written nor to be closed -> told, and all else goes on', () => {
  const told: string[] = [];
  const failing = (what: string) => (): never => {
    throw Error(what);
  };
  const file = { read: () => Buffer.alloc(0), write: failing('full'), close: failing('gone') };
  const note = new RunningNote({ openNote: () => file, warn: text => told.push(text) });
  note.begin(HEIGHT, 0, [A]);
  note.end();
  note.close();
  expect(told).toEqual([
    expect.stringMatching(/cannot be used .*full/),
    expect.stringMatching(/could not be closed .*gone/),
  ]);
  const closed = new RunningNote({ openNote: () => file, warn: text => told.push(text) });
  closed.close();
  closed.end();
  expect(told.length).toBe(3);
});
