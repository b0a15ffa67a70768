/** Bundles that are long are checked and woven beside the kernel's thread. */
import type { Kernel, VatBundle } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { kernelOver } from '../support/kernels/fresh-kernels.js';

/** Longer than what is woven in place. */
const LINES = 4_000;
const line = (n: number): string => `const f${n} = a => [a, () => ${n}];\n`;
const body = Array.from({ length: LINES }, (_, n) => line(n)).join('');
const scriptOf = (source: string): VatBundle => ({
  moduleFormat: 'endoScript',
  source: `(() => { ${source} return { buildRootObject: () => 1 }; })()`,
});
const LONG = scriptOf(body);
const SHORT = scriptOf('');
/** The error is far behind. */
const WRONG = scriptOf(`${body} const = 7;`);

const inHostBlocks = (): Promise<Kernel> => kernelOver({ blocks: 'host', spareThreads: 0 });

type Derive = (job: object) => unknown;
/** A module of the kernel: a process that has woven a bundle does not weave it again, so both ways
 * are asked directly. */
const built = async (name: string): Promise<Readonly<Record<string, Derive>>> =>
  import(new URL(`./code/${name}.js`, import.meta.resolve('@heirloom/kernel')).href);

describe('woven aside: a long bundle', () => {
  test('the kernel owns its blocks -> an input once it is woven, in order of call', async () => {
    const kernel = await kernelOver({ spareThreads: 0 });
    await kernel.idle();
    const before = kernel.lastInput;
    const order: string[] = [];
    const long = kernel.installBundle(LONG).then(id => order.push(id));
    const short = kernel.installBundle(SHORT).then(id => order.push(id));
    // Neither has become one in this turn: the thread is not held up.
    expect(kernel.lastInput).toBe(before);
    await Promise.all([long, short]);
    expect(kernel.lastInput).toBe(before + 2);
    const ids = [LONG, SHORT].map(bundle => kernel.installBundle(bundle));
    expect(order).toEqual(await Promise.all(ids));
  });

  test('in place and in the thread -> the same script', async () => {
    const job = { ...LONG, sourceMap: undefined, older: true };
    const { runScriptJob } = await built('weaver');
    const { deriveScript } = await built('script-bundle');
    expect(await runScriptJob?.(job)).toEqual(await deriveScript?.(job));
  });

  test('with an error -> the same words and place', async () => {
    const kernel = await inHostBlocks();
    const inThread = await kernel.prepareBundle(WRONG).catch((error: unknown) => error);
    const inPlace = await kernel.installBundle(WRONG).catch((error: unknown) => error);
    expect(inThread).toMatchObject({ name: 'KernelError', code: 'BAD_BUNDLE' });
    expect(String(inThread)).toBe(String(inPlace));
    expect(String(inThread)).toContain(`:${LINES + 1}:`);
  });
});
