/**
 * `watchPromise` and `providePromiseWatcher` (sections 2.3 and 2.11 of test/objects/README.md), one
 * vat driven by frames.
 */
import { ROW_WATCH_PREFIX, keyFromBytes, rowWatcher } from '@heirloom/store/keys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FromWorker } from '../../protocol/opcodes.js';
import { makePlainHarness } from '../../testing/plain-worker.js';
import { ref, type CrankView, type VatHarness } from '../../testing/vat-harness.js';

/** Vat code: a watcher that writes a log, and the methods given, in each incarnation. */
const vatOf = (methods: Record<string, string>, start = ''): string => `(() => {
  const kit = () => {
    let settle = {};
    const promise = new Promise((resolve, reject) => { settle = { resolve, reject }; });
    return { promise, ...settle };
  };
  const buildRootObject = (vatPowers, parameters, baggage) => {
    const kept = {};
    const log = [];
    const handleOf = name => {
      if (!baggage.has(name)) baggage.init(name, VatData.makeKindHandle(name));
      return baggage.get(name);
    };
    const note = kind => (value, ...args) => void log.push([kind, value, ...args]);
    const watcher = VatData.providePromiseWatcher(handleOf('w'), note('ok'), note('no'));
    ${start}
    return Far('root', {
      getLog: () => harden(log.splice(0)),
      ${Object.entries(methods).map(([name, body]) => `${name}${body}`).join(',\n')}
    });
  };
  return { buildRootObject };
})()`;

const WATCH = '(p, ...args) { VatData.watchPromise(p, watcher, ...args); }';
const OWN = `(...args) {
  kept.k = kit();
  VatData.watchPromise(kept.k.promise, watcher, ...args);
}`;
const SETTLE = '(value) { kept.k.resolve(value); }';
const DISCONNECTED = { name: 'vatUpgraded', upgradeMessage: '', incarnationNumber: 0 };

const startOn = async (vat: VatHarness, script: string, parameters?: unknown) => {
  const crank = await vat.start(script, parameters);
  expect(crank.outcome).toBeNull();
  return crank;
};
const started = async (methods: Record<string, string>, start?: string): Promise<VatHarness> => {
  const vat = makePlainHarness();
  await startOn(vat, vatOf(methods, start));
  return vat;
};
const send = async (vat: VatHarness, method: string, ...args: unknown[]): Promise<CrankView> => {
  const [crank] = await vat.wave(vat.message('o+0', method, args, null));
  expect(crank!.outcome).toBeNull();
  return crank!;
};
/** The rows of watches that a crank wrote: the promises, with `-` those of deleted rows. */
const watches = ({ tuple }: CrankView): string[] =>
  tuple[2]
    .map(([key, value]) => [keyFromBytes(key), value] as const)
    .filter(([key]) => key.startsWith(ROW_WATCH_PREFIX))
    .map(([key, value]) => (value === null ? '-' : '+') + key.slice(1));

