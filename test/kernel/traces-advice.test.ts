/**
 * Errors that Heirloom's own code makes: their traces say which call of the author's it was, and
 * what to do instead. The messages, which vats see and which are hashed, say no more than ever.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { mappedBundle, placeOf } from '../support/bundles/mapped-bundle.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';
import { errorOf } from '../support/suite/rejections.js';

const ENTRY = 'typescript/traced-advice.ts';

const shared = useSharedKernel({
  begin: async ({ kernel }) => {
    const bundleId = await kernel.installBundle(await mappedBundle(ENTRY));
    await kernel.createVat({ name: 'advised', bundleId });
  },
});

let root: VatReference;
beforeEach(() => {
  ({ root } = shared.kernel.vat('advised'));
});

interface Told {
  readonly head: string;
  readonly frames: readonly string[];
  readonly notes: readonly string[];
}

const toldOf = ({ stack = '' }: Error): Told => {
  const [head = '', ...lines] = stack.split('\n');
  const frames = lines.filter(line => line.startsWith('    at ')).map(line => line.trim());
  const notes = lines.filter(line => line.startsWith('  note: ')).map(line => line.slice(8));
  return { head, frames, notes };
};

/** A worker tells so many traces in such a time (supervisor.ts): fast machines ask for more. */
const TELLS_AGAIN_MS = 60;

const thrownBy = async (...deed: readonly string[]): Promise<Error> => {
  await sleep(TELLS_AGAIN_MS);
  return errorOf(shared.kernel.call(root, 'try', deed));
};

