/**
 * One vat driven by frames as the kernel would drive it, over a store in RAM: start, waves, blocks,
 * upgrade, replay. For tests of the supervisor and of liveslots.
 *
 * References stand in data as `Ref`s. Every crank is checked to be one that the kernel would take:
 * rows in key order, packed as the digest says.
 */
import assert from 'node:assert/strict';
import { PassableCodec } from '@heirloom/store/codec';
import { packFrame, unpackFrame } from '@heirloom/store/frame';
import { keyFromBytes, transcriptKey, vatstoreKey } from '@heirloom/store/keys';
import { heightAfter } from '@heirloom/store/types';
import { storedBundleId } from '../protocol/code-ids.js';
import { Delivery, FromWorker, Syscall, ToWorker } from '../protocol/opcodes.js';
import type { CrankTuple, FromWorkerTuple, SyscallTuple } from '../protocol/from-worker.js';
import type { DeliveryTuple, HandOverRow, ToWorkerTuple } from '../protocol/to-worker.js';
import type { TranscriptTuple } from '../protocol/transcript.js';
import type { Resolution } from '../protocol/passables.js';
import { storedVRef, type VRef } from '../protocol/refs.js';
import { transcriptSums } from '../protocol/transcript.js';
import type { ImageHost, ImageInstance } from '../contracts/vat-environment.js';
import {
  FIRST_INCARNATION,
  FIRST_POSITION,
  nextIncarnation,
  positionAfter,
  spaceFrom,
  storedIncarnation,
  vatIdOf,
  vatNumberFrom,
  type Incarnation,
  type Position,
  type VatNumber,
} from '../protocol/vat-numbers.js';
import { collectGarbage } from '../zygote/collect-garbage.js';
import { FakeStore } from './fake-store.js';

/** A reference in data of the harness. */
class Ref {
  constructor(readonly vref: string) {}
}
export const ref = (vref: string): Ref => new Ref(vref);

const codec = new PassableCodec({
  slotOf: value => (value instanceof Ref ? value.vref : undefined),
  valueOf: slot => new Ref(slot),
  isHardened: () => true,
  bornHardened: value => value,
});

interface Data {
  readonly body: Uint8Array;
  readonly slots: readonly VRef[];
}
const encode = (value: unknown): Data => codec.encode(value) as Data;
const decode = (body: Uint8Array, slots: readonly string[] = []): unknown =>
  codec.decode(body, slots);

/** A syscall with its data decoded: `['send', 'o-1', 'deposit', [5n], 'p+0/1']`. */
const show = (syscall: SyscallTuple): readonly unknown[] => {
  switch (syscall[0]) {
    case Syscall.send: {
      const [, target, body, slots, result] = syscall;
      const [method, args] = decode(body, slots) as [unknown, unknown];
      return ['send', target, method, args, result];
    }
    case Syscall.subscribe:
      return ['subscribe', syscall[1]];
    case Syscall.keep:
      return ['keep', syscall[1]];
    case Syscall.resolve:
      return ['resolve', ...syscall[1].map(showResolution)];
    case Syscall.exit:
      return ['exit', syscall[1], decode(syscall[2], syscall[3])];
    case Syscall.dropImports:
    case Syscall.retireImports:
    case Syscall.retireExports:
    case Syscall.abandonExports:
    case Syscall.dismissKind:
    case Syscall.allege:
      return syscall;
    default:
      throw syscall satisfies never;
  }
};
const showResolution = ([vpid, rejected, body, slots]: Resolution): readonly unknown[] => [
  vpid,
  rejected ? 'rejected' : 'fulfilled',
  decode(body, slots),
];

/** A crank as tests look at it. */
export interface CrankView {
  readonly outcome: null | { readonly code: string; readonly error: unknown };
  readonly syscalls: readonly (readonly unknown[])[];
  readonly tuple: CrankTuple;
  readonly packed: Uint8Array;
}

const BUNDLE = storedBundleId('bundle');

interface HarnessOptions {
  readonly connect: (host: ImageHost) => ImageInstance;
  readonly vat?: VatNumber;
}

interface Ran {
  readonly incarnation: Incarnation;
  readonly position: Position;
  readonly wave: number;
  readonly delivery: Uint8Array;
  readonly crank: CrankView;
}

