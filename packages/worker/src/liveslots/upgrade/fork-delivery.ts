/**
 * The first delivery of a vat that is a fork, and `vatPowers.onFork`.
 *
 * Everything before it was the other vat's life, replayed. From here on what that vat had given
 * away is not known to anybody; what the fork's requester is handed is. Then vat code is told, by
 * the handlers that it has left; what they begin must have come to rest with the crank.
 */
import type { CrankSink } from '../../contracts/crank-sink.js';
import { Delivery } from '../../protocol/opcodes.js';
import type { Continuation, DeliveryHandlers } from '../contract/delivery-handlers.js';
import { Fail, q } from '../contract/fail.js';
import type { Core } from '../objects/core.js';
import { whenSettled } from '../promises/promise-table.js';

const NativePromise = Promise;

type ForkHandler = (fork: { readonly vatParameters: unknown }) => unknown;

const isHandler = (handler: unknown): handler is ForkHandler => typeof handler === 'function';

interface ForkDeliveryOptions {
  readonly core: Core;
  readonly crank: CrankSink;
}

export class ForkDelivery {
  readonly #options: ForkDeliveryOptions;
  readonly #handlers: ForkHandler[] = [];

  constructor(options: ForkDeliveryOptions) {
    this.#options = options;
  }

  /** `vatPowers.onFork`: in the order in which they were given. */
  onFork(handler: unknown): void {
    if (!isHandler(handler)) throw Fail`onFork: a handler is a function, not ${q(handler)}`;
    this.#handlers.push(handler);
  }

  register(dispatcher: DeliveryHandlers): void {
    dispatcher.register(Delivery.fork, ([, body, slots, exports]) => {
      const { core } = this.#options;
      core.forks.begin();
      core.ledger.forked(exports);
      core.context.references.forgetHolders(exports);
      core.ledger.introduced(slots);
      return this.#tell(core.values.decode(body, slots));
    });
  }

  #tell(vatParameters: unknown): Continuation {
    const { core, crank } = this.#options;
    const fork = core.context.hardening.harden({ vatParameters });
    let waiting = this.#handlers.length;
    const thrown: unknown[] = [];
    const settled = (): void => {
      waiting -= 1;
    };
    for (const handler of [...this.#handlers]) {
      const called = new NativePromise(resolve => resolve(handler(fork)));
      void whenSettled(called, settled, reason => {
        thrown.push(reason);
        settled();
      });
    }
    return () => {
      if (thrown.length > 0) {
        crank.note(thrown[0]);
        return crank.raise('FORK_FAILED', 'a handler of onFork failed', thrown[0]);
      }
      if (waiting === 0) return undefined;
      return crank.raise('FORK_FAILED', 'a handler of onFork did not settle in its crank');
    };
  }
}