describe('watched promises: fulfilled and rejected', () => {
  it('imported -> a row; the notify removes it, the watcher gets the args', async () => {
    const vat = await started({ watch: WATCH });
    const crank = await send(vat, 'watch', ref('p-4'), 'a', ref('o-5'));
    expect(crank.syscalls).toEqual([['subscribe', 'p-4']]);
    expect(watches(crank)).toEqual(['+p-4']);
    const [notified] = await vat.wave(vat.notify(['p-4', false, 7]));
    expect(notified!.syscalls).toEqual([]);
    expect(watches(notified!)).toEqual(['-p-4']);
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 7, 'a', ref('o-5')]]);
  });

  it('a rejection -> onRejected', async () => {
    const vat = await started({ watch: WATCH });
    await send(vat, 'watch', ref('p-4'), 1);
    await vat.wave(vat.notify(['p-4', true, 'no']));
    expect(await vat.call('o+0', 'getLog')).toEqual([['no', 'no', 1]]);
  });

  it('the result of a send of the same turn -> watched by the name of the send', async () => {
    const go = '(a) { VatData.watchPromise(E(a).one(), watcher); }';
    const vat = await started({ go });
    const crank = await send(vat, 'go', ref('o-1'));
    expect(crank.syscalls).toEqual([['send', 'o-1', 'one', [], 'p+0/1']]);
    expect(watches(crank)).toEqual(['+p+0/1']);
    await vat.wave(vat.notify(['p+0/1', false, 'done']));
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 'done']]);
  });

  it('watched twice -> one row; both fire, in order', async () => {
    const again = `(p) {
      VatData.watchPromise(p, watcher, 1);
      VatData.watchPromise(p, watcher, 2);
      p.then(() => {}).then(() => {}).then(() => log.push('between'));
    }`;
    const vat = await started({ watch: WATCH, again });
    await send(vat, 'watch', ref('p-4'), 0);
    expect(watches(await send(vat, 'again', ref('p-4')))).toEqual(['+p-4']);
    await vat.wave(vat.notify(['p-4', false, 'v']));
    const log = (await vat.call('o+0', 'getLog')) as unknown[];
    expect(log.filter(entry => entry !== 'between')).toEqual([
      ['ok', 'v', 0], ['ok', 'v', 1], ['ok', 'v', 2],
    ]);
  });

  it('settled before it is watched -> fires in the same crank, no row is left', async () => {
    const go = '() { VatData.watchPromise(Promise.resolve(3), watcher, "x"); }';
    const vat = await started({ go });
    const crank = await send(vat, 'go');
    expect(crank.syscalls).toEqual([
      ['subscribe', 'p+0/1'],
      ['resolve', ['p+0/1', 'fulfilled', 3]],
    ]);
    expect(watches(crank)).toEqual(['-p+0/1']);
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 3, 'x']]);
  });

  it('watched from within a handler -> a watch like any other', async () => {
    const start = `const chain = VatData.providePromiseWatcher(handleOf('chain'), (value, next) =>
      VatData.watchPromise(E(next).more(), watcher, value));`;
    const vat = await started({ go: '(p, a) { VatData.watchPromise(p, chain, a); }' }, start);
    await send(vat, 'go', ref('p-4'), ref('o-1'));
    const [crank] = await vat.wave(vat.notify(['p-4', false, 1]));
    expect(crank!.syscalls).toEqual([['send', 'o-1', 'more', [], 'p+0/1']]);
    expect(watches(crank!)).toEqual(['+p+0/1', '-p-4']);
    await vat.wave(vat.notify(['p+0/1', false, 2]));
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 2, 1]]);
  });
});

describe('watched promises: promises of the vat itself', () => {
  it('a local promise -> exported by a subscription; settled for kernel and watcher', async () => {
    const vat = await started({ own: OWN, settle: SETTLE });
    const crank = await send(vat, 'own', 'a');
    expect(crank.syscalls).toEqual([['subscribe', 'p+0/1']]);
    const settled = await send(vat, 'settle', 5);
    expect(settled.syscalls).toEqual([['resolve', ['p+0/1', 'fulfilled', 5]]]);
    expect(watches(settled)).toEqual(['-p+0/1']);
    const [stale] = await vat.wave(vat.notify(['p+0/1', false, 5]));
    expect(stale!.tuple[2]).toEqual([]);
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 5, 'a']]);
  });

  it('a promise exported before -> subscribed when it is first watched', async () => {
    const vat = await started({
      go: '(a) { kept.k = kit(); E(a).one(kept.k.promise); }',
      watch: '() { VatData.watchPromise(kept.k.promise, watcher); }',
    });
    await send(vat, 'go', ref('o-1'));
    expect((await send(vat, 'watch')).syscalls).toEqual([['subscribe', 'p+0/1']]);
    expect((await send(vat, 'watch')).syscalls).toEqual([]);
  });

  it('the result of a delivery, mentioned by it -> fires when the vat settles it', async () => {
    const vat = await started({ go: '(p) { VatData.watchPromise(p, watcher); return 6; }' });
    const [crank] = await vat.wave(vat.message('o+0', 'go', [ref('p-9')], 'p-9'));
    expect(crank!.syscalls.at(-1)).toEqual(['resolve', ['p-9', 'fulfilled', 6]]);
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 6]]);
  });
});

