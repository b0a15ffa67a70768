/**
 * Vats on SwingSet's own liveslots, in a process of its own: snippets of the workbench, carried out
 * by what they are to be compared with. No kernel: a vat has a store, and nobody to send to.
 *
 * Asked by messages `{ id, vat, start }` and `{ id, vat, code }`; answers `{ id, value }` or
 * `{ id, reason }`.
 */
import '@endo/init';
import { makeLiveSlots } from '@agoric/swingset-liveslots';
import { makeMarshal } from '@endo/marshal';
import { Far, getInterfaceOf, passStyleOf } from '@endo/pass-style';
import { makeRun } from '../vats/workbench-run.js';

process.on('unhandledRejection', () => undefined);

const options = { serializeBodyFormat: 'smallcaps', errorTagging: 'off' };
const encode = makeMarshal(undefined, undefined, options).toCapData;
const opaque = (slot, iface) =>
  slot.startsWith('p') ? harden(new Promise(() => undefined)) : Far(iface ?? slot, {});
const decode = makeMarshal(undefined, opaque, options).fromCapData;

const runNow = thunk => thunk();
const meterControl = {
  isMeteringDisabled: () => true,
  assertIsMetered: () => undefined,
  assertNotMetered: () => undefined,
  runWithoutMetering: runNow,
  runWithoutMeteringAsync: async thunk => thunk(),
  unmetered: work => work,
};
const gcTools = {
  WeakRef,
  FinalizationRegistry,
  meterControl,
  waitUntilQuiescent: () => new Promise(resolve => setImmediate(resolve)),
  gcAndFinalize: async () => undefined,
};
const noConsole = Object.fromEntries(
  Object.keys(console).map(name => [name, () => undefined]),
);

/** Syscalls of a vat whose store is a map; what it settles goes to `settle`. */
const makeSyscall = (store, settle) => {
  const ignored = ['send', 'subscribe', 'dropImports', 'retireImports', 'retireExports'];
  return {
    ...Object.fromEntries(ignored.map(name => [name, () => undefined])),
    resolve: resolutions => resolutions.forEach(([vpid, ...how]) => settle(vpid, ...how)),
    exit: (_isFailure, info) => settle('exit', true, info),
    vatstoreGet: key => store.get(key),
    vatstoreSet: (key, value) => void store.set(key, value),
    vatstoreDelete: key => void store.delete(key),
    vatstoreGetNextKey: prior => [...store.keys()].filter(key => key > prior).sort()[0],
  };
};

const vats = new Map();

const start = async name => {
  const settled = new Map();
  const settle = (vpid, rejected, data) => settled.set(vpid, { rejected, data });
  const buildRootObject = ({ VatData, WeakMap, WeakSet, ...vatPowers }, _parameters, baggage) => {
    const outer = { VatData, WeakMap, WeakSet };
    const powers = { ...vatPowers, ...outer };
    const globals = { ...outer, outer, baggage, vatPowers: powers, console: noConsole };
    const run = makeRun({ ...globals, HandledPromise, assert });
    return Far('workbench', { run: async code => harden(await run(code)) });
  };
  const { dispatch } = makeLiveSlots(
    makeSyscall(new Map(), settle), name, {}, {}, gcTools, noConsole, () => ({ buildRootObject }),
  );
  await dispatch(['startVat', encode(undefined)]);
  vats.set(name, { dispatch, settled, calls: 0 });
};

/** What can be sent to the parent of a value: references and symbols as records that say so. */
const shown = value => {
  if (typeof value === 'symbol') return { symbol: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (passStyleOf(value) === 'copyArray') return value.map(shown);
  if (passStyleOf(value) === 'copyRecord') {
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, shown(it)]));
  }
  return { style: passStyleOf(value), interface: getInterfaceOf(value) };
};

const run = async (name, code) => {
  const vat = vats.get(name);
  vat.calls += 1;
  const result = `p-${vat.calls}`;
  await vat.dispatch(['message', 'o+0', { methargs: encode(harden(['run', [code]])), result }]);
  const { rejected, data } = vat.settled.get('exit') ?? vat.settled.get(result);
  const value = decode(data);
  if (rejected) throw value;
  return shown(value);
};

const answer = async ({ vat, code }) => {
  try {
    return { value: code === undefined ? await start(vat) : await run(vat, code) };
  } catch (error) {
    return { reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
};
process.on('message', async message => {
  process.send({ id: message.id, ...(await answer(message)) });
});
process.send({ id: 0 });
