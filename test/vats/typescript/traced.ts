/** A vat that goes wrong in every way, five calls deep and in other files. */
import type { VatPowers } from '@heirloom/worker/vat';
import type {} from '@heirloom/worker/vat-globals';
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';
import { check, type Depth } from './traced-steps.ts';

interface Parameters {
  readonly startsWrong?: boolean;
}

interface Other {
  fail(depth: Depth): unknown;
}

/** An error and a proxy that count whoever looks at them. */
const makeBait = () => {
  const bait = { reads: 0, error: Error('bait'), proxy: {} };
  const get = (): string => {
    bait.reads += 1;
    return 'no';
  };
  for (const name of ['stack', 'name', 'message', 'cause', 'errors']) {
    Object.defineProperty(bait.error, name, { get });
  }
  const getPrototypeOf = (): null => {
    bait.reads += 1;
    return null;
  };
  bait.proxy = new Proxy(Error('proxy'), { get, getPrototypeOf });
  return bait;
};

/** Long enough to be seen by a profiler that looks now and then. */
const toil = (): number => {
  let sum = 0;
  for (let i = 0; i < 50_000_000; i += 1) sum = (sum + i) % 1_000_003;
  return sum;
};

const sink = (depth: number): number => 1 + sink(depth + 1);

interface Again {
  readonly again?: unknown;
}

export const buildRootObject = (vatPowers: VatPowers, parameters?: Parameters) => {
  const bait = makeBait();
  if (parameters?.startsWrong === true) check(1);
  return Far('traced', {
    say: () => {
      try {
        check(2);
      } catch (error) {
        console.error('told:', error);
      }
    },
    fail: (depth: Depth) => check(depth),
    failLater: async () => {
      await null;
      return check(4);
    },
    forget: () => void Promise.resolve().then(() => check(5)),
    leave: () => {
      try {
        check(10);
      } catch (error) {
        vatPowers.exitVatWithFailure(error);
      }
    },
    sink: () => sink(0),
    pass: (other: Other) => E(other).fail(6),
    look: () => {
      try {
        return check(7);
      } catch (error) {
        const { message, stack } = error as Error;
        return { message, stack, keys: Reflect.ownKeys(error as Error).map(String).sort() };
      }
    },
    chat: () => console.log('nothing that anybody has to know'),
    explain: () => {
      const cause = Error('the cause');
      const error = Error('the error', { cause });
      assert.note(error, assert.details`noted ${{ deep: [1, 'x'] }}`);
      console.warn(error);
    },
    circle: () => {
      const error = Error('around');
      const other = AggregateError([error], 'and around', { cause: error });
      Object.defineProperty(error, 'cause', { value: other });
      assert.note(error, assert.details`of ${other}`);
      console.warn(error);
    },
    names: () => {
      const evaluated: unknown = new Compartment().evaluate('(() => { throw Error("inside"); })');
      try {
        (evaluated as () => never)();
      } catch (error) {
        console.error(error);
      }
    },
    bait: () => {
      console.error(bait.error, bait.proxy, Error('outer', { cause: bait.error }));
      try {
        assert.fail(assert.details`holds ${bait.proxy} and ${bait.error}`);
      } catch (failure) {
        bait.reads = 0; // those of `assert` itself
        console.error(failure);
      }
      return bait.reads;
    },
    throwBait: () => {
      throw bait.error;
    },
    baitReads: () => bait.reads,
    overflow: () => {
      // Nothing counts what patterns of parameters call.
      const overflowing = (_: object, _key: PropertyKey, { again }: Again): unknown => again;
      const bottomless: Again = new Proxy({}, { get: overflowing });
      return bottomless.again;
    },
    toil: () => toil(),
    showText: () => `${String(sink)} ${String(check)}`,
  });
};
