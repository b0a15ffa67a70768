/**
 * The first moments of a vat, run for their effect on V8 alone: the functions that they call are
 * then part of the image's code cache, and a real vat need not wait for them to be compiled.
 */
import { PassableCodec } from '@heirloom/store/codec';
import { packFrame } from '@heirloom/store/frame-writer';
import { FIRST_HEIGHT } from '@heirloom/store/types';
import { utf8 } from '@heirloom/store/utf8';
import { storedBundleId } from '../protocol/code-ids.js';
import { unpackTuple } from '../protocol/frame-reader.js';
import { Delivery, FromWorker, ToWorker } from '../protocol/opcodes.js';
import type { DeliveryTuple, ToWorkerTuple } from '../protocol/to-worker.js';
import { durableRef, importRef, kernelPromiseRef, ROOT_VREF, type VRef } from '../protocol/refs.js';
import {
  FIRST_INCARNATION,
  FIRST_POSITION,
  FIRST_VAT,
  spaceOf,
  vatIdOf,
} from '../protocol/vat-numbers.js';
import type { ImageExports } from './image-loader.js';
import { NO_STORE } from './no-store.js';

/** Defines a durable kind and a store, and pays into a purse. */
const SCRIPT = `(() => {
  const Far = (name, methods) => harden(Object.setPrototypeOf(methods,
    harden(Object.create(Object.prototype, {
      [Symbol.for('passStyle')]: { value: 'remotable' },
      [Symbol.toStringTag]: { value: 'Alleged: ' + name },
    }))));
  const buildRootObject = (vatPowers, parameters, baggage) => {
    const { defineDurableKind, makeKindHandle, makeScalarBigMapStore } = VatData;
    if (!baggage.has('kind')) {
      baggage.init('kind', makeKindHandle('purse'));
      baggage.init('all', makeScalarBigMapStore('all', { durable: true }));
    }
    const all = baggage.get('all');
    const make = defineDurableKind(baggage.get('kind'), n => ({ n }), {
      deposit: ({ state }, amount) => (state.n += amount),
    });
    all.getSize();
    return Far('root', {
      make() { all.init(1, make(1n)); return all.get(1); },
      send: target => HandledPromise.applyMethod(target, 'pay', [1n]),
    });
  };
  return { buildRootObject };
})()`;

/** Stands for the one import that the rehearsal mentions. */
const IMPORT = Object.freeze({});
const codec = new PassableCodec<VRef>({
  slotOf: value => (value === IMPORT ? importRef(1) : undefined),
  valueOf: () => IMPORT,
  isHardened: () => true,
  bornHardened: value => value,
});

const message = (target: VRef, method: string, args: unknown[], n: number): DeliveryTuple => {
  const { body, slots } = codec.encode([method, args]);
  return [Delivery.message, target, body, slots, kernelPromiseRef(n)];
};

/** Resolves when every delivery has been answered by a crank. */
export const rehearse = (image: ImageExports): Promise<void> =>
  new Promise(resolve => {
    const parameters = codec.encode({ version: 1 });
    const deliveries: readonly DeliveryTuple[] = [
      [Delivery.startVat, parameters.body, [], false],
      message(ROOT_VREF, 'make', [], 1),
      message(durableRef(10, 1), 'deposit', [1n], 2),
      message(ROOT_VREF, 'send', [IMPORT], 3),
      [Delivery.notify, []],
    ];
    let left = deliveries.length;
    const instance = image.startImage({
      reader: NO_STORE,
      post: frame => {
        const [opcode, , cranks] = unpackTuple(frame);
        if (opcode === FromWorker.cranks && Array.isArray(cranks)) left -= cranks.length;
        if (left === 0) resolve();
      },
      collectGarbage: () => undefined,
    });
    const send = (tuple: ToWorkerTuple): void => instance.onMessage(packFrame(tuple));
    send([ToWorker.prepare, storedBundleId('rehearsal'), utf8(SCRIPT), true]);
    const vat = FIRST_VAT;
    const own = [vatIdOf(vat), FIRST_INCARNATION, spaceOf(vat)] as const;
    send([ToWorker.bind, ...own, FIRST_HEIGHT, [], [], [], vat]);
    const packed = deliveries.map(delivery => packFrame(delivery));
    send([ToWorker.deliver, FIRST_HEIGHT, 0, FIRST_POSITION, packed]);
  });
