/** Sizes: giant texts, buffers and numbers for native code that we add or that V8 has. */
import type { Kind } from '../piece.js';

/** 2^29 - 32 characters, or nearly: V8 has it as a rope of few bytes until somebody reads it. */
const GIANT = `const giant = 'x'.repeat(2 ** 28);`;
/** What takes time by its length. */
const LARGE = `const giant = 'x'.repeat(2 ** 24);`;
const URLS = `const { URL } = outer;`;
const TELL = `const tell = thunk => { try { thunk(); return 'ran'; } catch (e) { return e.name;
  } };`;

export const GIANTS: Kind = {
  title: 'Giant texts, buffers and numbers',
  pieces: [
    {
      name: 'new URL',
      tries: 'Node’s parser of URLs, which aborts the process',
      code: `${GIANT} ${URLS} ${TELL} tell(() => new URL('http://x/#' + giant))`,
      gives: 'RangeError',
      isQuick: true,
    },
    {
      name: 'url.hash = and the other setters',
      tries: 'the same by accessors',
      code: `${GIANT} ${URLS} ${TELL} const url = new URL('http://a/');
        ['hash', 'search', 'pathname', 'host', 'hostname', 'username', 'password', 'port',
          'protocol', 'href']
          .map(key => tell(() => { url[key] = giant; })).filter(it => it === 'ran').length`,
      gives: '0',
    },
    {
      name: 'URL bases and canParse',
      tries: 'the same by other arguments',
      code: `${GIANT} ${URLS} ${TELL}
        [tell(() => new URL(giant, 'http://a/')), tell(() => new URL('b', 'http://a/' + giant)),
          String(why(() => URL.canParse('http://a/' + giant)))].join()`,
      gives: 'RangeError,RangeError,nothing thrown',
    },
    {
      name: 'a URL that grows when it is written',
      tries: 'text that is three, or nine, times as long when it is escaped',
      code: `${TELL} ${URLS} const url = new URL('http://a/');
        tell(() => { url.hash = '\\u{1F600}'.repeat(50_000_000); })`,
      gives: 'RangeError',
    },
    {
      name: 'TextEncoder',
      tries: 'Node’s encoder, which aborts the process',
      code: `${GIANT} ${TELL} tell(() => new TextEncoder().encode(giant + giant))`,
      gives: 'RangeError',
    },
    {
      name: 'encodeInto',
      tries: 'the same into a small buffer',
      code: `${GIANT} const into = new Uint8Array(8); new TextEncoder().encodeInto(giant,
        into).written`,
      gives: 'rejected: RangeError: at most 33554432 characters are encoded at a time',
    },
    {
      name: 'TextDecoder',
      tries: 'more bytes than a string has characters',
      code: `${TELL} tell(() => new TextDecoder().decode(new Uint8Array(2 ** 29)))`,
      gives: 'RangeError',
    },
    {
      name: 'a TextDecoder that streams',
      tries: 'to gather in the decoder what it does not give out',
      code: `const d = new TextDecoder();
        for (let i = 0; i < 1_000; i += 1) d.decode(Uint8Array.of(0xf0), { stream: true });
        d.decode(Uint8Array.of(0x41)).length > 0`,
      gives: 'true',
    },
    {
      name: 'normalize',
      tries: 'ICU with a giant text',
      code: `${LARGE} ${TELL} tell(() => ('\\u00e9' + giant).normalize('NFD'))`,
      gives: 'ran',
    },
    {
      name: 'localeCompare, toLocaleLowerCase',
      tries: 'ICU with a giant text',
      code: `${LARGE} ${TELL} [tell(() => giant.localeCompare(giant + 'y')),
        tell(() => giant.toLocaleLowerCase()), tell(() => giant.toUpperCase())].length`,
      gives: '3',
    },
    {
      name: 'repeat past the longest string',
      tries: 'a RangeError whose limit is V8’s own',
      code: `${TELL} tell(() => 'x'.repeat(2 ** 30))`,
      gives: 'RangeError',
      isQuick: true,
    },
    {
      name: 'padStart, concat, join, + and replace past it',
      tries: 'the same by other natives and by operators',
      code: `${GIANT} Promise.allSettled([
          Promise.resolve().then(() => 'x'.padStart(2 ** 30, 'ab')),
          Promise.resolve().then(() => giant.concat(giant, giant)),
          Promise.resolve().then(() => [giant, giant, giant].join()),
          Promise.resolve().then(() => giant + giant + giant),
          Promise.resolve().then(() => 'aaaa'.replaceAll('a', giant)),
        ]).then(it => it.map(({ reason }) => reason?.name).join())`,
      gives: Array(5).fill('RangeError').join(),
    },
    {
      name: 'new ArrayBuffer',
      tries: 'a size that one host has, another has not',
      code: `${TELL} tell(() => new ArrayBuffer(2 ** 50))`,
      gives: 'RangeError',
    },
    {
      name: 'Reflect.construct(ArrayBuffer)',
      tries: 'the same, as a rejection',
      code: `(async () => Reflect.construct(ArrayBuffer, [2 ** 50]))().then(() => 'ran', e =>
        e.name)`,
      gives: 'RangeError',
      isQuick: true,
    },
    {
      name: 'subclasses and species of ArrayBuffer',
      tries: 'constructors that native code calls',
      code: `class B extends ArrayBuffer {}
        Promise.resolve(2 ** 50).then(n => new B(n)).then(() => 'ran', e => e.name)`,
      gives: 'RangeError',
    },
    {
      name: 'typed arrays of every sort',
      tries: 'lengths that are sizes of buffers',
      code: `${TELL} [Uint8Array, Int32Array, BigInt64Array, Uint8ClampedArray].map(A => tell(() =>
        new A(2 ** 53 - 1)))
        .join()`,
      gives: 'RangeError,RangeError,RangeError,RangeError',
    },
    {
      name: 'float arrays of giant length',
      tries: 'our own float arrays',
      code: `${TELL} tell(() => new Float64Array(2 ** 53 - 1))`,
      gives: 'RangeError',
    },
    {
      name: 'resizable buffers and transfer',
      tries: 'to grow a buffer past what it was given',
      code: `${TELL} [
          tell(() => new ArrayBuffer(8, { maxByteLength: 2 ** 50 }).resize(2 ** 40)),
          tell(() => new ArrayBuffer(8).transfer(2 ** 50)),
        ].filter(it => it === 'ran').length`,
      gives: '0',
    },
    {
      name: 'Array(2 ** 32), length = 2 ** 32',
      tries: 'RangeErrors that the language itself has',
      code: `${TELL} [tell(() => new Array(2 ** 32)), tell(() => { [].length = -1; }),
        tell(() => (1).toFixed(101)), tell(() => 'x'.repeat(-1)), tell(() =>
          new Date(NaN).toISOString())].join()`,
      gives: 'RangeError,RangeError,RangeError,RangeError,RangeError',
      isQuick: true,
    },
    {
      name: 'giant BigInts',
      tries: 'V8’s own limit of a number’s size',
      code: `${TELL} tell(() => 2n ** (2n ** 31n))`,
      gives: 'RangeError',
    },
    {
      name: 'BigInt.asIntN and shifts',
      tries: 'the same by other operations',
      code: `${TELL} Promise.resolve(1n).then(n => n << (2n ** 33n)).then(() => 'ran', e =>
        e.name)`,
      gives: 'RangeError',
    },
    {
      name: 'a body of eleven megabytes',
      tries: 'data that is longer than data may be',
      code: `E($.innocent).pass('x'.repeat(11_000_000)).then(() => 'passed', e => e.name)`,
      gives: 'RangeError',
    },
    {
      name: 'a result of eleven megabytes',
      tries: 'an answer that is longer than data may be',
      code: `'x'.repeat(11_000_000)`,
      ends: { fault: 'LIMIT' },
    },
    {
      name: 'a giant text as a message',
      tries: 'the codec with a text that no buffer holds',
      code: `${GIANT} E($.innocent).pass(giant + giant.slice(100)).then(() => 'passed', e =>
        e.name)`,
      gives: 'RangeError',
    },
    {
      name: 'a giant text in a durable row',
      tries: 'a row that is longer than rows may be',
      code: `${GIANT} baggage.init('x', giant); 'kept'`,
      gives: 'rejected: RangeError: syscall capdata too large',
    },
    {
      name: 'a giant text on the console',
      tries: 'a line of the log',
      code: `${GIANT} console.log(giant, { giant }, [giant]); 'logged'`,
      gives: 'logged',
    },
    {
      name: 'a giant name',
      tries: 'names of methods, kinds, interfaces and symbols',
      code: `${GIANT} ${TELL} [
          tell(() => Far(giant, {})), tell(() => VatData.makeKindHandle(giant)),
          tell(() => Symbol.for(giant)), tell(() => baggage.has(giant)),
        ].length`,
      gives: '4',
    },
    {
      name: 'a giant method name',
      tries: 'a message whose name is giant',
      code: `${GIANT} E($.innocent)[giant]().then(() => 'answered', e => e.name)`,
      gives: 'RangeError',
    },
    {
      name: 'a giant text as source',
      tries: 'evaluated code of sixteen megabytes',
      code: `${LARGE} ${TELL} tell(() => (0, eval)('/*' + giant + '*/'))`,
      gives: 'ran',
    },
    {
      name: 'JSON.parse and JSON.stringify of much',
      tries: 'texts that are longer when they are written',
      code: `Promise.resolve('\\u0000'.repeat(2 ** 27)).then(JSON.stringify).then(() => 'ran', e =>
        e.name)`,
      gives: 'RangeError',
    },
    {
      name: 'shared nestings written out',
      tries: '2^40 texts from forty arrays',
      code: `let a = [0]; for (let i = 0; i < 40; i += 1) a = [a, a];
        console.log('looping'); Promise.resolve(a).then(JSON.stringify).then(() => 'ran', e =>
          e.name)`,
      ends: { stops: 'DELIVERY_TIMEOUT' },
    },
  ],
};
