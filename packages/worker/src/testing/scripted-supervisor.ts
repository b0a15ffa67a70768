/**
 * A worker whose vat follows a seeded script (scripted-vat.ts): it speaks the frames of a worker,
 * and runs where it is put. In an image (`build-image.mjs --supervisor`) it is what threads and
 * child processes run; a test may run the very same class in the kernel's own thread.
 *
 * Turns, cranks, rows, waves and replays are those of the supervisor. What connects them (bind,
 * hand-over, deliver, replay) is written here a second time: the supervisor's goes with liveslots.
 * The seed is what the vat's bundle says behind `seed:`.
 */
import assert from 'node:assert/strict';
import type { BinaryKey, ReadSnapshot } from '@heirloom/store';
import { packFrame } from '@heirloom/store/frame-writer';
import { keyFromBytes } from '@heirloom/store/keys';
import { required, type Height } from '@heirloom/store/types';
import { utf8 } from '@heirloom/store/utf8';
import type { ImageHost } from '../contracts/vat-environment.js';
import type { FromWorkerTuple } from '../protocol/from-worker.js';
import type { Observations } from '../protocol/observations.js';
import { packDescription } from '../protocol/description.js';
import { FromWorker, ToWorker } from '../protocol/opcodes.js';
import type { HandOverWave, ToWorkerTuple } from '../protocol/to-worker.js';
import { readToWorker } from '../protocol/tuples.js';
import {
  vatNumberOf,
  type Incarnation,
  type Position,
  type Spaces,
  type VatNumber,
} from '../protocol/vat-numbers.js';
import { CrankChunk } from '../supervisor/crank-chunk.js';
import { Crank } from '../supervisor/crank.js';
import { Engine } from '../supervisor/engine.js';
import { nextTurn } from '../supervisor/host-powers.js';
import { Replay } from '../supervisor/replay.js';
import { LiveBase, ReplayBase, type HandedRow } from '../supervisor/row-base.js';
import { VatRows, type Retained } from '../supervisor/rows.js';
import { Turns } from '../supervisor/turns.js';
import { Wave } from '../supervisor/wave.js';
import { ScriptedVat } from './scripted-vat.js';

export { SeededRandom } from './seeded-random.js';
export { LiveBase, ReplayBase } from '../supervisor/row-base.js';

type MessageOf<Op extends ToWorkerTuple[0]> = Extract<ToWorkerTuple, readonly [Op, ...unknown[]]>;

interface Bound {
  readonly vat: VatNumber;
  readonly incarnation: Incarnation;
  readonly height: Height;
  readonly handed: ReadonlyMap<BinaryKey, HandedRow>;
  readonly handedPreImages: ReadonlyMap<BinaryKey, Uint8Array>;
  readonly history: VatNumber;
}

/** A bundle that such a worker takes for a script. */
export const scriptedBundle = (
  seed: number,
): { readonly moduleFormat: 'endoScript'; readonly source: string } => ({
  moduleFormat: 'endoScript',
  source: `({ seed: ${seed} })`,
});

/** What every engine shows to such a vat. */
export const SCRIPTED_OBSERVATIONS: Observations = [['scripted', '0123456789abcdef']];

const seedOf = (script: Uint8Array): string =>
  /seed: *(\d+)/.exec(Buffer.from(script).toString('latin1'))?.[1] ?? assert.fail('no seed');

export class Supervisor {
  readonly #host: ImageHost;
  readonly #crank = new Crank();
  readonly #rows = new VatRows(this.#crank);
  readonly #turns = new Turns();
  readonly #chunk = new CrankChunk();
  readonly #vat = new ScriptedVat(this.#crank, this.#rows);
  readonly #engine: Engine;
  readonly #inbox: ToWorkerTuple[] = [];
  #isWorking = false;
  #seed = '';
  #bound: Bound | undefined;
  #spaces: Spaces | undefined;

