/** Microseconds of the hot path: `node bench-fixture.js shim|own`. */
import type { Eventual } from './send-scripts.js';

const mode = process.argv[2];
const N = 60_000;
const BATCH = 500;
const inside = mode === 'own' ? (await import('../before-ses.js')).handledPromises : undefined;
await import('ses');
if (mode === 'shim') await import('@endo/eventual-send/shim.js');
lockdown({ errorTaming: 'safe', overrideTaming: 'severe', reporting: 'none' });
const { E } = (await import('@endo/eventual-send')) as unknown as { E: Eventual };
type Sender = { applyMethod(target: unknown, name: string, args: unknown[]): Promise<unknown> };
type HP = Sender &
  (new (
    executor: (resolve: unknown, reject: unknown, withPresence: (h: object) => object) => void,
    handler?: object,
  ) => unknown);
const HandledPromise = (globalThis as unknown as { HandledPromise: HP }).HandledPromise;

const results: Record<string, number> = {};
const idle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
const bench = async (name: string, run: () => unknown): Promise<void> => {
  for (let round = 0; round < 3; round += 1) {
    const start = performance.now();
    for (let i = 0; i < N; i += 1) {
      run();
      if (i % BATCH === 0) await idle();
    }
    await idle();
    results[name] = Math.round(((performance.now() - start) * 1e5) / N) / 100;
  }
};

let presence: object;
if (inside !== undefined) {
  const pipelined = { queueSend: () => undefined };
  presence = inside.makePresence({
    queueSend: send => inside.setHandler(send.result, pipelined),
  }).presence;
} else {
  const never = (): void => undefined;
  const handler = { applyMethod: () => new HandledPromise(never, { applyMethod: never }) };
  let made: object | undefined;
  void new HandledPromise((_resolve, _reject, withPresence) => {
    made = withPresence(handler);
  });
  presence = made!;
}
harden(presence);
const local = harden({ deposit: (n: unknown) => n });

await bench("harden(['deposit',[1n]])", () => harden(['deposit', [1n]]));
await bench('harden(4 methods)', () => harden({ a() {}, b() {}, c() {}, d() {} }));
await bench('applyMethod(presence)', () => HandledPromise.applyMethod(presence, 'deposit', [1n]));
await bench('E(presence).deposit(1n)', () => E(presence)['deposit']!(1n));
await bench('applyMethod(local)', () => HandledPromise.applyMethod(local, 'deposit', [1n]));
await bench('E(local).deposit(1n)', () => E(local)['deposit']!(1n));
console.log(JSON.stringify(results));
