/**
 * The host of one flood: a fresh kernel, one road. It says what it is at, and ends when it is told
 * anything. Whoever started it looks at the memory of this process.
 */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  bundleVat,
  KernelError,
  openKernel,
  type Kernel,
  type VatReference,
} from '@heirloom/kernel';
import type { FloodOrder, FloodWord } from './roads.js';

const VAT_FILE = fileURLToPath(new URL('../../../vats/faulty/flooder.js', import.meta.url));
const NAMES = ['flooder', 'target', 'neighbour', 'asker', 'asked'] as const;
const CHARS = 9_990_000;
/** Between two calls of those who have nothing to do with the flood. */
const PAUSE_MS = 100;

type Roots = Readonly<Record<(typeof NAMES)[number], VatReference>>;

const say = (word: FloodWord): void => void process.send?.(word);

const text = (n: number, chars = CHARS): string => `${n}`.padEnd(chars, 'x');

/** Answers one call after the other, each with as much data as it was given. */
const slowObject = () => {
  let last = Promise.resolve();
  let taken = 0;
  return {
    take: (_context: unknown, given: string): Promise<string> => {
      const { length } = given;
      const answer = last.then(() => wait(1)).then(() => text((taken += 1), length));
      last = answer.then(() => undefined);
      return answer;
    },
  };
};

class Flood {
  readonly #kernel: Kernel;
  readonly #roots: Roots;
  readonly #order: FloodOrder;
  refused = 0;

  constructor(kernel: Kernel, roots: Roots, order: FloodOrder) {
    this.#kernel = kernel;
    this.#roots = roots;
    this.#order = order;
  }

  /** Gives how many messages were fulfilled. */
  run(): Promise<number> {
    const { road } = this.#order;
    switch (road) {
      case 'hostSends':
        return this.#hostSends();
      case 'hostResults':
        return this.#hostResults();
      case 'promisesAtOnce':
        return this.#byVat({ road: 'promises', settlesAtOnce: true });
      case 'hostObjects':
        return this.#byVat({ road, target: this.#kernel.hostObject('slow') });
      case 'sends':
      case 'promises':
      case 'results':
      case 'rejections':
      case 'rows':
      case 'logs':
        return this.#byVat({ road });
      default:
        throw TypeError(`unknown road ${String(road satisfies never)}`);
    }
  }

  async #byVat(how: object): Promise<number> {
    const { flooder, target, neighbour } = this.#roots;
    const given = { count: this.#order.messages, settlesAtOnce: false, target, neighbour, ...how };
    const fulfilled = await this.#kernel.call(flooder, 'flood', [given]);
    return Number(fulfilled);
  }

  /** As fast as it can: what is refused waits for an answer, and is sent again. */
  async #hostSends(): Promise<number> {
    const waiting = new Set<Promise<void>>();
    let fulfilled = 0;
    for (let n = 0; n < this.#order.messages; n += 1) {
      for (let sent = this.#send(n); ; sent = this.#send(n)) {
        if (sent === undefined) {
          this.refused += 1;
          await Promise.race(waiting);
          continue;
        }
        const answered = sent.then(() => {
          fulfilled += 1;
          waiting.delete(answered);
        });
        waiting.add(answered);
        break;
      }
      await wait(0);
    }
    await Promise.all(waiting);
    return fulfilled;
  }

  #send(n: number): Promise<unknown> | undefined {
    try {
      return this.#kernel.send(this.#roots.target, 'take', [text(n)]).result;
    } catch (error) {
      if (error instanceof KernelError && error.code === 'INPUTS_FULL') return undefined;
      throw error;
    }
  }

  async #hostResults(): Promise<number> {
    const lengths = Array.from({ length: this.#order.messages }, async () => {
      const given = await this.#kernel.call(this.#roots.target, 'give', []);
      return String(given).length;
    });
    return (await Promise.all(lengths)).filter(length => length === CHARS).length;
  }
}

/** Calls a vat that has nothing to do with the flood, and another that calls it. */
const callMeanwhile = (kernel: Kernel, { asker, asked }: Roots) => {
  let goesOn = true;
  let answered = 0;
  const calling = (async () => {
    while (goesOn) {
      const answers = [
        await kernel.call(asked, 'echo', ['echo']),
        await kernel.call(asker, 'ask', [asked]),
      ];
      if (answers.join() !== 'echo,asked') throw Error(`answers: ${answers.join()}`);
      if (goesOn) answered += 1;
      await wait(PAUSE_MS);
    }
  })();
  return {
    stop: async (): Promise<number> => {
      goesOn = false;
      await calling;
      return answered;
    },
  };
};

const openFlood = async ({ directory, isolation }: FloodOrder): Promise<[Kernel, Roots]> => {
  const kernel = await openKernel({ directory, isolation, log: () => undefined });
  const bundleId = await kernel.installBundle(await bundleVat(VAT_FILE));
  for (const name of NAMES) await kernel.createVat({ name, bundleId });
  await kernel.registerHostObject('slow', slowObject());
  const roots = NAMES.map(name => [name, kernel.vat(name).root]);
  return [kernel, Object.fromEntries(roots) as Roots];
};

const order = JSON.parse(process.argv[2] ?? '') as FloodOrder;
const [kernel, roots] = await openFlood(order);
const flood = new Flood(kernel, roots, order);
const beside = callMeanwhile(kernel, roots);
say({ says: 'begun' });
const fulfilled = await flood.run();
const answered = await beside.stop();
say({ says: 'flooded', fulfilled, answered, refused: flood.refused });
await kernel.idle();
// Work goes on as before: nothing but the flood has ended.
const after = callMeanwhile(kernel, roots);
say({ says: 'idle' });
await once(process, 'message');
await after.stop();
await kernel.close();
process.disconnect();
