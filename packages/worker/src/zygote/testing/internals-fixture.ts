/** What liveslots does with the inside of HandledPromise. Prints one log per case. */
import { handledPromises as inside } from '../before-ses.js';

import type { Send, SendHandler } from '../../contracts/handled-promises.js';
import type { Eventual } from './send-scripts.js';

process.on('unhandledRejection', () => undefined);
await import('ses'); // after before-ses: an external import would be hoisted
lockdown({ errorTaming: 'safe', overrideTaming: 'severe', reporting: 'none' });
const { E } = (await import('@endo/eventual-send')) as unknown as { E: Eventual };

let out: string[] = [];
const log = (...parts: unknown[]): void => void out.push(parts.map(String).join(' '));
const sends: Send[] = [];
const queueing = (name: string): SendHandler => ({
  queueSend(send, target) {
    sends.push(send);
    const { operation, property, args, isSendOnly } = send;
    log(
      name,
      operation,
      String(property),
      args.length,
      Object.isFrozen(args),
      isSendOnly,
      target.state,
    );
  },
});
const watch = (name: string, promise: Promise<unknown>): void => {
  promise.then(
    value => log(name, '->', value),
    (error: unknown) => log(name, 'x', error),
  );
};
const idle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

const cases: Record<string, () => Promise<void> | void> = {
  async fastPath() {
    const { presence, record } = inside.makePresence(queueing('presence'));
    harden(presence);
    log(inside.recordOf(presence) === record, record.state, inside.recordOf({}) === undefined);
    watch('first', E(presence)['m']!(1));
    void E(presence)(2);
    void E.get(presence)['p'];
    void E.sendOnly(presence)['q']!();
    inside.afterSends(() => log('after sends'));
    void E(presence)['last']!();
    log('sync end');
    await idle();
    inside.resolveRecord(sends[0]!.result, 'answer');
    await idle();
    log(
      record.promise === inside.recordOf(record.promise)?.promise,
      (await record.promise) === presence,
    );
  },
  async pipeliningInOneTurn() {
    const pipelined = queueing('pipelined');
    const { presence } = inside.makePresence({
      queueSend(send) {
        log('send', String(send.property));
        inside.setHandler(send.result, pipelined);
      },
    });
    const first = E(presence)['a']!();
    void E(first)['b']!();
    void E(presence)['c']!();
    void E(first)['d']!();
    await idle();
    void E(first)['e']!();
    await idle();
  },
  async postponedThenHandled() {
    const record = inside.makePending();
    void E(record.promise)['a']!();
    void E(record.promise)['b']!();
    await idle();
    log('idle');
    inside.setHandler(record, queueing('late'));
    void E(record.promise)['c']!();
    await idle();
    const target = harden({ d: () => 'local' });
    watch('d', E(record.promise)['d']!());
    inside.resolveRecord(record, target);
    inside.resolveRecord(record, 5);
    inside.rejectRecord(record, new Error('no-op'));
    await idle();
    log(record.state, (await record.promise) === target);
  },
  async following() {
    const [a, b] = [inside.makePending(), inside.makePending(queueing('b'))];
    void E(a.promise)['one']!();
    await idle();
    inside.resolveRecord(a, b.promise);
    log(a.state, inside.recordOf(a.promise) === a);
    void E(a.promise)['two']!();
    await idle();
    const { presence } = inside.makePresence(queueing('end'));
    harden(presence);
    inside.resolveRecord(b, presence);
    void E(a.promise)['three']!();
    log(b.state, b.presence === presence, (await a.promise) === presence);
    await idle();
  },
  async selfCycle() {
    const record = inside.makePending();
    watch('send', E(record.promise)['m']!());
    inside.resolveRecord(record, record.promise);
    watch('later', E(record.promise)['m']!());
    await idle();
  },
  async throwingHandler() {
    const { presence } = inside.makePresence({
      queueSend() {
        throw new TypeError('refused');
      },
    });
    watch('send', E(harden(presence))['m']!());
    await idle();
  },
  async order() {
    // FIFO per promise: a send that waited comes before one made after the resolution.
    const record = inside.makePending();
    const target = harden({ m: (n: unknown) => log('m', n) });
    void E(record.promise)['m']!(1);
    await idle();
    inside.resolveRecord(record, target);
    void E(record.promise)['m']!(2);
    void E(target)['m']!(3);
    await idle();
  },
};

const logs: Record<string, string[]> = {};
for (const [name, run] of Object.entries(cases)) {
  out = [];
  logs[name] = out;
  await run();
  sends.length = 0;
}
console.log(JSON.stringify(logs));
