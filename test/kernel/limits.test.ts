/**
 * Every limit that all replicas check alike, from both sides (docs/limits.md). What passes one is a
 * VatFault: the crank counts for nothing, the vat ends, the others go on.
 */
import { DEFAULT_PARAMETERS } from '@heirloom/kernel';
import type { Kernel, KernelLogEntry, KernelParameters, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { amount } from '../support/suite/amounts.js';
import { fixture, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

interface Place {
  readonly kernel: Kernel;
  /** Runs a snippet in the vat; `args` are [the other vat's root]. */
  run(code: string): Promise<unknown>;
  /** The code of the fault that ended the vat, if one did. */
  faultCode(): string | undefined;
}

const placeIn = async (
  kernel: Kernel,
  log: readonly KernelLogEntry[],
  bundleId: string,
): Promise<Place> => {
  const other = kernel.vats().find(({ name }) => name === 'other')?.root;
  const args = [other ?? (await kernel.createVat({ name: 'other', bundleId })).root];
  const bench = kernel.vats().find(({ name }) => name === 'bench');
  const { root } = bench ?? (await kernel.createVat({ name: 'bench', bundleId }));
  return {
    kernel,
    run: code => kernel.call(root, 'run', [code, args]),
    faultCode: () => log.find(({ level }) => level === 'fault')?.text.split(':', 1)[0],
  };
};

/** The kernel of all tests that need no parameters of their own. */
const shared = useSharedKernel({
  // A bench that no test has ended is the next test's.
  keeps: name => name === 'bench',
  begin: async ({ kernel }) => {
    const bundleId = await shared.install('workbench.js');
    await kernel.createVat({ name: 'other', bundleId });
  },
});
const make = async (): Promise<Place> =>
  placeIn(shared.kernel, shared.log, await shared.install('workbench.js'));

/** In a kernel of the test's own. */
const makeWith = async (parameters: Partial<KernelParameters>): Promise<Place> => {
  const log: KernelLogEntry[] = [];
  const kernel = await kernelOver({ parameters, log: entry => log.push(entry) });
  return placeIn(kernel, log, await install(kernel, 'workbench.js'));
};

/** What passes a limit ends the vat with LIMIT, and nobody else. */
const expectFault = async ({ kernel, run, faultCode }: Place, code: string): Promise<void> => {
  await expect(run(code)).rejects.toThrow('vat terminated');
  expect(faultCode()).toBe('LIMIT');
  expect(kernel.vats().map(({ name }) => name)).toEqual(['other']);
  expect(await kernel.call(kernel.vat('other').root, 'run', ['40 + 2'])).toBe(42);
};

/** A title, what is still right, what is too much. */
const FAULTS: readonly (readonly [title: string, right: string, wrong: string])[] = [
  [
    'data of a result: 10,000,000 canonical bytes',
    `'x'.repeat(9_999_950).length`,
    `'x'.repeat(10_000_000)`,
  ],
  [
    'syscalls of a crank: 100,000, the result one of them',
    `for (let i = 0; i < 99_999; i += 1) E.sendOnly(args[0]).no(); 1`,
    `for (let i = 0; i < 100_000; i += 1) E.sendOnly(args[0]).no(); 1`,
  ],
  [
    'syscalls of a crank: 64 MiB together',
    `for (let i = 0; i < 6; i += 1) E.sendOnly(args[0]).no('x'.repeat(9_900_000)); 1`,
    `for (let i = 0; i < 7; i += 1) E.sendOnly(args[0]).no('x'.repeat(9_900_000)); 1`,
  ],
  [
    'row writes of a crank: 64 MiB together',
    `for (let i = 0; i < 6; i += 1) baggage.init('right' + i, 'x'.repeat(9_900_000)); 1`,
    `for (let i = 0; i < 7; i += 1) baggage.init('k' + i, 'x'.repeat(9_900_000)); 1`,
  ],
];

describe('limits, faults:', () => {
  const isRight = async (_title: string, right: string): Promise<void> => {
    const place = await make();
    expect(await place.run(right)).toBeGreaterThan(0);
    expect(place.faultCode()).toBeUndefined();
  };
  const data = FAULTS.slice(0, 1);
  test.each(data)('%s -> up to it all is well', isRight);
  // What is just allowed is sent or stored, too: seconds.
  const more = FAULTS.slice(1);
  test.each(more)('%s -> up to it all is well', { tags: ['thorough'] }, isRight);

  test.each(FAULTS)('%s -> past it LIMIT', async (_title, _right, wrong) => {
    await expectFault(await make(), wrong);
  });

  const rewritten = 'a row written again and again -> only its last value weighs';
  test(rewritten, { tags: ['thorough'] }, async () => {
    const { run } = await make();
    const code = `
      baggage.init('again', 0);
      for (let i = 0; i < 20; i += 1) baggage.set('again', 'x'.repeat(9_900_000));
      1`;
    expect(await run(code)).toBe(1);
  });
});

/** What is refused to vat code itself: a title, what gives the error's text, and the text. */
const REFUSALS: readonly (readonly [title: string, ok: string, wrong: string, why: string])[] = [
  [
    'data of a message: 10,000,000 canonical bytes',
    `E.sendOnly(args[0]).no('x'.repeat(9_999_950)); 'sent'`,
    `E(args[0]).no('x'.repeat(10_000_000)).catch(error => error.message)`,
    'syscall capdata too large',
  ],
  [
    'references of a message: 10,000',
    `E.sendOnly(args[0]).no(Array.from({ length: 10_000 }, (_, i) => Far('o' + i))); 'sent'`,
    `E(args[0]).no(Array.from({ length: 10_001 }, (_, i) => Far('o' + i))).catch(e => e.message)`,
    'syscall capdata too large',
  ],
  [
    'nesting of data: 500 containers, two of them the message',
    `let a = []; for (let i = 0; i < 497; i += 1) a = [a]; E.sendOnly(args[0]).no(a); 'sent'`,
    `let a = []; for (let i = 0; i < 498; i += 1) a = [a];
     E(args[0]).no(a).catch(error => error.message)`,
    'passable nested deeper than nestingMax 500',
  ],
  [
    'the key of a collection: 219 characters with its type',
    `baggage.init('k'.repeat(218), 1); 'sent'`,
    `why(() => baggage.init('k'.repeat(219), 1))`,
    'Error: key too large',
  ],
];

describe('limits, refusals:', () => {
  const isRight = async (_title: string, ok: string): Promise<void> => {
    const place = await make();
    expect(await place.run(ok)).toBe('sent');
    expect(place.faultCode()).toBeUndefined();
  };
  const manyReferences = REFUSALS.filter(([title]) => title.startsWith('references'));
  const others = REFUSALS.filter(row => !manyReferences.includes(row));
  test.each(others)('%s -> up to it all is well', isRight);
  test.each(manyReferences)('%s -> up to it all is well', { tags: ['thorough'] }, isRight);

  test.each(REFUSALS)('%s -> past it an error, the vat lives', async (_t, _ok, wrong, why) => {
    const place = await make();
    expect(await place.run(wrong)).toBe(why);
    expect(await place.run('40 + 2')).toBe(42);
    expect(place.faultCode()).toBeUndefined();
  });
});

describe('limits, answers:', () => {
  /** Sends `count` messages to a promise that the vat itself decides, through the other vat. */
  const flood = (count: number): string => `
    const open = new Promise(r => { $.resolve = r; });
    const there = E(args[0]).run('new Promise(() => {})');
    const results = [];
    for (let i = 0; i < ${count}; i += 1) results.push(E(there).no(i));
    $.settled = 0;
    for (const result of results) result.catch(error => { $.settled += 1; $.why = error.message; });
    results.length`;

  test('promiseQueueMax: past it -> results are rejected, the vat lives', async () => {
    const { run, faultCode } = await makeWith({ promiseQueueMax: 10 });
    expect(await run(flood(10))).toBe(10);
    expect(await run('$.settled')).toBe(0);
    expect(await run(flood(13))).toBe(13);
    expect(await run('[$.settled, $.why]')).toEqual([
      3,
      'too many messages wait on the promise',
    ]);
    expect(faultCode()).toBeUndefined();
  });

  const weighed: readonly (readonly [what: string, right: string, wrong: string])[] = [
    [
      'syscalls',
      'for (let i = 0; i < 20; i += 1) E.sendOnly(args[0]).no(); 1',
      'for (let i = 0; i < 30; i += 1) E.sendOnly(args[0]).no(); 1',
    ],
    [
      'data of a message',
      "E.sendOnly(args[0]).no('x'.repeat(90_000)); 1",
      "E.sendOnly(args[0]).no('x'.repeat(100_001)); 1",
    ],
    ['data of a result', "'x'.repeat(90_000).length", "'x'.repeat(100_001)"],
    [
      'references',
      "E.sendOnly(args[0]).no(Array.from({ length: 20 }, () => Far('thing', {}))); 1",
      "E.sendOnly(args[0]).no(Array.from({ length: 26 }, () => Far('thing', {}))); 1",
    ],
    [
      'rows',
      "baggage.init('a', 'x'.repeat(90_000)); 1",
      "baggage.set('a', 'x'.repeat(50_000)); baggage.init('b', 'x'.repeat(60_000)); 1",
    ],
    [
      'what vat code goes on to do when it has caught the fault',
      'for (let i = 0; i < 20; i += 1) E.sendOnly(args[0]).no(); 1',
      'for (let i = 0; i < 30; i += 1) try { E.sendOnly(args[0]).no(); } catch {} 1',
    ],
  ];
  test.each(weighed)('crankWeightMax: %s -> past it LIMIT', async (_what, right, wrong) => {
    const place = await makeWith({ crankWeightMax: 100_000 });
    await place.run(right);
    expect(place.faultCode()).toBeUndefined();
    await expectFault(place, wrong);
  });

  test('crankWeightMax: starts and upgrades -> as heavy as they like', async () => {
    const { kernel, faultCode } = await makeWith({ crankWeightMax: 100_000 });
    const { bundleId } = kernel.vat('other');
    const vatParameters = { setup: "baggage.init('a', 'x'.repeat(200_000)); 1" };
    const { vatId } = await kernel.createVat({ name: 'heavy', bundleId, vatParameters });
    const again = { setup: "baggage.set('a', 'y'.repeat(200_000)); 1" };
    await kernel.upgradeVat(vatId, { bundleId, vatParameters: again });
    expect(await kernel.call(kernel.vat('heavy').root, 'run', ["baggage.get('a')[0]"])).toBe('y');
    expect(faultCode()).toBeUndefined();
  });

  test('vatsMax: one more vat -> its creation fails; an end makes room', async () => {
    const { kernel } = await makeWith({ vatsMax: 2 });
    const { bundleId } = kernel.vat('other');
    const third = (): Promise<unknown> => kernel.createVat({ name: 'third', bundleId });
    await expect(third()).rejects.toThrow('there are 2 vats already');
    await kernel.terminateVat(kernel.vat('other').vatId);
    await third();
    expect(kernel.vats().map(({ name }) => name)).toEqual(['bench', 'third']);
  });

  const bundleSize = 'a bundle: 12,000,000 bytes of source -> past it KernelError BAD_BUNDLE';
  test(bundleSize, { tags: ['thorough'] }, async () => {
    const relay: unknown = await fixture('relay.js');
    const bundle = relay as { moduleFormat: string; source: string };
    const padded = (bytes: number): never => {
      const { moduleFormat, source } = bundle;
      const padding = ' '.repeat(bytes - Buffer.byteLength(source));
      return { moduleFormat, source: source + padding } as never;
    };
    const kernel = await kernelOver();
    const bundleId = await kernel.installBundle(padded(12_000_000));
    await kernel.createVat({ name: 'relay', bundleId });
    const refused = kernel.installBundle(padded(12_000_001));
    await expect(refused).rejects.toMatchObject({ name: 'KernelError', code: 'BAD_BUNDLE' });
  });

  test("the host's arguments: 10,000,000 canonical bytes -> past it BAD_ARGUMENT", async () => {
    const { kernel } = await make();
    const { root } = kernel.vat('bench');
    const code = '1'.padStart(9_999_900, ' ');
    expect(await kernel.call(root, 'run', [code])).toBe(1);
    const tooMuch = { name: 'KernelError', code: 'BAD_ARGUMENT' };
    await expect(kernel.call(root, 'run', [`${code}${code}`])).rejects.toMatchObject(tooMuch);
  });

  test("a vat's name: 199 characters -> past it BAD_ARGUMENT", async () => {
    const { kernel } = await makeWith({});
    const { bundleId } = kernel.vat('other');
    await kernel.createVat({ name: 'n'.repeat(199), bundleId });
    const tooLong = kernel.createVat({ name: 'n'.repeat(200), bundleId });
    await expect(tooLong).rejects.toMatchObject({ name: 'KernelError', code: 'BAD_ARGUMENT' });
  });

  test('a drain of 10,000 waves, 10,000 exports of a fork -> past it BAD_OPTION', async () => {
    const { kernel } = await makeWith({});
    const { bundleId, vatId } = kernel.vat('other');
    const tooMuch = { name: 'KernelError', code: 'BAD_OPTION' };
    await kernel.upgradeVat(vatId, { bundleId, drain: { waves: 10_000 } });
    const drained = kernel.upgradeVat(vatId, { bundleId, drain: { waves: 10_001 } });
    await expect(drained).rejects.toMatchObject(tooMuch);
    const fork = (count: number) => {
      const exports = Array.from({ length: count }, () => kernel.vat('other').root);
      return kernel.forkVat(vatId, { name: `with-${count}`, exports });
    };
    expect((await fork(10_000)).exports).toHaveLength(10_000);
    await expect(fork(10_001)).rejects.toMatchObject(tooMuch);
  });

  test('waveBytesMax: more than one row of the transcript holds -> BAD_OPTION', async () => {
    const most = DEFAULT_PARAMETERS.waveBytesMax;
    await kernelOver({ parameters: { waveBytesMax: most } });
    const more = kernelOver({ parameters: { waveBytesMax: most + 1 } });
    await expect(more).rejects.toMatchObject({ name: 'KernelError', code: 'BAD_OPTION' });
  });
});

describe('limits, what the kernel itself bounds:', () => {
  test('big messages to one vat in one block -> a wave takes what one row holds', async () => {
    const { kernel } = await make();
    const { root } = kernel.vat('bench');
    const text = 'x'.repeat(9_900_000);
    const results = [4, 3, 2, 1].map(n =>
      kernel.send(root, 'run', [`args[0].length - ${n}`, [text]]),
    );
    await kernel.call(root, 'run', ['1']);
    expect(await Promise.all(results.map(({ result }) => result))).toEqual([
      9_899_996, 9_899_997, 9_899_998, 9_899_999,
    ]);
  });

  const large = 'a block: 256 MiB to write -> the run ends after the wave, the next goes on';
  test(large, { tags: ['thorough'] }, async () => {
    const kernel = await kernelOver({ blocks: 'host' });
    const settle = async <T>(work: Promise<T>): Promise<T> => {
      await kernel.run();
      await kernel.commit();
      return work;
    };
    const bundleId = await settle(kernel.installBundle(await fixture('workbench.js')));
    const { root } = await settle(kernel.createVat({ name: 'bench', bundleId }));
    // Each is a wave of 59 MB: five of them are more than 256 MiB.
    const written = Array.from({ length: 6 }, (_, n) => kernel.call(root, 'run', [
      `for (let i = 0; i < 6; i += 1) baggage.init('k${n}' + i, 'x'.repeat(9_900_000)); 1`,
    ]));
    expect(await kernel.run()).toMatchObject({ waves: 5, cranks: 5 });
    await kernel.commit();
    expect(await kernel.run()).toMatchObject({ cranks: 1 });
    await kernel.commit();
    expect(await Promise.all(written)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  const reaching = 'a promise whose data reaches much settled data -> told in several notifies';
  test(reaching, { tags: ['thorough'] }, async () => {
    const { kernel, run } = await make();
    const holder = await kernel.createVat({
      name: 'holder',
      bundleId: await shared.install('promises/holder.js'),
    });
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      await kernel.call(holder.root, 'make', [name]);
      await kernel.call(holder.root, 'settle', [name, 'resolve', 'x'.repeat(9_000_000)]);
    }
    await kernel.call(holder.root, 'make', ['all']);
    await kernel.call(holder.root, 'settleWith', ['all', 'resolve', names]);
    const give = (root: VatReference): Promise<unknown> =>
      kernel.call(root, 'run', [
        `E(args[0]).result('all')
           .then(({ next }) => Promise.all(next))
           .then(texts => texts.map(({ length }) => length))`,
        [holder.root],
      ]);
    expect(await give(kernel.vat('bench').root)).toEqual([9_000_000, 9_000_000, 9_000_000]);
    expect(await run('2')).toBe(2);
  });

  const chained = 'messages, each to the result of the one before -> all are refused';
  test(chained, { tags: ['sized'] }, async () => {
    const { run } = await makeWith({ promiseQueueMax: 100_000 });
    const count = amount({ quick: 2_000, thorough: 49_990 });
    const chain = `
      let last = E(args[0]).run('new Promise((f, r) => { $.reject = r; })');
      for (let i = 0; i < ${count}; i += 1) last = E(last).no();
      $.end = last.catch(error => { $.why = error.message; });
      1`;
    expect(await run(chain)).toBe(1);
    await run(`E(args[0]).run('$.reject(Error("the end"))')`);
    await run('$.end');
    expect(await run('$.why')).toBe('the end');
  });
});
