/**
 * The files of a vat of any size, by seed: TypeScript as authors write it, in modules that import
 * each other, and libraries. The same seed and size give the same files.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

interface GeneratedVat {
  readonly seed: number;
  /** Of its own modules, at least. */
  readonly bytes: number;
  /** Specifiers of packages. */
  readonly libraries: readonly string[];
}

export const ENTRY = 'vat.ts';

type Choose = (below: number) => number;

const method = (name: string, choose: Choose): string => `
  /** What is left when ${name} is through. */
  ${name}(amount: Amount, note: string = 'none'): Amount {
    if (amount < ${choose(50)}) throw RangeError(\`${name}: \${amount}, not ${choose(50)}\`);
    const factors: readonly number[] = [${[choose(9), choose(9), choose(9)].join(', ')}];
    const total = factors.reduce((sum, factor) => sum + factor * amount, this.offset);
    this.entries.push({ note, state: total % 2 === 0 ? State.Open : State.Closed, total });
    return total;
  }
`;

const moduleText = (number: number, choose: Choose): string => {
  const uses = number === 0 ? [] : [...new Set([choose(number), choose(number)])];
  const imports = uses.map(
    it => `import { Ledger${it}, type Entry${it} } from './part-${it}.js';\n`,
  );
  const fields = uses.map(it => `  readonly ledger${it} = new Ledger${it}(${choose(100)});\n`);
  const types = uses.map(it => `  readonly last${it}?: Entry${it};\n`);
  const methods = Array.from({ length: 4 }, (_, i) => method(`step${i}`, choose));
  return `${imports.join('')}
export type Amount = number;
enum State { Open, Closed = ${choose(9) + 1} }
export interface Entry${number} { readonly note: string; readonly total: Amount; state: State; }
export interface Options${number} {
  readonly width: number;
${types.join('')}}

export class Ledger${number} {
  readonly entries: Entry${number}[] = [];
${fields.join('')}
  constructor(private readonly offset: Amount, readonly options?: Options${number}) {}
${methods.join('')}}
`;
};

const entryText = (parts: number, libraries: readonly string[]): string => {
  const numbers = Array.from({ length: parts }, (_, i) => i);
  const imports = [
    ...numbers.map(i => `import { Ledger${i} } from './part-${i}.js';\n`),
    ...libraries.map((name, i) => `import * as library${i} from '${name}';\n`),
  ];
  const ledgers = numbers.map(i => `new Ledger${i}(${i})`).join(', ');
  const used = libraries.map((_name, i) => `Object.keys(library${i}).length`).join(', ');
  return `import { Far } from '@endo/far';
${imports.join('')}
const ledgers = [${ledgers}] as const;
const used: number[] = [${used}];
export const buildRootObject = () =>
  Far('root', { go: (amount: number) => [ledgers.length, used.length, ledgers[0].step0(amount)] });
`;
};

/** By path: its own modules, the entry, a package.json and a tsconfig.json. */
export const generatedVat = (wanted: GeneratedVat): Readonly<Record<string, string>> => {
  const generator = xoroshiro128plus(wanted.seed);
  const choose: Choose = below => uniformInt(generator, 0, below - 1);
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ name: 'generated', version: '1.0.0', type: 'module' }),
    'tsconfig.json': JSON.stringify({ compilerOptions: { strict: true, target: 'es2022' } }),
  };
  let bytes = 0;
  let parts = 0;
  while (bytes < wanted.bytes) {
    const text = moduleText(parts, choose);
    files[`part-${parts}.ts`] = text;
    bytes += text.length;
    parts += 1;
  }
  files[ENTRY] = entryText(parts, wanted.libraries);
  return files;
};
