/** The pages on mistakes: a heading for every code, and code that gets the warning of its name. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/documents/documents.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const GUIDE = 'docs/upgrade/change-a-vat-safely.md';
const MISTAKES = 'docs/upgrade/mistakes.md';

/** As the product has them, worst first. */
const codes = async (): Promise<string[]> => {
  const source = await read('packages/kernel/src/lifecycle/warnings/warning.ts');
  const list = /const WARNING_CODES = \[(.*?)\]/s.exec(source)![1]!;
  return [...list.matchAll(/'([A-Z_]+)'/g)].map(match => match[1]!);
};

describe('the pages on mistakes:', () => {
  test('each code -> a heading, a row of the table, and a place in the guide', async () => {
    const [all, mistakes, guide] = [await codes(), await read(MISTAKES), await read(GUIDE)];
    expect(all.length).toBeGreaterThan(10);
    const headings = [...mistakes.matchAll(/^## ([A-Z_]+)$/gm)].map(match => match[1]!);
    expect([...headings].sort()).toEqual([...all].sort());
    for (const code of all) {
      const link = `#${code.toLowerCase()})`;
      expect(mistakes, code).toContain(`[${code}](${link}`);
      expect(guide, code).toContain(code);
      const isShown = guide.includes(`// ${code}: `);
      if (!isShown) expect(guide, code).toContain(`[${code}](mistakes.md${link}`);
    }
  });
});

const shared = useSharedKernel();

const kindOf = (key: string, state: string, methods: string): string => `
  baggage.init('${key}', VatData.makeKindHandle('${key}'));
  $.make = VatData.defineDurableKind(baggage.get('${key}'), () => (${state}), { ${methods} });
  baggage.init('one', $.make());`;

/** What was there before the code of the guide, by the code of its mistake. */
const BEFORE: Readonly<Record<string, string>> = {
  MADE_ANEW: '1',
  START_REPEATS: '1',
  HANDLE_NOT_KEPT: kindOf('Ticket', '{ used: false }', 'use: () => 1'),
  MIGRATION_FAILS: kindOf('Order', '{ size: null }', 'size: () => 1'),
};

/** The blocks of code, a mistake and what to write instead, by the code that the first names. */
const pairs = async (): Promise<[code: string, wrong: string, right: string][]> => {
  const blocks = [...(await read(GUIDE)).matchAll(/^```js\n(.*?)^```$/gms)].map(it => it[1]!);
  const found: [string, string, string][] = [];
  for (let i = 0; i < blocks.length; i += 2) {
    const [wrong = '', right = ''] = blocks.slice(i, i + 2);
    found.push([/^\/\/ ([A-Z_]+): /.exec(wrong)![1]!, wrong, right]);
  }
  return found;
};

test('the code of the guide -> the mistake is warned of, the other is not', async () => {
  const { kernel } = shared;
  const directory = await shared.create('workbench.js');
  const found = await pairs();
  expect(found.map(([code]) => code)).toEqual(Object.keys(BEFORE));
  for (const [code, wrong, right] of found) {
    const args = [directory.root];
    const vatParameters = { setup: BEFORE[code]!, args };
    const { vatId, bundleId } = await shared.create('workbench.js', { vatParameters });
    await kernel.idle();
    const codesOf = async (block: string): Promise<string[]> => {
      const setup = `const directory = args[0]; ${block}; 1`;
      const next = { bundleId, vatParameters: { setup, args }, compare: true };
      return (await kernel.checkUpgrade(vatId, next)).warnings.map(warning => warning.code);
    };
    expect(await codesOf(wrong), code).toContain(code);
    const rest = code === 'MIGRATION_FAILS' ? ['VERSION_RAISED'] : [];
    expect(await codesOf(right), code).toEqual(rest);
  }
});
