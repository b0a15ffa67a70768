/** Cranks and data as large as they may be, and larger by one: docs/limits.md, row by row. */
import type { Ending, Kind, Piece } from '../piece.js';

const LIMIT: Ending = { fault: 'LIMIT' };
const times = (n: number, code: string): string => `for (let i = 0; i < ${n}; i += 1) { ${code} }`;
const TELL = `const tell = thunk => { try { thunk(); return 'ran'; } catch (e) { return e.name;
  } };`;
/** A dead object takes whatever it is sent: nothing of it is delivered. */
const MAKE_DEAD = `
  const { bundleId } = kernel.vat(me);
  const { vatId, root: dead } = await settle(() =>
    kernel.createVat({ name: 'dead-' + me, bundleId }));
  await settle(() => kernel.call(root(me), 'run', ['$.dead = args[0]; 1', [dead]]));
  await settle(() => kernel.terminateVat(vatId));
  return 'dead';`;

/** Two calls: at the limit, and past it. */
const both = (name: string, tries: string, at: string, past: string, gives: string): Piece => ({
  ...{ name, tries, gives },
  code: `${TELL} [${at}, ${past}].join()`,
});

const DATA: readonly Piece[] = [
  {
    name: 'ten thousand references in one datum',
    tries: 'as many references as data may hold',
    code: `E($.innocent).pass(harden(Array.from({ length: 10_000 }, () => Far('x', {})))).then(
      it => it.length)`,
    gives: '10000',
  },
  {
    name: 'data of ten megabytes, and a byte more',
    tries: 'the longest data there is, then data that is longer by one',
    code: `const text = n => 'x'.repeat(n); const said = [];
      const send = async n => E($.innocent).pass(text(n)).then(() => 'passed', e => e.name);
      (async () => {
        let [low, high] = [9_999_950, 10_000_001];
        while (low + 1 < high) {
          const n = (low + high) >> 1;
          if (await send(n) === 'passed') low = n; else high = n;
        }
        return [10_000_000 - low < 50, await send(low), await send(low + 1)].join(); })()`,
    gives: 'true,passed,RangeError',
  },
  {
    name: 'five hundred containers in each other, and one more',
    tries: 'the deepest data there is, then deeper',
    code: `const deep = n => { let a = 7; for (let i = 0; i < n; i += 1) a = [a];
        return harden(a); };
      const send = n => E($.innocent).pass(deep(n)).then(() => 'passed', e => e.name);
      Promise.all([send(498), send(502)]).then(it => it.join())`,
    gives: 'passed,RangeError',
    isQuick: true,
  },
  {
    name: 'keys of collections, as long as they may be',
    tries: 'keys of 218 characters, and of 219',
    code: `${TELL} const s = VatData.makeScalarBigMapStore('s', { durable: true });
      [tell(() => s.init('k'.repeat(218), 1)), tell(() => s.init('k'.repeat(219), 1)),
        s.getSize()].join()`,
    gives: 'ran,Error,1',
    isQuick: true,
  },
  {
    name: 'names of exports, as long as they may be',
    tries: 'names of 200 bytes, and of 201',
    code: `${TELL} [200, 201].map(n =>
      tell(() => vatPowers.nameExport('n'.repeat(n), Far('x', {})))).join()`,
    gives: 'ran,Error',
    isQuick: true,
  },
  {
    name: 'interfaces longer than they are told',
    tries: 'names of objects of a hundred thousand characters',
    code: `E($.innocent).pass(Far('x'.repeat(100_000), {})).then(() => 'passed', e => e.name)`,
    gives: 'passed',
    isQuick: true,
  },
];