describe('watched promises: the next incarnation', () => {
  it('watches -> revived by name after buildRootObject, without a syscall; fire once', async () => {
    const vat = await started({ watch: WATCH, own: OWN });
    await send(vat, 'watch', ref('p-4'), 'imported');
    await send(vat, 'own', 'own');
    for (let upgrades = 0; upgrades < 3; upgrades += 1) {
      const crank = await startOn(vat, vatOf({ watch: WATCH }));
      expect(crank.syscalls).toEqual([]);
      expect(watches(crank)).toEqual([]);
    }
    await vat.wave(vat.notify(['p+0/1', true, DISCONNECTED]));
    expect(await vat.call('o+0', 'getLog')).toEqual([['no', DISCONNECTED, 'own']]);
    await vat.wave(vat.notify(['p-4', false, 1]));
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 1, 'imported']]);
    expect(await vat.replay()).toEqual([FromWorker.replayed, 5]);
  });

  it('the same watch made again while the vat starts -> not doubled; others added', async () => {
    const vat = await started({ watch: WATCH });
    await send(vat, 'watch', ref('p-4'), 'first');
    await send(vat, 'watch', ref('p-4'), 'first');
    const again = `for (const arg of ['first', 'first', 'first', 'second']) {
      VatData.watchPromise(parameters.p, watcher, arg);
    }`;
    const crank = await startOn(vat, vatOf({ watch: WATCH }, again), { p: ref('p-4') });
    expect(crank.syscalls).toEqual([['subscribe', 'p-4']]);
    await send(vat, 'watch', ref('p-4'), 'first');
    await vat.wave(vat.notify(['p-4', false, 1]));
    expect(await vat.call('o+0', 'getLog')).toEqual(
      ['first', 'first', 'first', 'second', 'first'].map(arg => ['ok', 1, arg]),
    );
  });

  it('a watcher -> the same object in every incarnation', async () => {
    const vat = await started({ get: '() { return watcher; }' });
    expect(await vat.call('o+0', 'get')).toEqual(ref('o+d10/1'));
    const crank = await startOn(vat, vatOf({ get: '() { return watcher; }' }));
    expect(await vat.call('o+0', 'get')).toEqual(ref('o+d10/1'));
    const keys = crank.tuple[2].map(([key]) => keyFromBytes(key));
    expect(keys).not.toContain(rowWatcher(10));
  });

  it('a watcher kind that is not defined again -> the upgrade fails', async () => {
    const vat = await started({ watch: WATCH });
    await send(vat, 'watch', ref('p-4'));
    const script = `(() => ({ buildRootObject: () => Far('root', {}) }))()`;
    const { outcome } = await vat.start(script);
    expect(outcome).toMatchObject({
      code: 'KIND_UNCLAIMED',
      error: { message: 'defineDurableKind not called for tags: [w]' },
    });
  });

  it('the result of a send to the vat itself -> the successor settles and watches it', async () => {
    const vat = await started({ go: '(a) { VatData.watchPromise(E(a).one(), watcher); }' });
    await send(vat, 'go', ref('o-1'));
    await startOn(vat, vatOf({ one: '() { return 8; }' }));
    const [crank] = await vat.wave(vat.message('o+0', 'one', [], 'p+0/1'));
    expect(crank!.syscalls).toEqual([['resolve', ['p+0/1', 'fulfilled', 8]]]);
    expect(watches(crank!)).toEqual(['-p+0/1']);
    expect(await vat.call('o+0', 'getLog')).toEqual([['ok', 8]]);
  });
});

