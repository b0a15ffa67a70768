/** Frames on a byte stream: whole and in order, however the stream is cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameHead, FrameSplitter } from './frame-stream.js';

const streamOf = (frames: readonly Uint8Array[]): Buffer =>
  Buffer.concat(frames.flatMap(frame => [frameHead(frame.length), frame]));

const hexOf = (frames: readonly Uint8Array[]): string[] =>
  frames.map(frame => Buffer.from(frame).toString('hex'));

test('frame stream: any frames, cut anywhere -> the same frames', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
  const cuts = fc.array(fc.nat(400), { maxLength: 12 });
  fc.assert(
    fc.property(frames, cuts, (sent, places) => {
      const stream = streamOf(sent);
      const at = [0, ...places.map(n => n % (stream.length + 1)).sort((a, b) => a - b)];
      const splitter = new FrameSplitter();
      const got = at.flatMap((start, i) => splitter.push(stream.subarray(start, at[i + 1])));
      expect(hexOf(got)).toEqual(hexOf(sent));
    }),
  );
});

test('frame stream: one byte at a time -> the same frames', () => {
  const sent = [new Uint8Array(), new Uint8Array([1, 2, 3]), new Uint8Array(300).fill(7)];
  const splitter = new FrameSplitter();
  const got = [...streamOf(sent)].flatMap(byte => splitter.push(new Uint8Array([byte])));
  expect(hexOf(got)).toEqual(hexOf(sent));
});

test('frame stream: a long frame in short chunks -> the same frame, copied a few times', () => {
  const sent = new Uint8Array(3_000_000).map((_, i) => i);
  const stream = streamOf([sent, new Uint8Array([9])]);
  const splitter = new FrameSplitter();
  const got: Uint8Array[] = [];
  const step = 7;
  for (let at = 0; at < stream.length; at += step) {
    // A view of a buffer that is used again, as little as the splitter may rely on.
    const chunk = new Uint8Array(stream.subarray(at, at + step));
    got.push(...splitter.push(chunk));
    chunk.fill(0xff);
  }
  expect(got.map(({ length }) => length)).toEqual([sent.length, 1]);
  expect(Buffer.compare(got[0]!, sent)).toBe(0);
});

test('frame stream: a head that promises much -> takes no memory for it', () => {
  const splitter = new FrameSplitter();
  splitter.push(frameHead(2 ** 30));
  const before = process.memoryUsage().arrayBuffers;
  splitter.push(new Uint8Array(10));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
});

test('frame stream: a frame of the limit, one byte more -> taken, refused by its head', () => {
  const most = new Uint8Array(100);
  expect(new FrameSplitter(100).push(streamOf([most]))).toHaveLength(1);
  expect(() => new FrameSplitter(99).push(frameHead(100))).toThrow(RangeError);
});
