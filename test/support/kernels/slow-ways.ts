/**
 * The ways out of a directory, slowed at random: what workers and the bundler answer comes late, by
 * a seed, in order of each. Nothing that a kernel does may depend on it.
 */
import {
  hostWays,
  type ChannelEvents,
  type OpenWorkers,
  type WaysOut,
} from '@heirloom/kernel/over';
import { seededRandom, type Random } from '../suite/random.js';

const TURNS_MAX = 6;
/** Some of the answers are milliseconds late: a block is a few. */
const WORKER = { chance: 0.25, msMax: 4 };
const BUNDLER = { chance: 0.75, msMax: 60 };

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
const milliseconds = (ms: number): Promise<void> => new Promise(go => setTimeout(go, ms));

/** Some turns of the event loop, now and then milliseconds. */
const wait = async (random: Random, { chance, msMax }: typeof WORKER): Promise<void> => {
  if (random.chance(chance)) return milliseconds(random.below(msMax));
  for (let turns = random.below(TURNS_MAX); turns > 0; turns -= 1) await turn();
};

/** The same events, late, in their order. */
const late = (random: Random, events: ChannelEvents): ChannelEvents => {
  let last = Promise.resolve();
  const later = (tell: () => void): void => {
    last = last.then(() => wait(random, WORKER)).then(tell);
  };
  return {
    frame: frame => later(() => events.frame(frame)),
    broken: why => later(() => events.broken(why)),
    end: (reason, cause) => later(() => events.end(reason, cause)),
  };
};

const slowWorkers =
  (openWorkers: OpenWorkers, random: Random): OpenWorkers =>
  (kind, host, onProcessGone) => {
    const open = openWorkers(kind, host, onProcessGone);
    return events => {
      let isAlive = true;
      const whileAlive = <A extends unknown[]>(tell: (...args: A) => void) =>
        (...args: A): void => {
          if (isAlive) tell(...args);
        };
      const { frame, broken, end } = events;
      const alive = {
        frame: whileAlive(frame.bind(events)),
        broken: whileAlive(broken.bind(events)),
        end: whileAlive(end.bind(events)),
      };
      const channel = open(late(random, alive));
      return {
        send: sent => channel.send(sent),
        destroy: () => {
          isAlive = false;
          return channel.destroy();
        },
      };
    };
  };

/** Workers whose every frame is told of before the kernel gets it. */
const watchedWorkers =
  (openWorkers: OpenWorkers, onFrame: () => void): OpenWorkers =>
  (...given) => {
    const open = openWorkers(...given);
    return events => {
      const frame = (sent: Uint8Array): void => {
        onFrame();
        events.frame(sent);
      };
      const [broken, end] = [events.broken.bind(events), events.end.bind(events)];
      return open({ frame, broken, end });
    };
  };

/**
 * `seed` undefined: as fast as the machine. `onFrame`: a frame of a worker is about to reach the
 * kernel, so that what delivers to this worker is still in progress.
 */
export const slowWays = (
  directory: string,
  seed: number | undefined,
  onFrame: () => void,
): WaysOut => {
  const ways = hostWays(directory);
  const watched = (openWorkers: OpenWorkers): WaysOut => ({
    ...ways,
    openWorkers: watchedWorkers(openWorkers, onFrame),
  });
  if (seed === undefined) return watched(ways.openWorkers);
  const random = seededRandom(seed);
  const slowly = async <T>(work: Promise<T>): Promise<T> => {
    await wait(random, BUNDLER);
    const done = await work;
    await wait(random, BUNDLER);
    return done;
  };
  return {
    ...watched(slowWorkers(ways.openWorkers, random)),
    makeCodeCache: image => slowly(ways.makeCodeCache(image)),
    bundling: {
      ...ways.bundling,
      deriveArchive: job => slowly(ways.bundling.deriveArchive(job)),
      deriveScript: job => slowly(ways.bundling.deriveScript(job)),
    },
  };
};
