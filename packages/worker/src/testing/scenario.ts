/**
 * One vat's life that touches most of what liveslots does. Run in different surroundings (the plain
 * environment, the built image, with and without garbage collection, replayed) its cranks must be
 * the same bytes.
 */
import assert from 'node:assert/strict';
import { FromWorker } from '../protocol/opcodes.js';
import type { DeliveryTuple } from '../protocol/to-worker.js';
import { ref, type CrankView, type VatHarness } from './vat-harness.js';

/** Makes its own `Far` and `E`, of intrinsics only. Purses, a weak map by identity, promises. */
const SCRIPT = `(() => {
  const Far = (name, methods) => harden(Object.setPrototypeOf(methods,
    harden(Object.create(Object.prototype, {
      [Symbol.for('passStyle')]: { value: 'remotable' },
      [Symbol.toStringTag]: { value: 'Alleged: ' + name },
    }))));
  const E = target => new Proxy({}, {
    get: (_, method) => (...args) => HandledPromise.applyMethod(target, method, args),
  });
  const buildRootObject = (vatPowers, parameters, baggage) => {
    const provide = (name, make) => {
      if (!baggage.has(name)) baggage.init(name, make());
      return baggage.get(name);
    };
    const handle = provide('handle', () => VatData.makeKindHandle('purse'));
    const store = () => VatData.makeScalarBigMapStore('all', { durable: true });
    const all = provide('all', store);
    const makePurse = VatData.defineDurableKind(handle, n => ({ n, friend: undefined }), {
      deposit: ({ state }, amount) => { state.n += amount; return state.n; },
      befriend: ({ state }, friend) => { state.friend = friend; },
      greet: ({ state, self }) => E(state.friend).greet(self, state.n),
    });
    const seen = new WeakMap();
    let calls = 0;
    return Far('root', {
      make(n) { const purse = makePurse(n); all.init(all.getSize(), purse); return purse; },
      meet(other) {
        const before = seen.get(other);
        seen.set(other, (before ?? 0) + 1);
        return harden({ before, calls: calls += 1, version: parameters.version });
      },
      async relay(target, ...args) {
        const [first, second] = await Promise.all(args.map(arg => E(target).echo(arg)));
        return harden({ first, second, twice: [first, first] });
      },
      offer(target) {
        let settle;
        const promise = new Promise(resolve => { settle = resolve; });
        E(target).take(promise, Far('settler', { settle: value => settle(value) }));
        return promise;
      },
      total: () => [...all.values()].reduce((sum, purse) => sum + purse.deposit(0n), 0n),
      fail(what) { throw TypeError(what); },
    });
  };
  return { buildRootObject };
})()`;

interface ScenarioOptions {
  /** Between all waves. */
  collect?(): Promise<void>;
  /** Replays, and goes on in the worker that replayed. */
  readonly replays?: boolean;
}

/** The cranks of the scenario, as hex. */
export const runScenario = async (
  vat: VatHarness,
  { collect, replays = false }: ScenarioOptions = {},
): Promise<string[]> => {
  const cranks: string[] = [];
  const keep = async (ran: readonly CrankView[]): Promise<readonly CrankView[]> => {
    for (const { packed } of ran) cranks.push(Buffer.from(packed).toString('hex'));
    await collect?.();
    return ran;
  };
  let next = 1;
  const message = (target: string, method: string, ...args: unknown[]) =>
    vat.message(target, method, args, `p-${next++}`);
  const wave = async (...deliveries: readonly DeliveryTuple[]) => {
    const ran = await keep(await vat.wave(...deliveries));
    assert(ran.every(({ outcome }) => outcome === null));
    return ran;
  };
  for (let version = 1; version <= 3; version += 1) {
    await keep([await vat.start(SCRIPT, { version })]);
    const [first] = await wave(
      message('o+0', 'make', 10n * BigInt(version)),
      message('o+0', 'meet', ref('o-5')),
      message('o+0', 'offer', ref('o-6')),
    );
    const [, , purse] = (first!.syscalls[0] as [string, [string, string, { vref: string }]])[1];
    await wave(
      message(purse.vref, 'deposit', 5n),
      message(purse.vref, 'befriend', ref('o-5')),
      message(purse.vref, 'greet'),
      message('o+0', 'meet', ref(purse.vref)),
      message('o+0', 'meet', ref('o-5')),
    );
    if (version !== 2) vat.commit();
    const relayed = await wave(message('o+0', 'relay', ref('p-700'), 1, ref('o-6')));
    const sent = relayed[0]!.syscalls.filter(([name]) => name === 'send');
    if (replays) assert.equal((await vat.replay())[0], FromWorker.replayed);
    await wave(
      vat.notify([sent[0]![4] as string, false, [ref('o-5'), ref('p-701')]], ['p-700', false, 3]),
      message(`o+e${version - 1}/1`, 'settle', ref('o-7')),
      vat.notify([sent[1]![4] as string, false, ref(purse.vref)]),
    );
    await wave(message('o+0', 'meet', ref(purse.vref)), message('o+0', 'total'));
    await wave(message('o+0', 'fail', 'on purpose'), message('o+0', 'gone'));
  }
  return cranks;
};
