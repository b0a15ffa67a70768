/** Observations of texts that engines read and write: JSON, regular expressions, URLs. */
import { VatUrl } from '../vat-url.js';
import { outcomeOf, shown, type Look } from './sight.js';

const VALUES: readonly unknown[] = [
  ...[1, -0, 1e21, NaN, '\ud800 \u2028\u007f\u0000"\\', null, undefined, true, Symbol.iterator],
  ...[{ b: [1, [], {}], 2: 'x', 1: 1n === 1n, a: undefined }, [undefined, () => 0], 2n],
  ...[new Map([[1, 2]]), Object('s'), Object(1), { toJSON: (key: string) => `key ${key}` }],
];

const circular = (): object => {
  const inner: { list?: unknown[] } = {};
  const outer = { first: { inner } };
  inner.list = [outer];
  return outer;
};

const BAD_JSON = [
  ...['', ' ', '{', '[', '[1,]', '[1 2]', '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '{"a":1}}'],
  ...['undefined', 'nul', 'tru', '-', '01', '1.', '1e', '.5', '+1', 'NaN', "'a'", '"a'],
  ...['"\\x"', '"\\u12"', '"\n"', '"\u0001"', '\u00e9', '\ufeff1', '1 1', '[1]\n\n  x'],
  ...['x'.repeat(90), `{"a":"${'y'.repeat(70)}`, `[${'1,'.repeat(50)}x${',1'.repeat(50)}]`],
];

const JSONS: readonly Look[] = [
  {
    name: 'json.printing',
    look(sight) {
      for (const value of VALUES) {
        sight.outcome(() => JSON.stringify(value));
        sight.outcome(() => JSON.stringify({ value }, null, 11));
        sight.outcome(() => JSON.stringify([value], ['b', 1], '\t-'));
      }
      sight.outcome(() => JSON.stringify(circular()));
    },
  },
  {
    name: 'json.parsing',
    look(sight) {
      const good = ['{"__proto__":1,"2":1,"1":2,"a":1,"a":[1e400,-0,0.1]}', ' [\t"\\u0041\\/"\r]'];
      for (const text of good) sight.outcome(() => JSON.stringify(JSON.parse(text)));
      for (const text of good) {
        const given: string[] = [];
        JSON.parse(text, function (this: unknown, ...args: unknown[]) {
          given.push(`${shown(this)} ${JSON.stringify(args)}`);
          return args[1];
        });
        sight.text(given.join());
      }
    },
  },
  {
    name: 'json.refusing',
    look(sight) {
      for (const text of BAD_JSON) sight.outcome(() => JSON.parse(text));
    },
  },
];

/** Expression, flags, text. */
const MATCHES: readonly (readonly [source: string, flags: string, text: string])[] = [
  ['(?<=(\\d+)(\\d+))$', '', '1053'],
  ['(z)((a+)?(b+)?(c))*', '', 'zaacbbbcac'],
  ['(?:a*?)*?b', '', 'aab'],
  ['(a)\\1', 'i', 'xaA'],
  ['(?<year>\\d{4})-(?<month>\\d\\d)', 'dg', '1999-12 2000-01'],
  ['(?=(a+))a*b\\1', '', 'baaabac'],
  ['(?!foo)...', 'g', 'foobarfoo'],
  ['^.$', 'msg', 'a\nb\n\u2028c'],
  ['\\b\\w+\\B', 'g', 'one two \u017fthree'],
  ['[^\\d\\s-a]', 'g', '1 -ab'],
  ['\\u{1f600}|[\\ud83d]', 'gu', '\ud83d\ude00\ud83d'],
  ['(?:)', 'gu', '\ud83d\ude00'],
  ['a', 'y', 'ba'],
  ['[\\p{L}--[a-z]]', 'gv', 'aBc'],
  ['[\\w&&\\d]', 'v', 'a1'],
  ['(?<a>x)|(?<a>y)', '', 'y'],
  ['(?i:a)b', '', 'Ab'],
  ['\\x1\\u1\\c!\\8', '', 'x1u1\\c!8'],
];

