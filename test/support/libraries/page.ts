/**
 * docs/libraries.md: made of what test/libraries/npm.test.ts finds, and compared with it.
 */
import { LIBRARIES, versionOf, type Library } from './libraries.js';

export interface Finding {
  readonly library: Library;
  /** Of the bundle of a vat that uses it. */
  readonly bytes: number;
}

const linkOf = ({ name }: Library): string => `[${name}](https://www.npmjs.com/package/${name})`;
const useOf = ({ use }: Library): string => `[use](../test/vats/libraries/npm/${use}.js)`;

const outcomeOf = ({ note }: Library): string => (note === undefined ? 'runs' : `runs; ${note}`);

/** All of a line but the size. */
const headOf = (library: Library): string => {
  const cells = [linkOf(library), versionOf(library), outcomeOf(library), useOf(library)];
  return `| ${cells.join(' | ')} |`;
};

const kilobytes = (bytes: number): number => Math.round(bytes / 1000);

const lineOf = ({ library, bytes }: Finding): string =>
  `${headOf(library)} ${kilobytes(bytes)} |`;

const HEAD = [
  '# Libraries from npm',
  '',
  `${LIBRARIES.length} popular libraries, all of which run in a vat, unmodified. ` +
    '[npm.test.ts](../test/libraries/npm.test.ts) imports each into a vat of its own and uses ' +
    'it; what comes out must be what comes out in plain Node. The same test makes this page: ' +
    '`npm run libraries` writes it, and the test fails where the page says something else.',
  '',
  '| library | version | in a vat | how it is used | kB |',
  '| --- | --- | --- | --- | --- |',
];

const FOOT = [
  '',
  '*kB*: the script that `bundleVat` makes of a vat that uses the library so, not compressed. ' +
    'The smallest are mostly `Far` and what it imports. What a vat does not use of a library is ' +
    'left out where its package allows that.',
  '',
  'What every library meets: intrinsics are frozen, there is no clock and no chance, no timers, ' +
    'files, network, `Intl` or `crypto`; [environment](environment.md#for-libraries) says what ' +
    'was done so that most run all the same. Whatever a library needs of these has to be given ' +
    'to it: bytes and times as arguments, delays by the [timer](host-objects.md) of the kernel.',
];

/** The page, from the findings on all libraries. */
export const pageOf = (findings: readonly Finding[]): string => {
  const lines = LIBRARIES.map(library => {
    const finding = findings.find(it => it.library === library);
    if (finding === undefined) throw Error(`nothing was found on ${library.name}`);
    return lineOf(finding);
  });
  return [...HEAD, ...lines, ...FOOT, ''].join('\n');
};

const SIZE = /^(.*\|) (\d+) \|$/;
/** Of a size: bundlers differ a little from version to version. */
const TOLERANCE = 0.1;

/** What of a page is not what was found. */
export const findingsIn = (page: string, findings: readonly Finding[]): string[] => {
  const text = page.split('\n').filter(line => !SIZE.test(line));
  const isWhole = text.join('\n') === [...HEAD, ...FOOT, ''].join('\n');
  const lines = page.split('\n').flatMap(line => {
    const [, head, size] = SIZE.exec(line) ?? [];
    return head === undefined ? [] : [{ head, size: Number(size) }];
  });
  const heads = LIBRARIES.map(headOf);
  const isListed = lines.map(({ head }) => head).join('\n') === heads.join('\n');
  const wrong = findings.flatMap(({ library, bytes }) => {
    const line = lines.find(({ head }) => head === headOf(library));
    const found = kilobytes(bytes);
    const isNear =
      line !== undefined && Math.abs(found - line.size) <= Math.max(1, line.size * TOLERANCE);
    return isNear ? [] : [`${library.name}: ${found} kB`];
  });
  return [
    ...(isWhole ? [] : ['the text around the table']),
    ...(isListed ? [] : [`the lines of the libraries; they are:\n${heads.join('\n')}`]),
    ...wrong,
  ];
};
