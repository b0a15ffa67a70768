/**
 * Roads by which an error of the engine's reaches vat code, in a locked-down process. `overflow` is
 * a function that is not woven, as the language's own are not; it throws a stack overflow. Prints,
 * as JSON, for each road what came first: the look, or vat code.
 */
import { types } from 'node:util';
await import('./locked-down.js');
const { callDepth } = await import('../call-depth.js');
const { weave } = await import('../../weave/weave.js');
const { makeVatCompartment } = await import('../vat-compartment.js');
const { lookAtCaught } = await import('../engine-errors.js');

let order: string[] = [];
callDepth.watch({
  exceeded: () => {
    throw Error('calls nest too deep');
  },
  hostFailed: error => void order.push(types.isNativeError(error) ? 'looked' : 'wrong'),
  stamped: () => undefined,
});
process.on('unhandledRejection', lookAtCaught);

const overflow = (): never => overflow();
const seen = (value: unknown): unknown => {
  order.push('seen');
  return value;
};
const globals = harden({ overflow, seen, WeakMap, WeakSet });
const vat = makeVatCompartment(globals, () => undefined);

const ROADS: readonly string[] = [
  'try { overflow(); } catch { seen(); }',
  'try { [1].map(overflow); } catch (error) { seen(error); }',
  'try { overflow(); } catch ({ message }) { seen(message); }',
  '(() => { try { overflow(); } finally { seen(); return; } })()',
  'Promise.resolve().then(overflow).then(seen, seen)',
  'Promise.resolve().then(overflow).catch(seen)',
  'Promise.resolve().then(overflow).finally(seen).catch(() => 0)',
  'Promise.allSettled([Promise.resolve().then(overflow)]).then(seen)',
  'Promise.any([Promise.resolve().then(overflow)]).catch(seen)',
  'Promise.race([Promise.resolve().then(overflow)]).catch(seen)',
  'Promise.all([Promise.resolve().then(overflow)]).catch(seen)',
  'new Promise(overflow).catch(seen)',
  'Promise.resolve({ then: overflow }).then(seen, seen)',
  'Promise.resolve({ get then() { return overflow(); } }).then(seen, seen)',
  '(async (x = overflow()) => x)().catch(seen)',
  '(async () => { await (async (x = overflow()) => x)(); })().catch(seen)',
  '(async () => { try { await Promise.resolve().then(overflow); } catch { seen(); } })()',
  '(async () => { for await (const x of [Promise.resolve().then(overflow)]); })().catch(seen)',
  '(async () => (async (x = overflow()) => x)())().catch(seen)',
  '(async function* (x) { yield* [Promise.resolve().then(overflow)]; })().next().catch(seen)',
  'HandledPromise.applyFunction(overflow, []).catch(seen)',
  'HandledPromise.applyMethod({ overflow }, "overflow", []).catch(seen)',
  'HandledPromise.resolve({ then: overflow }).catch(seen)',
  'new HandledPromise((_, reject) => reject(1)).catch(overflow).catch(seen)',
  'Promise.reject(1).then(undefined, overflow).then(undefined, undefined).catch(seen)',
  'class P extends Promise {} P.resolve().then(overflow).catch(seen)',
  'try { new (class { x = overflow(); })(); } catch { seen(); }',
  'try { `${{ toString: overflow }}`; } catch { seen(); }',
  'try { JSON.stringify({ toJSON: overflow }); } catch { seen(); }',
  'try { new Proxy({}, { get: overflow }).x; } catch { seen(); }',
  // Nobody handles it: looked at before the next turn.
  'Promise.resolve().then(overflow); 0',
  '(async (x = overflow()) => x)(); 0',
];

const found: string[][] = [];
for (const road of ROADS) {
  order = [];
  vat.evaluate(weave(`(() => { ${road.startsWith('(') ? ';' : ''}${road} })()`));
  await new Promise(resolve => setImmediate(resolve));
  found.push(order.slice(0, 1));
}
process.stdout.write(JSON.stringify({ roads: ROADS, found }));