/** V8 takes long to make what these need. */
const LONG_MATCHES: typeof MATCHES = [
  ['^\\p{RGI_Emoji}$', 'v', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'],
  ['\\p{Basic_Emoji}+|[\\p{L}&&\\p{ASCII}]', 'gv', 'a\u{1f468}\u{1fae9}'],
];

const REPLACEMENTS = ['$<a>$<year>-$1$2$&$`', "$'$$$0$10"];

/** Most are no regular expressions, or only without flags. */
const SOURCES = [
  ...['(', ')', '[', ']', '{', '}', '*', '+', 'a**', 'a{2,1}', '{1}', 'a{,5}', '\\', '(?'],
  ...['(?a)', '(?<', '(?<a', '(?<a>', '(?<1>a)', '(?<a>)(?<a>)', '\\k<b>(?<a>)', '\\k'],
  ...['(?<a>)\\k', '[b-a]', '[\\d-z]', '(?=a)*', '(?<=a)*', '\\u{110000}', '\\u{1', '\\p{Foo}'],
  ...['\\p', '\\c'],
  ...['\\2(a)', '\\00', '\\-', '(?i-i:a)', '(?-:a)', '(?ims-:a)', '(?x:a)', '[[a]&&b]', '[a--b]'],
  ...['(?<\u{20bb7}>a)', '[(]', '[a\\q{bc|d}]', '(?<a>x)|(?<a>y)', '\\p{Script=Nobody}', '/', '\n'],
];
const FLAGS = ['', 'u', 'v'];
const BAD_FLAGS = ['x', 'gg', 'uv', 'dgimsuy', 'I'];

const REGEXPS: readonly Look[] = [
  {
    name: 'regexps.matching',
    look(sight, { whole }) {
      for (const [source, flags, text] of whole ? [...MATCHES, ...LONG_MATCHES] : MATCHES) {
        sight.outcome(() => {
          const regExp = new RegExp(source, flags);
          const match = regExp.exec(text);
          const groups = JSON.stringify([match, match?.groups, match?.indices, regExp.lastIndex]);
          const replaced = REPLACEMENTS.map(by => text.replace(regExp, by));
          return [groups, ...replaced, ...text.split(regExp)].join('|');
        });
      }
    },
  },
  {
    name: 'regexps.syntax',
    look(sight) {
      for (const source of SOURCES) {
        for (const flags of FLAGS) {
          sight.outcome(() => {
            const { source: kept, flags: shownFlags } = new RegExp(source, flags);
            return `${kept} ${shownFlags}`;
          });
        }
      }
      for (const flags of BAD_FLAGS) sight.outcome(() => new RegExp('a', flags).flags);
    },
  },
];

const URL_TEXTS = [
  ...['http://EXAMPLE.com:80/a/../b?q=\u00e9#f', 'https://user:p%40@h:443/', 'file:///C|/x/../y'],
  ...['http://[::1]:8080/', 'http://0x7f.1/', 'http://256.1.1.1/', 'mailto:a@b', 'data:,a b#c d'],
  ...['http://\u00fc\u00df.example/', 'http://fa\u00df.de', 'http://\u2163.example', 'http://xn--a'],
  ...['http://xn--zca.example', 'http://a\u00adb.example', 'http://\u{1fae9}.example', 'http://a b/'],
  ...['http://\u{1c89}.example', 'http://\ua7d2.example', 'blob:https://a/b', 'x:/..//p', 'http:'],
  ...['http://a.b%63/%7e%2e%2e/', 'http://a/ \t\nb', 'javascript:1 ', 'http://a:65536', '//a', ''],
];
const PARTS = ['origin', 'protocol', 'host', 'pathname', 'search', 'hash'] as const;

const URLS: Look = {
  name: 'urls',
  look(sight) {
    for (const text of URL_TEXTS) {
      sight.outcome(() => {
        const url = new VatUrl(text);
        return [url.href, ...PARTS.map(part => shown(Reflect.get(url, part)))].join(' ');
      });
      sight.text(outcomeOf(() => new VatUrl(text, 'http://base/x/y?z').href));
    }
  },
};

export const textLooks: readonly Look[] = [...JSONS, ...REGEXPS, URLS];
