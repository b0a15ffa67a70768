/**
 * What each delivery does. One handler per opcode; a handler runs in the crank of its delivery.
 *
 * A delivery that takes several turns (startVat) gives back how it goes on: that is called when the
 * microtask queue is empty, and so on until it gives back nothing. Reap, sweep and the other
 * deliveries about garbage get their handlers through `register`.
 */
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { HandledPromises } from '../../contracts/handled-promises.js';
import type { Hardening } from '../../contracts/hardening.js';
import { dispatchLocally } from '../../eventual-send/send-dispatch.js';
import { Delivery } from '../../protocol/opcodes.js';
import type { DeliveryTuple } from '../../protocol/to-worker.js';
import { isObject } from '../../values.js';
import type { ValueCodec } from '../contract/context.js';
import type {
  Continuation,
  DeliveryHandler,
  DeliveryHandlers,
  DeliveryOf,
  DeliveryOpcode,
} from '../contract/delivery-handlers.js';
import type { Dismissals } from '../objects/dismissals.js';
import type { Ledger } from '../objects/ledger.js';
import { isPromise, whenSettled, type PromiseEntry } from '../promises/promise-table.js';
import type { Promises } from '../promises/promises.js';
import type { VatReferences } from '../references/references.js';

const NativePromise = Promise;

interface DispatcherOptions {
  readonly crank: CrankSink;
  readonly handled: HandledPromises;
  readonly hardening: Hardening;
  readonly codec: ValueCodec;
  readonly references: VatReferences;
  readonly promises: Promises;
  readonly ledger: Ledger;
  readonly dismissals: Dismissals;
}

type Reaction = Continuation | undefined;

const isOf = <Op extends DeliveryOpcode>(
  opcode: Op,
  delivery: DeliveryTuple,
): delivery is DeliveryOf<Op> => delivery[0] === opcode;

/** Why the result of a message is rejected that is none: canonical bytes of [method, args]. */
const NO_MESSAGE = 'the message is not [method, args]';

export class Dispatcher implements DeliveryHandlers {
  readonly #options: DispatcherOptions;
  readonly #handlers = new Map<DeliveryOpcode, (delivery: DeliveryTuple) => Reaction>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.register(Delivery.message, delivery => this.#message(delivery));
    this.register(Delivery.notify, ([, resolutions]) => {
      for (const [, , , slots] of resolutions) options.ledger.introduced(slots);
      options.promises.notify(resolutions);
      return undefined;
    });
  }

  register<Op extends DeliveryOpcode>(opcode: Op, handler: DeliveryHandler<Op>): void {
    this.#handlers.set(opcode, delivery => {
      check(isOf(opcode, delivery), 'a delivery comes to the handler of its opcode');
      return handler(delivery);
    });
  }

  deliver(delivery: DeliveryTuple): Continuation | undefined {
    const handler = this.#handlers.get(delivery[0]);
    if (handler === undefined) {
      return this.#options.crank.raise('BAD_DELIVERY', `no delivery ${String(delivery[0])}`);
    }
    return handler(delivery);
  }

  #message([, target, body, slots, result]: DeliveryOf<typeof Delivery.message>): undefined {
    const { codec, dismissals, promises, references, ledger } = this.#options;
    ledger.introduced(slots);
    const receiver = references.valueOf(target);
    const message = this.#readMessage(() => codec.decode(body, slots));
    const entry = result === null ? undefined : promises.takeResult(result);
    // The message was on its way when the kind was dismissed.
    const revocation = dismissals.revocationOf(target);
    if (revocation !== undefined) return this.#reject(entry, Error(revocation));
    if (message === undefined) return this.#reject(entry, TypeError(NO_MESSAGE));
    const [method, args] = message;
    this.#apply(receiver, method, args, entry);
  }

  /**
   * What the sender's worker has said, if it is a message: one that was taken over may send any
   * bytes, which the kernel passes on unseen.
   */
  #readMessage(
    decode: () => unknown,
  ): readonly [string | symbol | undefined, readonly unknown[]] | undefined {
    let message: unknown;
    try {
      message = decode();
    } catch {
      return undefined;
    }
    if (Array.isArray(message) && message.length === 2) {
      const [method, args]: readonly unknown[] = message;
      const isName =
        typeof method === 'string' || typeof method === 'symbol' || method === undefined;
      if (isName && Array.isArray(args)) return [method, args];
    }
    return undefined;
  }

  #reject(entry: PromiseEntry | undefined, reason: Error): undefined {
    const { hardening, promises } = this.#options;
    if (entry === undefined) return;
    promises.settleResult(entry, { rejected: true, value: hardening.harden(reason) });
  }

  #apply(
    receiver: object,
    property: string | symbol | undefined,
    args: readonly unknown[],
    entry: PromiseEntry | undefined,
  ): undefined {
    const { crank, handled, hardening, promises } = this.#options;
    const operation = property === undefined ? 'applyFunction' : 'applyMethod';
    let value: unknown;
    let rejected = false;
    try {
      value = hardening.harden(dispatchLocally({ operation, property, args }, receiver));
      const promise = this.#promiseOf(value);
      if (promise !== undefined) {
        if (entry !== undefined) promises.followForResult(entry, promise);
        return undefined;
      }
    } catch (error) {
      crank.note(error);
      rejected = true;
      value = error;
    }
    // After the sends that the method made in its turn.
    if (entry !== undefined) {
      handled.afterSends(() => promises.settleResult(entry, { rejected, value }));
    }
    return undefined;
  }

  /** The promise that an eventual send would follow if a method gave it `value`. */
  #promiseOf(value: unknown): Promise<unknown> | undefined {
    if (!isObject(value)) return undefined;
    if (isPromise(value)) return value;
    // A thenable is followed as `resolve` would; its `then` runs in a turn of its own.
    if (typeof value['then'] !== 'function') return undefined;
    return whenSettled(NativePromise.resolve(), () => value);
  }
}