export class VatHarness {
  readonly store = new FakeStore();
  readonly logs: string[] = [];
  readonly vat: VatNumber;
  readonly space = spaceFrom(7);
  readonly #connect: HarnessOptions['connect'];
  #worker: ImageInstance | undefined;
  #frames: FromWorkerTuple[] = [];
  #wake: (() => void) | undefined;
  #position = FIRST_POSITION;
  #wave = 0;
  #incarnation: Incarnation | undefined;
  #script = '';
  /** What ran since the last commit. */
  #pending: Ran[] = [];

  constructor({ connect, vat = vatNumberFrom(3) }: HarnessOptions) {
    this.#connect = connect;
    this.vat = vat;
  }

  /** Begins the next incarnation; gives its startVat crank. Pending rows are handed over. */
  async start(script: string, parameters?: unknown, evaluateNow = true): Promise<CrankView> {
    const before = this.#incarnation;
    this.#incarnation = before === undefined ? FIRST_INCARNATION : nextIncarnation(before);
    this.#position = FIRST_POSITION;
    this.#script = script;
    await this.lease(evaluateNow);
    await this.#bind(this.#handOver());
    const { body, slots } = encode(parameters);
    const [crank] = await this.wave([Delivery.startVat, body, slots, false]);
    return crank!;
  }