  constructor({ host }: { readonly host: ImageHost }) {
    this.#host = host;
    this.#engine = new Engine(this.#crank, this.#rows, this.#vat, {
      beforeCrank: () => undefined,
    });
  }

  onMessage(frame: Uint8Array): void {
    this.#inbox.push(readToWorker(frame));
    if (!this.#isWorking) this.#work();
  }

  #work(): void {
    this.#isWorking = false;
    const message = this.#inbox.shift();
    if (message === undefined) return undefined;
    this.#isWorking = true;
    switch (message[0]) {
      case ToWorker.prepare:
        this.#seed = seedOf(message[2]);
        this.#post([FromWorker.prepared, message[1], false]);
        return this.#work();
      case ToWorker.bind:
        this.#bind(message);
        return this.#work();
      case ToWorker.bundle:
      case ToWorker.noteSites:
        return this.#work();
      case ToWorker.restack:
        this.#spaces = [message[1], ...message[2]];
        return this.#work();
      case ToWorker.deliver:
        return this.#deliver(message);
      case ToWorker.replay:
        return this.#replay(message[1], message[2]);
      case ToWorker.observe:
        return this.#post([FromWorker.observed, SCRIPTED_OBSERVATIONS]);
      case ToWorker.describe:
        this.#post([FromWorker.described, packDescription([[], [], [], [], []])]);
        return this.#work();
      default:
        throw TypeError(`unknown message ${String((message satisfies never)[0])}`);
    }
  }

  #bind(message: MessageOf<typeof ToWorker.bind>): void {
    const [, vatId, incarnation, space, height, rows, below, preImages, history] = message;
    const handed = new Map(rows.map(([key, value, born, written]) =>
      [keyFromBytes(key), { value, born, written }] as const));
    const handedPreImages = new Map(
      preImages.map(([key, value]) => [keyFromBytes(key), value] as const),
    );
    const vat = vatNumberOf(vatId) ?? assert.fail('the id of a vat');
    this.#bound = { vat, incarnation, height, handed, handedPreImages, history };
    this.#spaces = [space, ...below];
    this.#vat.bind(this.#seed, vatId, incarnation);
    this.#adoptHanded(this.#bound);
    this.#post([FromWorker.bound]);
  }

  #adoptHanded({ handed, height }: Bound): void {
    const retained = new Map<BinaryKey, Retained>();
    for (const [key, { value }] of handed) retained.set(key, { value, height: height + 1 });
    this.#rows.adopt(retained);
  }

  #snapshot(height: Height): ReadSnapshot {
    const snapshot = this.#host.reader.begin();
    assert(snapshot.height >= height, 'the snapshot is older than the last block');
    return snapshot;
  }

  #deliver([, height, , firstPosition, deliveries]: MessageOf<typeof ToWorker.deliver>): void {
    const snapshot = this.#snapshot(height);
    const spaces = required(this.#spaces, 'a vat with spaces');
    this.#rows.open(new LiveBase(snapshot, spaces), snapshot.height);
    this.#turns.run(
      new Wave({
        ...{ engine: this.#engine, deliveries, firstPosition, height: height + 1 },
        chunk: this.#chunk,
        ended: () => undefined,
        isCareful: this.#host.isCareful === true,
        post: frame => this.#host.post(frame, [frame.buffer as ArrayBuffer]),
        finish: () => {
          this.#vat.endWave();
          this.#rows.close();
          snapshot.done();
          nextTurn(() => this.#work());
        },
      }),
    );
  }

  #replay(endPosition: Position, waves: readonly HandOverWave[]): void {
    const bound = this.#bound ?? assert.fail('the worker has no vat');
    const { vat, incarnation, height, history, handed, handedPreImages } = bound;
    const snapshot = this.#snapshot(height);
    this.#rows.forget();
    const owner = snapshot.height > height ? vat : history;
    const spaces = required(this.#spaces, 'a vat with spaces');
    const start = { view: snapshot, vat: owner, incarnation, spaces };
    const base = new ReplayBase({ ...start, handed, handedPreImages });
    this.#rows.open(base, snapshot.height);
    this.#turns.run(
      new Replay({
        engine: this.#engine,
        ...{ view: snapshot, vat: history, incarnation, endPosition, handed: new Map(waves) },
        endWave: () => this.#vat.endWave(),
        progress: () => undefined,
        finish: divergence => {
          this.#rows.close();
          this.#rows.forget();
          this.#adoptHanded(bound);
          snapshot.done();
          if (divergence === undefined) this.#post([FromWorker.replayed, endPosition]);
          else {
            const { position, reason } = divergence;
            this.#post([FromWorker.diverged, position, utf8(reason)]);
          }
          nextTurn(() => this.#work());
        },
      }),
    );
  }

  #post(tuple: FromWorkerTuple): void {
    const frame = packFrame(tuple);
    this.#host.post(frame, [frame.buffer as ArrayBuffer]);
  }
}
