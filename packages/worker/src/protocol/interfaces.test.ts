/** How interface names are spelled where frames take ASCII. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bundleIdFrom } from './code-ids.js';
import {
  INTERFACE_CHARS_MAX,
  readInterface,
  spellInterface,
  toldBy,
} from './interfaces.js';
import { Delivery } from './opcodes.js';
import { importRef, ROOT_VREF } from './refs.js';

const SPELLED = /^[ -~]{1,602}$/;

test('spelled: what endo takes for an interface -> short, and read again', () => {
  const table = [
    ['Alleged: purse', 'purse'],
    ['Alleged: Alleged: x', 'Alleged: x'],
    ['Remotable', '!Remotable'],
    ['DebugName: x', '!DebugName: x'],
    ['Alleged: ', '!Alleged: '],
    ['Alleged: !x', '!Alleged: !x'],
    ['Alleged: "é"\n', '\\"\\u00e9\\"\\n'],
    ['Alleged: a\udfff', 'a\\udfff'],
  ] as const;
  for (const [iface, spelled] of table) {
    expect([iface, spellInterface(iface)]).toEqual([iface, spelled]);
    expect(readInterface(spelled)).toBe(iface);
  }
});

test('spelled: any name -> ASCII that is read again; past the limit, its beginning', () => {
  const name = fc.string({ unit: 'binary', maxLength: 2 * INTERFACE_CHARS_MAX });
  fc.assert(
    fc.property(name, text => {
      const spelled = spellInterface(`Alleged: ${text}`);
      expect(spelled).toMatch(SPELLED);
      const read = readInterface(spelled)!;
      expect(`Alleged: ${text}`.startsWith(read)).toBe(true);
      if (text.length < INTERFACE_CHARS_MAX - 10) expect(read).toBe(`Alleged: ${text}`);
      expect(spellInterface(read)).toBe(spelled);
    }),
  );
});

test('spelled: a megabyte -> 100 units; half a pair is left out', () => {
  expect(readInterface(spellInterface(`Alleged: ${'x'.repeat(2 ** 20)}`))).toBe(
    `Alleged: ${'x'.repeat(INTERFACE_CHARS_MAX)}`,
  );
  const pair = `${'x'.repeat(INTERFACE_CHARS_MAX - 1)}\u{1f600}`;
  expect(readInterface(spellInterface(`Alleged: ${pair}`))).toBe(
    `Alleged: ${'x'.repeat(INTERFACE_CHARS_MAX - 1)}`,
  );
});

test('no interface, or not spelled so -> none', () => {
  for (const wrong of ['purse', 'Alleged:x', '', 1, undefined, () => 'Alleged: x']) {
    expect(spellInterface(wrong)).toBe('');
  }
  const misspelled = ['', '!', '!purse', '!remotable', '"', '\\', 'é', '\\u0041', '\n'];
  for (const text of [...misspelled, 'x'.repeat(101)]) {
    expect([text, readInterface(text)]).toEqual([text, undefined]);
  }
});

test('told by a delivery -> its end, whichever it is', () => {
  const body = new Uint8Array();
  const caps = [[importRef(1), bundleIdFrom('a'.repeat(128))]] as const;
  const told = [caps, [[importRef(2), 'purse']]] as const;
  const message = [Delivery.message, ROOT_VREF, body, [], null] as const;
  expect(toldBy(message)).toEqual([]);
  expect(toldBy([...message, caps])).toEqual([caps]);
  expect(toldBy([...message, ...told])).toEqual(told);
  expect(toldBy([Delivery.notify, []])).toEqual([]);
  expect(toldBy([Delivery.notify, [], ...told])).toEqual(told);
  expect(toldBy([Delivery.startVat, body, [], false, ...told])).toEqual(told);
  expect(toldBy([Delivery.fork, body, [], [], ...told])).toEqual(told);
  expect(toldBy([Delivery.fork, body, [], []])).toEqual([]);
  expect(toldBy([Delivery.sweep, 1, false])).toEqual([]);
});