  /** A fresh worker with the script; false if it was spoiled by being evaluated ahead. */
  async lease(evaluateNow = true): Promise<boolean> {
    this.#frames = [];
    this.#worker = this.#connect({
      reader: this.store,
      post: frame => this.#receive(frame),
      collectGarbage,
    });
    const script = new Uint8Array(Buffer.from(this.#script, 'utf8'));
    this.#send([ToWorker.prepare, BUNDLE, script, evaluateNow]);
    const answer = await this.#next();
    assert(answer[0] === FromWorker.prepared && answer[1] === BUNDLE);
    if (!answer[2] || !evaluateNow) return !answer[2];
    return this.lease(false);
  }

  message(target: string, method: unknown, args: unknown[], result: string | null): DeliveryTuple {
    const { body, slots } = encode([method, args]);
    const promise = result === null ? null : storedVRef(result);
    return [Delivery.message, storedVRef(target), body, slots, promise];
  }

  notify(...settled: readonly [vpid: string, rejected: boolean, value: unknown][]): DeliveryTuple {
    const resolutions = settled.map(([vpid, rejected, value]): Resolution => {
      const { body, slots } = encode(value);
      return [storedVRef(vpid), rejected, body, slots];
    });
    return [Delivery.notify, resolutions];
  }

  /** One wave. Fewer cranks than deliveries come back when one faults. */
  async wave(...deliveries: readonly DeliveryTuple[]): Promise<CrankView[]> {
    const packed = deliveries.map(delivery => packFrame(delivery));
    const first = this.#position;
    const wave = this.#wave;
    this.#wave += 1;
    this.#send([ToWorker.deliver, this.store.height, wave, first, packed]);
    const cranks: CrankView[] = [];
    while (cranks.length < deliveries.length && (cranks.at(-1)?.outcome ?? null) === null) {
      const frame = await this.#next();
      assert(frame[0] === FromWorker.cranks && frame[1] === first + cranks.length);
      for (const crank of frame[2]) cranks.push(viewOf(crank));
    }
    cranks.forEach((crank, i) => {
      if (crank.outcome !== null) return;
      const [incarnation, position] = [this.#running(), this.#position];
      // As the kernel does: a reap is recorded with its report (rules.md#g5).
      const given = deliveries[i]!;
      const report = crank.tuple[3];
      const delivery =
        given[0] === Delivery.reap && report !== null
          ? packFrame([Delivery.reap, report, given[2], given[3]])
          : packed[i]!;
      this.#pending.push({ incarnation, position, wave, delivery, crank });
      this.#position = positionAfter(this.#position);
    });
    return cranks;
  }

  /** The value that a method call settles its result with, in a wave of its own. */
  async call(target: string, method: unknown, ...args: unknown[]): Promise<unknown> {
    const result = `p-${900_000 + this.#position}`;
    const [crank] = await this.wave(this.message(target, method, args, result));
    assert(crank!.outcome === null, JSON.stringify(crank!.outcome));
    for (const [name, ...resolutions] of crank!.syscalls) {
      if (name !== 'resolve') continue;
      for (const [vpid, state, value] of resolutions as [string, string, unknown][]) {
        if (vpid !== result) continue;
        if (state === 'rejected') throw value;
        return value;
      }
    }
    throw Error(`${String(method)} has not settled`);
  }

  /** Commits what ran since the last block. Waves are numbered from 0 in every block. */
  commit(): void {
    const transcript = this.store.table('transcript');
    const waves = new Map<string, Ran[]>();
    for (const ran of this.#pending) {
      const { incarnation, wave, crank } = ran;
      const owner = { vat: this.vat, incarnation, space: this.space };
      for (const [key, value] of crank.tuple[2]) {
        this.store.mergeRow(owner, { key: keyFromBytes(key), value });
      }
      const key = `${incarnation}/${wave}`;
      waves.set(key, [...(waves.get(key) ?? []), ran]);
    }
    for (const rans of waves.values()) {
      const { incarnation, position, wave } = rans[0]!;
      const { checks, digest } = transcriptSums(rans.map(({ crank }) => crank.packed));
      const deliveries = rans.map(({ delivery }) => delivery);
      const height = heightAfter(this.store.height);
      const entry: TranscriptTuple = [height, wave, deliveries, checks, digest];
      transcript.set(transcriptKey(this.vat, incarnation, position), packFrame(entry));
    }
    this.#pending = [];
    this.#wave = 0;
    this.store.height = heightAfter(this.store.height);
  }

  /** Commits, then replays in a fresh worker, which takes over. Gives the worker's answer. */
  async replay(evaluateNow = true): Promise<FromWorkerTuple> {
    if (this.#pending.length > 0) this.commit();
    await this.lease(evaluateNow);
    await this.#bind([]);
    this.#send([ToWorker.replay, this.#position, []]);
    return this.#next();
  }

  async #bind(rows: readonly HandOverRow[]): Promise<void> {
    const vatId = vatIdOf(this.vat);
    const { height } = this.store;
    const own = [vatId, this.#running(), this.space] as const;
    this.#send([ToWorker.bind, ...own, height, rows, [], [], this.vat]);
    const answer = await this.#next();
    assert(answer[0] === FromWorker.bound);
  }

  /** The rows that the store does not show yet, with the headers that they will get. */
  #handOver(): HandOverRow[] {
    const rows = new Map<string, HandOverRow>();
    const bornOf = (key: string, incarnation: Incarnation): Incarnation => {
      const row = rows.get(key);
      if (row !== undefined) return row[1] === null ? incarnation : row[2];
      const stored = this.store.table('vatstore').get(vatstoreKey(this.space, key));
      if (stored === undefined) return incarnation;
      return storedIncarnation(Buffer.from(stored).readUInt32BE(0));
    };
    for (const { incarnation, crank } of this.#pending) {
      for (const [bytes, value] of crank.tuple[2]) {
        const key = keyFromBytes(bytes);
        rows.set(key, [bytes, value, bornOf(key, incarnation), incarnation]);
      }
    }
    return [...rows.values()];
  }

  #running(): Incarnation {
    return this.#incarnation ?? assert.fail('no incarnation has begun');
  }

  #send(tuple: ToWorkerTuple): void {
    assert(this.#worker !== undefined, 'no worker');
    this.#worker.onMessage(packFrame(tuple));
  }

  #receive(frame: Uint8Array): void {
    const tuple = unpackFrame(frame) as unknown as FromWorkerTuple;
    if (tuple[0] === FromWorker.log) {
      this.logs.push(`${tuple[1]}: ${Buffer.from(tuple[2]).toString('utf8')}`);
      return;
    }
    if (tuple[0] === FromWorker.progress || tuple[0] === FromWorker.trace) return;
    this.#frames.push(tuple);
    this.#wake?.();
  }

  async #next(): Promise<FromWorkerTuple> {
    while (this.#frames.length === 0) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift()!;
  }
}

const viewOf = (packed: Uint8Array): CrankView => {
  const tuple = unpackFrame(packed) as unknown as CrankTuple;
  const [outcome, syscalls, rows] = tuple;
  const keys = rows.map(([key]) => keyFromBytes(key));
  assert(keys.every((key, i) => i === 0 || keys[i - 1]! < key), 'rows are in key order');
  const told = outcome === null ? null : { code: outcome[0], error: decode(outcome[1]) };
  const shown = syscalls.filter(([op]) => op !== Syscall.allege).map(show);
  return { outcome: told, syscalls: shown, tuple, packed };
};