/** The call that a deed makes, and the two below it: nothing of ours is among them. */
const expectFrames = ({ frames }: Told, call: string): void => {
  const [made, later, root_] = frames;
  expect(made).toContain(`(${placeOf(ENTRY, call).replace(/:\d+$/, ':')}`);
  expect(later).toMatch(/^at later \(/);
  expect(root_).toMatch(/^at root\.try \(/);
};

const DECLARED = 'Remotables must be explicitly declared: (an object)';

describe('what cannot be passed', () => {
  test.each([
    ['typed', DECLARED, 'Uint8Array(2) [0, 0]: a typed array cannot', 'Array.from(array)'],
    ['floats', 'Cannot pass proxies', 'Float64Array(2) [0, 0]: a typed', 'sliceToImmutable()'],
    ['map', DECLARED, 'Map(0) {}: a map of JavaScript cannot', 'makeScalarBigMapStore'],
    ['set', DECLARED, 'Set(0) {}: a set of JavaScript cannot', '[...set]'],
    ['date', DECLARED, '1970-01-01T00:00:00.000Z: a date cannot', 'date.getTime()'],
    ['pattern', DECLARED, '/x/: a pattern cannot', 'regexp.source'],
    ['instance', DECLARED, '{}: what is not plain data', "Far('name', methods)"],
    ['proxy', 'Cannot pass proxies', '[Proxy]: a proxy cannot', 'copy what is behind it'],
    ['buffer', 'Must be an immutable ArrayBuffer without own properties: (an object)',
      'ArrayBuffer { byteLength: 2 }: a buffer that can change', 'buffer.sliceToImmutable()'],
  ])('%s -> what it is, what to do, which call it was', async (thing, message, what, instead) => {
    for (const [deed, call] of [['box', 'makeBox(value)'], ['baggage', "init('it', value"]]) {
      const error = await thrownBy(deed!, thing);
      expect(error.message).toBe(message);
      const told = toldOf(error);
      expectFrames(told, call!);
      expect(told.notes.length).toBe(1);
      expect(told.notes[0]).toContain(what);
      expect(told.notes[0]).toContain(instead);
    }
  });

  test('what the vat sees of it -> the message alone', async () => {
    const text = await shared.kernel.call(root, 'text', ['box', 'typed']);
    expect(text).toBe(`TypeError: ${DECLARED}`);
  });
});

test('more of them than anybody reads -> the first hundred of a delivery are told', async () => {
  const notesOf = async (count: number): Promise<number> => {
    const error = await errorOf(shared.kernel.call(root, 'tryMany', [count]));
    expect(error.message).toBe(`${DECLARED} (at .of${count})`);
    return toldOf(error).notes.length;
  };
  expect([await notesOf(100), await notesOf(101), await notesOf(1)]).toEqual([1, 0, 1]);
});

describe('what is not durable', () => {
  test.each([
    ['heap', '[Alleged: heap] {}', 'instance of a durable kind'],
    ['promise', '[Promise]', 'a promise: store what it settles to'],
    ['virtual', '[Alleged: mapStore] {', '{ durable: true }'],
  ])('%s -> the value, what it is, which call it was', async (thing, shown, instead) => {
    const inState = await thrownBy('box', thing);
    expect(inState.message).toBe('value for "held" is not durable: slot 0 of (an object)');
    expect(toldOf(inState).head).toContain(`value for held is not durable: slot 0 of ${shown}`);
    expectFrames(toldOf(inState), 'makeBox(value)');
    const inBaggage = await thrownBy('baggage', thing);
    expectFrames(toldOf(inBaggage), "init('it', value");
    for (const error of [inState, inBaggage]) {
      expect(toldOf(error).notes).toEqual([expect.stringContaining(instead)]);
    }
  });

  test('a key, a shape -> the same', async () => {
    const key = toldOf(await thrownBy('key', 'heap'));
    expectFrames(key, '.init(value, 1)');
    const shape = toldOf(await thrownBy('shape', 'heap'));
    expectFrames(shape, "VatData.defineDurableKind(VatData.makeKindHandle('Shaped')");
    for (const { notes } of [key, shape]) {
      expect(notes).toEqual([expect.stringContaining('instance of a durable kind')]);
    }
  });
});

test('a key that baggage lacks -> the key, for the host alone', async () => {
  const error = await thrownBy('unkept');
  const message = 'key (a string) not found in collection "baggage"';
  expect(error.message).toBe(message);
  const told = toldOf(error);
  const name = String.raw`"not \"there\""`;
  expect(told.notes).toEqual([expect.stringContaining(`baggage has no key ${name}: no start`)]);
  expectFrames(told, `baggage.get('not "there"')`);
  expect(await shared.kernel.call(root, 'text', ['unkept', ''])).toBe(`Error: ${message}`);
});

test('an argument that a guard refuses -> which call it was', async () => {
  const error = await thrownBy('guarded', 'heap');
  expect(error.message).toContain('In "take" method of (Guarded): arg 0: ');
  expectFrames(toldOf(error), '.take(value)');
});

test.each([
  ['now', 'Date.now()', 'take the time as an argument'],
  ['newDate', 'new Date()', 'take the time as an argument'],
  ['callDate', 'Date(),', 'take the time as an argument'],
  ['random', 'Math.random()', 'a seed for a generator, as an argument'],
])('clock and chance, %s -> what to do instead', async (deed, call, instead) => {
  const error = await thrownBy(deed);
  expect(error.message).toMatch(/^secure mode .* throws$/);
  const told = toldOf(error);
  expect(told.notes).toEqual([expect.stringContaining(instead)]);
  expectFrames(told, `=> ${call}`);
});

test.each([
  ['data', { a: 1 }, 'which is not Far', "end it with: return Far('root', { ...methods })"],
  ['nothing', undefined, 'which is not Far', 'it returned nothing; end it with: return Far('],
])('buildRootObject returns %s -> what to return', async (_, returns, message, instead) => {
  const { bundleId } = shared.kernel.vat('advised');
  const vatParameters = { returns };
  const error = await errorOf(shared.kernel.createVat({ name: 'none', bundleId, vatParameters }));
  expect(error.message).toContain(message);
  expect(toldOf(error).notes).toEqual([expect.stringContaining(instead)]);
  expect(shared.log.at(-1)?.text).toContain(instead);
});