describe('watched promises: misuse and errors are unhandled rejections', () => {
  const reasons: unknown[] = [];
  const listener = (reason: unknown): number => reasons.push(reason);
  let listeners: NodeJS.UnhandledRejectionListener[] = [];
  beforeEach(() => {
    reasons.length = 0;
    listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listener);
  });
  afterEach(() => {
    process.removeAllListeners('unhandledRejection');
    for (const other of listeners) process.on('unhandledRejection', other);
  });
  const reasonsOf = async (vat: VatHarness, method: string, ...args: unknown[]) => {
    const crank = await send(vat, method, ...args);
    await vat.call('o+0', 'getLog');
    expect(crank.syscalls.filter(([name]) => name === 'resolve')).toEqual([]);
    return reasons.map(reason => (reason instanceof Error ? reason.message : reason));
  };

  it.each([
    ['a remotable', 'VatData.watchPromise(p, Far("w", { onFulfilled() {} }))', 'virtual object'],
    ['data', 'VatData.watchPromise(p, { onFulfilled() {} })', 'virtual object'],
    ['nothing', 'VatData.watchPromise(p)', 'virtual object'],
    ['a presence', 'VatData.watchPromise(p, a)', 'virtual object'],
    ['no handlers', 'VatData.watchPromise(p, baggage)', 'at least one handler method'],
    ['no promise', 'VatData.watchPromise(7, watcher)', 'watchPromise only watches promises'],
    ['a remotable', 'VatData.watchPromise(a, watcher)', 'watchPromise only watches promises'],
    ['a thenable', 'VatData.watchPromise({ then() {} }, watcher)', 'only watches promises'],
    ['an argument', 'VatData.watchPromise(p, watcher, Far("x", {}))', 'is not durable'],
    ['a promise in args', 'VatData.watchPromise(p, watcher, [p])', 'is not durable'],
    [
      'a merely-virtual watcher',
      'VatData.watchPromise(p, VatData.defineKind("v", () => ({}), { onFulfilled() {} })())',
      'value is not durable',
    ],
  ])('watched with %s: %s -> %s', async (_what, call, text) => {
    const vat = await started({ go: `(p, a) { ${call}; }` });
    const messages = await reasonsOf(vat, 'go', ref('p-4'), ref('o-1'));
    expect(messages).toEqual([expect.stringContaining(text)]);
  });

  it('a handler that throws or is missing -> the other watches fire all the same', async () => {
    const start = `const define = (name, behavior) =>
        VatData.defineDurableKind(handleOf(name), () => ({}), behavior)();
      const loud = define('loud', { onRejected() { throw Error('loud'); } });
      const half = define('half', { onFulfilled: (_, value) => log.push(value) });
      const none = VatData.providePromiseWatcher(handleOf('none'));`;
    const go = '(p) { for (const w of [loud, half, none, watcher]) VatData.watchPromise(p, w); }';
    const vat = await started({ go }, start);
    await send(vat, 'go', ref('p-4'));
    await vat.wave(vat.notify(['p-4', true, 'why']));
    expect(await vat.call('o+0', 'getLog')).toEqual([['no', 'why']]);
    expect(reasons).toEqual([expect.objectContaining({ message: 'loud' }), 'why', 'why']);
    reasons.length = 0;
    await send(vat, 'go', ref('p-5'));
    await vat.wave(vat.notify(['p-5', false, 1]));
    expect(await vat.call('o+0', 'getLog')).toEqual([1, ['ok', 1]]);
    expect(reasons).toEqual([]);
  });

  it('a provided watcher with a handler that is no function -> a throw', async () => {
    const go = '() { VatData.providePromiseWatcher(handleOf("x"), 7); }';
    const vat = await started({ go });
    await expect(vat.call('o+0', 'go')).rejects.toThrow(/must be a function/);
  });
});
