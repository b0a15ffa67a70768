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
const useOf = ({ use }: Library): string => `[use](../test/vats/npm/${use}.js)`;

const outcomeOf = ({ no, note }: Library): string => {
  if (no !== undefined) return `no: ${no.reason}. Instead: ${no.instead}`;
  return note === undefined ? 'runs' : `runs; ${note}`;
};

/** All of a line but the size. */
const headOf = (library: Library): string => {
  const cells = [linkOf(library), versionOf(library), outcomeOf(library), useOf(library)];
  return `| ${cells.join(' | ')} |`;
};

const kilobytes = (bytes: number): number => Math.round(bytes / 1000);

const lineOf = ({ library, bytes }: Finding): string =>
  `${headOf(library)} ${kilobytes(bytes)} |`;

/** The page, from the findings on all libraries. */
export const pageOf = (findings: readonly Finding[]): string => {
  const runs = LIBRARIES.filter(({ no }) => no === undefined).length;
  const lines = LIBRARIES.map(library => {
    const finding = findings.find(it => it.library === library);
    if (finding === undefined) throw Error(`nothing was found on ${library.name}`);
    return lineOf(finding);
  });
  return `# Libraries from npm

${runs} of ${LIBRARIES.length} popular libraries run in a vat, unmodified. [npm.test.ts](../test/libraries/npm.test.ts) imports each into a vat of its own and uses it; what comes out must be what comes out in plain Node. The same test makes this page: \`npm run libraries\` writes it, and the test fails where the page says something else.

| library | version | in a vat | how it is used | kB |
| --- | --- | --- | --- | --- |
${lines.join('\n')}

*kB*: the script that \`bundleVat\` makes of a vat that uses the library so, before compression; about 20 kB of it are \`Far\`. What a library does not use of itself is left out where its package allows that.

What every library meets: intrinsics are frozen ([environment](environment.md#for-libraries)), there is no clock and no chance, nor timers, files, network, \`Intl\` or \`crypto\`. Whatever a library needs of these has to be given to it: random bytes and times as arguments, delays by the [timer](vat-admin.md) of the kernel.
`;
};

const SIZE = /^(.*\|) (\d+) \|$/;
/** Of a size: bundlers differ a little from version to version. */
const TOLERANCE = 0.1;

/** What of a page is not what was found. */
export const findingsIn = (page: string, findings: readonly Finding[]): string[] => {
  const lines = page.split('\n').flatMap(line => {
    const [, head, size] = SIZE.exec(line) ?? [];
    return head === undefined ? [] : [{ head, size: Number(size) }];
  });
  return findings.flatMap(({ library, bytes }) => {
    const line = lines.find(({ head }) => head === headOf(library));
    if (line === undefined) return [`no line: ${headOf(library)}`];
    const found = kilobytes(bytes);
    const isNear = Math.abs(found - line.size) <= Math.max(1, line.size * TOLERANCE);
    return isNear ? [] : [`${library.name}: ${found} kB`];
  });
};
