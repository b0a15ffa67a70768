/**
 * A worker that was taken over by its vat code: it does what the vat's console says behind a `!`,
 * as JSON, in the place of the next cranks that it would post. All else is the honest supervisor's.
 *
 * Values: `{ "bytes": hex }`, `{ "zeros": n }`, `{ "text": n }` (n times `x`), and
 * `{ "list": [n, v] }`. What is packed is hex, written `times` times; `{ head, filler, bytes }` are
 * the bytes of `head`, and behind them so many of the byte `filler`.
 */
import { writeSync } from 'node:fs';
import { packFrame } from '@heirloom/store/frame-writer';
import { unpackTuple } from '../protocol/frame-reader.js';
import { FromWorker } from '../protocol/opcodes.js';
import type { FromWorkerTuple } from '../protocol/from-worker.js';
import { Supervisor as Honest } from '../supervisor/supervisor.js';
import type { ImageHost, SupervisorOptions } from '../contracts/vat-environment.js';

type Frame = Parameters<typeof packFrame>[0];

interface Filled {
  readonly head: string;
  readonly filler: number;
  readonly bytes: number;
}

export type Order =
  /** In the place of the last crank. */
  | { readonly crank: unknown }
  | { readonly packedCrank: string | Filled; readonly times?: number }
  /** In the place of the frame of cranks. */
  | { readonly frame: unknown }
  | { readonly packedFrame: string | Filled }
  /** So many times, before the frame of cranks; or before its end. */
  | { readonly posts: unknown; readonly count: number; readonly end?: 'exit' }
  /** Not even a frame. Threads only. */
  | { readonly message: 'null' | 'text' | 'shared' }
  | { readonly end: 'throw' | 'throw undefined' | 'exit' | 'abort' }
  /** Bytes on the pipe of a child process, in the place of the frame: no frame of ours. */
  | { readonly raw: string; readonly times?: number }
  /** The honest frame, some of its bytes changed, cut or doubled. */
  | { readonly mutate: readonly Mutation[] };

/** `at`: a part of the frame's length, of 1. */
type Mutation = { readonly at: number } & (
  | { readonly xor: number }
  | { readonly cut: number }
  | { readonly insert: string }
);

const hexBytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

const packedBytes = (given: string | Filled, times = 1): Uint8Array => {
  if (typeof given === 'string') return hexBytes(given.repeat(times));
  const { head, filler, bytes } = given;
  const begin = hexBytes(head);
  const filled = new Uint8Array(begin.length + bytes).fill(filler);
  filled.set(begin);
  return filled;
};

const valueOf = (given: unknown): unknown => {
  if (Array.isArray(given)) return given.map(valueOf);
  if (typeof given !== 'object' || given === null) return given;
  const { bytes, zeros, text, list } = given as {
    readonly bytes?: string;
    readonly zeros?: number;
    readonly text?: number;
    readonly list?: readonly [number, unknown];
  };
  if (bytes !== undefined) return hexBytes(bytes);
  if (zeros !== undefined) return new Uint8Array(zeros);
  if (text !== undefined) return 'x'.repeat(text);
  const [count, element] = list!;
  return new Array(count).fill(valueOf(element));
};

const packed = (value: unknown): Uint8Array => packFrame(valueOf(value) as Frame);

const FRAMES_FD = 3;
const CHUNK_BYTES = 1_000_000;

const mutated = (frame: Uint8Array, mutations: readonly Mutation[]): Uint8Array => {
  let bytes = Buffer.from(frame);
  for (const mutation of mutations) {
    const at = Math.min(bytes.length, Math.floor(mutation.at * bytes.length));
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    if ('cut' in mutation) bytes = Buffer.concat([before, after.subarray(mutation.cut)]);
    else if ('insert' in mutation) {
      bytes = Buffer.concat([before, hexBytes(mutation.insert), after]);
    } else if (at < bytes.length) bytes[at] = bytes[at]! ^ mutation.xor;
  }
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return own;
};

/** Past Node's own stream, and whatever the reader does with it. */
const writeRaw = (bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(FRAMES_FD, bytes, at, Math.min(CHUNK_BYTES, bytes.length - at));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
};

const MESSAGES = { null: null, text: 'text', shared: new Uint8Array(new SharedArrayBuffer(8)) };

export class Supervisor {
  readonly #post: ImageHost['post'];
  readonly #honest: Honest;
  readonly #orders: Order[] = [];

  constructor(options: SupervisorOptions) {
    this.#post = options.host.post;
    const post: ImageHost['post'] = (frame, transfer) => this.#carryOut(frame, transfer);
    this.#honest = new Honest({ ...options, host: { ...options.host, post } });
  }

  onMessage(frame: Uint8Array): void {
    this.#honest.onMessage(frame);
  }

  #carryOut(frame: Uint8Array, transfer: readonly ArrayBuffer[]): void {
    const tuple = unpackTuple(frame) as unknown as FromWorkerTuple;
    if (tuple[0] === FromWorker.log) {
      const text = Buffer.from(tuple[2]).toString('utf8');
      if (!text.startsWith('!')) return this.#post(frame, transfer);
      this.#orders.push(JSON.parse(text.slice(1)) as Order);
      return undefined;
    }
    const order = tuple[0] === FromWorker.cranks ? this.#orders.shift() : undefined;
    if (order === undefined || tuple[0] !== FromWorker.cranks) return this.#post(frame, transfer);
    if ('frame' in order) return this.#post(packed(order.frame), []);
    if ('packedFrame' in order) return this.#post(packedBytes(order.packedFrame), []);
    if ('message' in order) return this.#post(MESSAGES[order.message] as Uint8Array, []);
    if ('posts' in order) {
      for (let i = 0; i < order.count; i += 1) this.#post(packed(order.posts), []);
      return order.end === undefined ? this.#post(frame, transfer) : this.#end(order.end);
    }
    if ('end' in order) return this.#end(order.end);
    if ('mutate' in order) return this.#post(mutated(frame, order.mutate), []);
    if ('raw' in order) return writeRaw(hexBytes(order.raw.repeat(order.times ?? 1)));
    const crank =
      'crank' in order
        ? packed(order.crank)
        : packedBytes(order.packedCrank, order.times);
    const [, first, cranks, times] = tuple;
    const frames: Frame = [FromWorker.cranks, first, [...cranks.slice(0, -1), crank], times];
    return this.#post(packFrame(frames), []);
  }

  #end(how: 'throw' | 'throw undefined' | 'exit' | 'abort'): void {
    if (how === 'throw') throw new Error('taken over');
    if (how === 'throw undefined') (function* () {})().throw(undefined);
    if (how === 'exit') process.exit(0);
    process.abort();
  }
}
