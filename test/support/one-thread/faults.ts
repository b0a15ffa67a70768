/**
 * Ways out with faults: workers die amid a crank or a replay, or send what is no frame; commits
 * fail, or succeed and nobody is told.
 *
 * Invariant: a fault is decided by the seed, how often the kernel was opened, and what it befalls:
 * a crank by vat, incarnation and position, a commit by its number since the opening. So it befalls
 * the same in memory as over LMDB and threads, and what is tried again may go well.
 */
import type { ChannelEvents, OpenChannel, WaysOut, WorkerChannel } from '@heirloom/kernel/over';
import { packFrame, type Environment } from '@heirloom/store';
import { FromWorker, ToWorker, unpackTuple } from '@heirloom/worker';
import { SeededRandom } from '@heirloom/worker/scripted';

/** One in so many. */
const CRANK_DEATHS = 700;
const CRANK_GARBAGE = 700;
const REPLAY_DEATHS = 12;
const COMMITS_REFUSED = 40;
const COMMITS_UNTOLD = 40;

interface FaultCounts {
  deaths: number;
  garbage: number;
  replayDeaths: number;
  commitsRefused: number;
  commitsUntold: number;
}

const GARBAGE: readonly ((random: SeededRandom) => Uint8Array)[] = [
  () => new Uint8Array(0),
  random => Uint8Array.from({ length: 40 }, () => random.below(256)),
  () => packFrame([99]),
  () => packFrame([FromWorker.cranks, 1_000_000, [], []]),
  () => packFrame([FromWorker.cranks, -1, [], []]),
  () => packFrame([FromWorker.bound]),
  () => packFrame([FromWorker.prepared, 'b1-other', false]),
  () => packFrame([FromWorker.progress, 3]),
];

export class Faults {
  readonly counts: FaultCounts = {
    ...{ deaths: 0, garbage: 0, replayDeaths: 0, commitsRefused: 0, commitsUntold: 0 },
  };
  readonly #seed: string;
  #opening = 0;
  #commits = 0;
  readonly #replaysHit = new Set<string>();

  constructor(seed: number) {
    this.#seed = `faults/${seed}`;
  }

  /** A kernel is about to be opened. */
  nextOpening(): void {
    this.#opening += 1;
    this.#commits = 0;
    this.#replaysHit.clear();
  }

  /** The same ways out, and faults. */
  over(ways: WaysOut): WaysOut {
    const { place, openWorkers } = ways;
    return {
      ...ways,
      place: {
        name: place.name,
        lock: () => place.lock(),
        prepare: () => place.prepare(),
        endCreation: () => place.endCreation(),
        sizeBytes: () => place.sizeBytes(),
        openEnvironment: readersMax => this.#environment(place.openEnvironment(readersMax)),
      },
      openWorkers: (kind, host, onProcessGone) =>
        this.#channels(openWorkers(kind, host, onProcessGone)),
    };
  }

  #random(...what: readonly (string | number)[]): SeededRandom {
    return new SeededRandom([this.#seed, this.#opening, ...what].join('/'));
  }

  #environment(inner: Environment): Environment {
    const write: Environment['write'] = async (rows, drive) => {
      this.#commits += 1;
      const random = this.#random('commit', this.#commits);
      // The first blocks make the store, before a host can do anything about it.
      if (this.#opening > 1 && random.isOneIn(COMMITS_REFUSED)) {
        this.counts.commitsRefused += 1;
        throw new Error('no space left on device');
      }
      await inner.write(rows, drive);
      if (this.#opening > 1 && random.isOneIn(COMMITS_UNTOLD)) {
        this.counts.commitsUntold += 1;
        throw new Error('the device is gone');
      }
    };
    return {
      openTable: (table, options) => inner.openTable(table, options),
      openTables: options => inner.openTables(options),
      get: (table, key, snapshot) => inner.get(table, key, snapshot),
      keysAfter: (table, range, snapshot) => inner.keysAfter(table, range, snapshot),
      rowsAfter: (table, range, snapshot) => inner.rowsAfter(table, range, snapshot),
      rowCount: table => inner.rowCount(table),
      beginSnapshot: () => inner.beginSnapshot(),
      readerCheck: () => inner.readerCheck(),
      close: () => inner.close(),
      write,
    };
  }

  #channels(open: OpenChannel): OpenChannel {
    return events => new FaultyChannel(open, events, frame => this.#befalls(frame)).channel;
  }

  /** What happens to a worker that posts this. */
  #befalls({ owner, tuple }: Posted): Fate {
    if (tuple[0] === FromWorker.replayed) {
      // The careful worker that is tried next is spared.
      if (this.#replaysHit.has(owner)) return 'spared';
      this.#replaysHit.add(owner);
      if (!this.#random('replay', owner).isOneIn(REPLAY_DEATHS)) return 'spared';
      this.counts.replayDeaths += 1;
      return 'dies';
    }
    if (tuple[0] !== FromWorker.cranks) return 'spared';
    const [, first, cranks] = tuple as readonly [number, number, readonly Uint8Array[]];
    for (let position = first; position < first + cranks.length; position += 1) {
      const random = this.#random('crank', owner, position);
      if (random.isOneIn(CRANK_DEATHS)) {
        this.counts.deaths += 1;
        return 'dies';
      }
      if (random.isOneIn(CRANK_GARBAGE)) {
        this.counts.garbage += 1;
        return random.pick(GARBAGE)(random);
      }
    }
    return 'spared';
  }
}

interface Posted {
  /** Vat and incarnation. */
  readonly owner: string;
  readonly tuple: readonly unknown[];
}

/** Bytes: they are told in the place of what the worker posted. */
type Fate = 'spared' | 'dies' | Uint8Array;

class FaultyChannel {
  readonly channel: WorkerChannel;
  #owner = '';
  #isDead = false;

  constructor(open: OpenChannel, events: ChannelEvents, befalls: (posted: Posted) => Fate) {
    const inner = open({
      frame: frame => {
        if (this.#isDead) return;
        const fate = befalls({ owner: this.#owner, tuple: unpackTuple(frame) });
        if (fate === 'spared') return events.frame(frame);
        if (fate !== 'dies') return events.frame(fate);
        this.#isDead = true;
        void inner.destroy();
        events.end('it was killed');
      },
      broken: why => events.broken(why),
      end: (reason, cause) => {
        if (!this.#isDead) events.end(reason, cause);
      },
    });
    this.channel = {
      send: frame => {
        const [op, vatId, incarnation] = unpackTuple(frame) as readonly unknown[];
        if (op === ToWorker.bind) this.#owner = `${String(vatId)}/${String(incarnation)}`;
        inner.send(frame);
      },
      destroy: () => inner.destroy(),
    };
  }
}