const CRANKS: readonly Piece[] = [
  {
    name: 'as many messages as a crank may send',
    tries: '99,000 messages in one crank, none of which anybody answers',
    steps: [['host', MAKE_DEAD],
      ['amid', `${times(99_000, 'E.sendOnly($.dead).x();')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'as many bytes as a crank may send',
    tries: 'six messages of ten megabytes',
    steps: [['host', MAKE_DEAD],
      ['amid', `const x = 'x'.repeat(9_900_000); ${times(6, 'E.sendOnly($.dead).x(x);')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'a message more than that',
    tries: 'seven messages of ten megabytes',
    code: `const x = 'x'.repeat(9_900_000); ${times(7, 'E.sendOnly($.innocent).pass(x);')} 'sent'`,
    ends: LIMIT,
  },
  {
    name: 'as many references as a crank may send',
    tries: 'eight hundred thousand references in eighty messages',
    steps: [['host', MAKE_DEAD],
      ['amid', `const all = harden(Array.from({ length: 9_999 }, () => Far('x', {})));
        ${times(80, 'E.sendOnly($.dead).x(all);')} 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
  },
  {
    name: 'more references than that',
    tries: 'the same in 102 messages',
    code: `const all = harden(Array.from({ length: 9_999 }, () => Far('x', {})));
      ${times(102, 'E.sendOnly($.innocent).pass(all);')} 'sent'`,
    ends: LIMIT,
  },
  {
    name: 'two hundred thousand rows in a crank',
    tries: 'rows that are merged, hashed and written while others call',
    steps: [['amid', `const s = VatData.makeScalarBigMapStore('s', { durable: true });
      ${times(200_000, 's.init(i, 0);')} 'kept'`]],
    gives: 'kept; 1 and 3 waves, when all was done',
  },
  {
    name: 'as many bytes as a crank may write',
    tries: 'sixty megabytes of rows',
    steps: [['amid', `const s = VatData.makeScalarBigMapStore('s', { durable: true });
      const x = 'x'.repeat(9_900_000); ${times(6, 's.init(i, x);')} 'kept'`]],
    gives: 'kept; 1 and 3 waves, when all was done',
  },
  {
    name: 'more bytes than that',
    tries: 'seventy megabytes of rows',
    code: `const s = VatData.makeScalarBigMapStore('s', { durable: true });
      const x = 'x'.repeat(9_900_000); ${times(7, 's.init(i, x);')} 'kept'`,
    ends: LIMIT,
  },
  {
    name: 'one row, thirty thousand times',
    tries: 'a row that is written again and again in one crank',
    code: `baggage.init('x', 0); ${times(30_000, "baggage.set('x', i);")} baggage.get('x')`,
    gives: '29999',
  },
  {
    name: 'rows that come and go in one crank',
    tries: 'twenty thousand rows of which none is left',
    code: `const s = VatData.makeScalarBigMapStore('s', { durable: true });
      ${times(20_000, 's.init(i, 0); s.delete(i);')} s.getSize()`,
    gives: '0',
  },
  {
    name: 'calls ten thousand deep, and one more',
    tries: 'the deepest stack there is',
    code: `const f = n => (n === 0 ? 0 : 1 + f(n - 1)); console.log(f(9_900)); f(10_001)`,
    ends: LIMIT,
    isQuick: true,
  },
  {
    name: 'as many messages as wait on a promise',
    tries: 'ten thousand messages, none of them refused, then one more',
    steps: [['hostile', `$.never = E($.innocent).pass(new Promise(() => {})); $.n = 0;
      ${times(10_000, 'E($.never).x().catch(() => { $.n += 1; });')} 'sent'`],
    ['hostile', `E($.never).x().then(() => 'answered', e => [$.n, e.message].join())`]],
    gives: '0,too many messages wait on the promise',
  },
  {
    name: 'as many bytes as wait on a promise',
    tries: 'sixty megabytes of messages, then ten more',
    steps: [['hostile', `$.never = E($.innocent).pass(new Promise(() => {})); $.n = 0;
      $.x = 'x'.repeat(9_900_000);
      ${times(6, 'E($.never).x($.x).catch(() => { $.n += 1; });')} 'sent'`],
    ['hostile', `E($.never).x($.x).then(() => 'answered', e => [$.n, e.message].join())`]],
    gives: '0,too many messages wait on the promise',
  },
  {
    name: 'results of ten megabytes, five in one wave',
    tries: 'cranks that weigh more than a vat’s part of a wave',
    steps: [['amid', `const x = 'x'.repeat(9_900_000);
      Promise.all([1, 2, 3, 4, 5].map(() => E($.innocent).pass(x))).then(it => it.length)`]],
    gives: '5; 1 and 3 waves, amid it',
  },
];

const CALLS: readonly Piece[] = [
  both('arguments out of a list, as many as there may be', '65,536 arguments, and one more',
    'Math.max(...Array(65_536).fill(1))',
    'tell(() => Math.max(...Array(65_537).fill(1)))', '1,RangeError'),
  both('proxies before proxies, as many as there may be', 'a hundred levels, and one more',
    `(() => { let p = {}; return tell(() => { for (let i = 0; i < 100; i += 1)
      p = new Proxy(p, {}); }); })()`,
    `(() => { let p = {}; return tell(() => { for (let i = 0; i < 102; i += 1)
      p = new Proxy(p, {}); }); })()`, 'ran,RangeError'),
  both('bound functions, as many as there may be', 'a thousand, and more',
    '(() => { let f = () => 7; for (let i = 0; i < 999; i += 1) f = f.bind(); return f(); })()',
    `tell(() => { let f = () => 7; for (let i = 0; i < 1_002; i += 1) f = f.bind(); })`,
    '7,RangeError'),
  both('a URL of a million characters, and of more', 'the longest URL there is',
    `new outer.URL('http://x/' + 'a'.repeat(999_000)).href.length`,
    `tell(() => new outer.URL('http://x/' + 'a'.repeat(1_000_000)))`, '999009,RangeError'),
  both('texts to be encoded, as long as they may be', '2^25 characters, and one more',
    `new TextEncoder().encode('x'.repeat(2 ** 25)).length`,
    `tell(() => new TextEncoder().encode('x'.repeat(2 ** 25 + 1)))`, '33554432,RangeError'),
  both('bytes to be decoded, as many as there may be', '2^26 bytes, and one more',
    'new TextDecoder().decode(new Uint8Array(2 ** 26)).length',
    'tell(() => new TextDecoder().decode(new Uint8Array(2 ** 26 + 1)))', '67108864,RangeError'),
  {
    name: 'named exports, as many as there may be',
    tries: 'a thousand exports with names, and one more',
    code: `${TELL} ${times(1_000, "vatPowers.nameExport('n' + i, Far('x', {}));")}
      tell(() => vatPowers.nameExport('more', Far('x', {})))`,
    gives: 'Error',
  },
];

export const LIMITS: Kind = {
  title: 'At the limits and just past them',
  pieces: [...DATA, ...CRANKS, ...CALLS],
};
