/**
 * Workers that were taken over: they post what they like. Either the vat is ended, by the same
 * fault on every replica, or this host is told; every other vat and the store are as they were.
 */
import type { KernelLogEntry, VatReference } from '@heirloom/kernel';
import { PassableCodec } from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { auditStore } from '../../support/stores/store-audit.js';
import { hostileDirectory } from '../../support/hostile/hostile-worker.js';
import { install, isolation, kernelOver } from '../../support/kernels/fresh-kernels.js';
import { preparedStore } from '../../support/stores/prepared-stores.js';
import { useSharedKernel } from '../../support/kernels/shared-kernel.js';

const ATTACK = 'console.log(`!${args[0]}`)';

/**
 * One kernel for all attacks after which it goes on: with a bank, a purse in it, and a vat of each
 * test's own, which is attacked from.
 */
const shared = useSharedKernel({
  place: hostileDirectory,
  begin: async ({ kernel }) => {
    const bundleId = await shared.install('bank.js');
    const bank = await kernel.createVat({ name: 'bank', bundleId });
    await kernel.call(bank.root, 'makePurse', ['a', 1n]);
    await shared.install('workbench.js');
  },
  end: async ({ kernel }) => {
    expect(kernel.vats().map(({ name, replayable }) => [name, replayable])).toEqual([
      ['bank', true],
    ]);
    expect(await kernel.call(await purseOfA(), 'getBalance')).toBe(balance);
  },
});

/** Of purse `a`: every test that the kernel survives pays something in. */
let balance = 1n;
const purseOfA = async (): Promise<VatReference> => {
  const { kernel } = shared;
  return (await kernel.call(kernel.vat('bank').root, 'getPurse', ['a'])) as VatReference;
};

const expectIntact = async (): Promise<void> => {
  const { kernel } = shared;
  expect(kernel.audit({ rows: true }).findings).toEqual([]);
  expect(kernel.vat('bank').replayable).toBe(true);
  const purse = await purseOfA();
  balance += 1n;
  expect(await kernel.call(purse, 'deposit', [1n])).toBe(balance);
};

/** The vat is ended with this fault; the others do not notice. */
const expectEnded = async (order: unknown, code: string): Promise<void> => {
  const { kernel } = shared;
  const purse = await purseOfA();
  const bundleId = await shared.install('workbench.js');
  const { root } = await kernel.createVat({ name: 'hostile', bundleId });
  // It knows the bank and a purse, has a promise of the bank's, and one of its own.
  const known = [kernel.vat('bank').root, purse];
  await kernel.call(root, 'run', ['[$.bank, $.purse] = args; 1', known]);
  const attack = kernel.call(root, 'run', [ATTACK, [JSON.stringify(order)]]);
  await expect(attack).rejects.toThrow('vat terminated');
  const faults = shared.faults;
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(new RegExp(`^${code}: `));
  expect(kernel.vats().map(({ name }) => name)).toEqual(['bank']);
  expect(await kernel.call(purse, 'getBalance')).toBe(balance);
  await expectIntact();
};

/** A store for attacks after which the kernel stops: a bank with a purse, and the hostile vat. */
const beforeAttack = preparedStore(async target => {
  const directory = await hostileDirectory(target);
  const kernel = await kernelOver({ directory });
  const bank = await kernel.createVat({ name: 'bank', bundleId: await install(kernel, 'bank.js') });
  const purse = await kernel.call(bank.root, 'makePurse', ['a', 1n]);
  const bundleId = await install(kernel, 'workbench.js');
  const { root } = await kernel.createVat({ name: 'hostile', bundleId });
  await kernel.call(root, 'run', ['[$.bank, $.purse] = args; 1', [bank.root, purse]]);
  await kernel.close();
});

/** The host is told, nothing is committed. */
const expectTold = async (order: unknown, code: string): Promise<void> => {
  const directory = await beforeAttack();
  // The hostile vat: it was used last.
  const kernel = await kernelOver({ directory, maxVatsOnline: 1 });
  const { blockHash } = kernel;
  const { root } = kernel.vat('hostile');
  const place = { name: 'HostError', code, vat: 'v2', incarnation: 0, position: 2 };
  const attack = kernel.call(root, 'run', [ATTACK, [JSON.stringify(order)]]);
  await expect(attack).rejects.toMatchObject(place);
  expect(kernel.blockHash).toBe(blockHash);
  await kernel.close();
  expect(await auditStore(directory)).toEqual([]);
  const again = await kernelOver({ directory });
  const bank = again.vat('bank');
  expect(bank.replayable).toBe(true);
  const purse = (await again.call(bank.root, 'getPurse', ['a'])) as VatReference;
  expect(await again.call(purse, 'deposit', [1n])).toBe(2n);
};

const BODY = { bytes: 'c0' };
const SEND = 0;
const SUBSCRIBE = 1;
const RESOLVE = 2;
const EXIT = 3;
const DROP_IMPORTS = 4;
const RETIRE_IMPORTS = 5;
const RETIRE_EXPORTS = 6;
const ABANDON_EXPORTS = 7;
const DISMISS_KIND = 8;
const ALLEGE = 9;

/** More of what the tables beside them say: the same code refuses them. */
const THOROUGH = { tags: ['thorough'] };

type Attack = readonly [title: string, what: unknown];
const doing = (...syscalls: unknown[]): unknown => [null, syscalls, [], null];
const writing = (...rows: unknown[]): unknown => [null, [], rows, null];

/** Of each part of a crank, and of each syscall, one that is wrong in a way of its own. */
const SHAPES: readonly Attack[] = [
  ['an outcome with text', [['LIMIT', 'text'], [], [], null]],
  ['syscalls that are no list', [null, 7, [], null]],
  ['an unknown syscall', doing([99, 'o-1'])],
  ['a send without data', doing([SEND, 'o-1', 'text', [], null])],
  ['a reference longer than any key', doing([SUBSCRIBE, { text: 5_000 }])],
  ['a resolution that is no list', doing([RESOLVE, 'p-1'])],
  ['an exit of no truth', doing([EXIT, 'yes', BODY, []])],
  ['the root abandoned', doing([ABANDON_EXPORTS, ['o+0']])],
  ['a dismissal of a built-in kind', doing([DISMISS_KIND, 6, '"map"'])],
  ['an interface that endo does not take', doing([ALLEGE, [['o+0', '!purse']]])],
  ['a row without a key', writing([{ bytes: '' }, BODY])],
  ['rows out of order', writing([{ bytes: '02' }, BODY], [{ bytes: '01' }, BODY])],
  ['a report of no truth', [null, [], [], [1, null]]],
];
const MORE_SHAPES: readonly Attack[] = [
  ['an empty crank', []],
  ['a send too short', doing([SEND, 'o-1', BODY, []])],
  ['references that are numbers', doing([SEND, 'o-1', BODY, [1], null])],
  ['garbage in an ordinary crank', doing([DROP_IMPORTS, ['o-1']])],
  ['a dismissal twice', doing([DISMISS_KIND, 10, '"x"'], [DISMISS_KIND, 10, '"x"'])],
  ['a crank too short', [null, [], []]],
  ['a crank too long', [null, [], [], null, null]],
  ['an outcome that is no pair', [['LIMIT'], [], [], null]],
  ['a syscall that is no tuple', doing(7)],
  ['a syscall without an opcode', doing([])],
  ['a send to a number', doing([SEND, 1, BODY, [], null])],
  ['references that are no list', doing([SEND, 'o-1', BODY, 'o-1', null])],
  ['a reference that is too long', doing([SEND, { text: 65 }, BODY, [], null])],
  ['an empty reference', doing([SEND, '', BODY, [], null])],
  ['no reference', doing([SEND, 'Purse', BODY, [], null])],
  ['a reference with a space', doing([SUBSCRIBE, 'p- 1'])],
  ['a reference with a zero byte', doing([SUBSCRIBE, 'p-1\0'])],
  ['a subscription too long', doing([SUBSCRIBE, 'p-1', null])],
  ['a resolution too short', doing([RESOLVE, [['p-1', false, BODY]]])],
  ['a resolution of no truth', doing([RESOLVE, [['p-1', 0, BODY, []]]])],
  ['garbage that is no list', doing([DROP_IMPORTS, 'o-1'])],
  ['an import retired in an ordinary crank', doing([RETIRE_IMPORTS, ['o-1']])],
  ['an export retired in an ordinary crank', doing([RETIRE_EXPORTS, ['o+0']])],
  ['a dismissal without a tag', doing([DISMISS_KIND, 10])],
  ['a dismissal of a kind that is text', doing([DISMISS_KIND, '10', '"Purse"'])],
  ['a dismissal of a kind of no size', doing([DISMISS_KIND, 4_294_967_296, '"Purse"'])],
  ['a dismissal with a bare tag', doing([DISMISS_KIND, 10, 'Purse'])],
  ['a dismissal with a tag that is too long', doing([DISMISS_KIND, 10, `"${'x'.repeat(101)}"`])],
  ['interfaces that are no list', doing([ALLEGE, 'purse'])],
  ['an interface that is no pair', doing([ALLEGE, [['o+0']]])],
  ['an interface of no reference', doing([ALLEGE, [['Purse', 'purse']]])],
  ['an interface that is a number', doing([ALLEGE, [['o+0', 1]]])],
  ['an interface without a text', doing([ALLEGE, [['o+0', '']]])],
  ['an interface that is too long', doing([ALLEGE, [['o+0', 'x'.repeat(101)]]])],
  ['a row that is no pair', writing([{ bytes: '01' }])],
  ['a row whose key is text', writing(['key', BODY])],
  ['a row whose value is text', writing([{ bytes: '01' }, 'value'])],
  ['a row twice', writing([{ bytes: '01' }, BODY], [{ bytes: '01' }, null])],
  ['a report that is no pair', [null, [], [], [true]]],
  ['a report of numbers', [null, [], [], [true, [1]]]],
];

/** The packed bytes of what no crank is: too few, too many, more than there is. */
const PACKED: readonly Attack[] = [
  // What can be told of a crank by its first bytes would be told wrongly.
  ['a good crank with a longer head', 'dc0004c09090c0'],
  ['nothing', ''],
  ['bytes left over', '94c09090c000'],
  ['more elements than there is memory', 'ddffffffff'],
];
const MORE_PACKED: readonly Attack[] = [
  ['an extension', '94d4010090c0c0'],
  ['half a crank', '94c0'],
  ['a map', '80'],
  ['a number', '01'],
  ['a fraction', '94cb3ff800000000000090c0c0'],
  ['text that is not ASCII', '94a1ff9090c0'],
  ['lists of 30 million, 12 deep', 'dd01c9c380'.repeat(12)],
  ['more bytes than there are', '94c090c6ffffffff'],
];

/** What it has not, of another incarnation, of another sort, and undone. */
const REFERENCES: readonly Attack[] = [
  ['an import that it has not', doing([SEND, 'o-999', BODY, [], null])],
  ['an export of another incarnation', doing([SEND, 'o-1', BODY, ['o+e7/1'], null])],
  ['a kernel promise as a result', doing([SEND, 'o-1', BODY, [], 'p-1'])],
  ['a subscription to an object', doing([SUBSCRIBE, 'o-1'])],
  [
    'a forged reference behind good syscalls',
    doing(
      [SEND, 'o-1', BODY, ['o+e0/50', 'o+e0/51'], 'p+0/70'],
      [RESOLVE, [['p+0/71', false, BODY, ['o-2']]]],
      [SEND, 'o-999', BODY, [], null],
    ),
  ],
];
const MORE_REFERENCES: readonly Attack[] = [
  ['a number with zeros', doing([SEND, 'o-01', BODY, [], null])],
  ['a promise that it has not', doing([SUBSCRIBE, 'p-999'])],
  ['what looks like a reference', doing([SEND, 'purse', BODY, [], null])],
  ['the name of a property', doing([SUBSCRIBE, 'prototype'])],
  ['a virtual export of another incarnation', doing([SEND, 'o-1', BODY, ['o+v7/1/1'], null])],
  ['a promise of another incarnation', doing([SEND, 'o-1', BODY, ['p+7/1'], null])],
  ['a forged argument', doing([SEND, 'o-1', BODY, ['o-1', 'o-999'], null])],
  ['an object as a result', doing([SEND, 'o-1', BODY, [], 'o+e0/9'])],
  ['a result twice', doing([SEND, 'o-1', BODY, [], 'p+0/7'], [SEND, 'o-1', BODY, [], 'p+0/7'])],
  ['a promise that was settled in an earlier wave', doing([SUBSCRIBE, 'p-1'])],
];

/** A promise of the vat's own, and its settlement. */
const settlement = ['p+0/7', false, BODY, []];
const NOT_DECIDED: readonly Attack[] = [
  ['its own promise twice', doing([RESOLVE, [settlement]], [RESOLVE, [settlement]])],
  ['its own promise twice in one batch', doing([RESOLVE, [settlement, settlement]])],
  [
    'the result of its own send',
    doing([SEND, 'o-1', BODY, [], 'p+0/7'], [RESOLVE, [settlement]]),
  ],
];

/** Of a syscall, of their number, of a row, of the whole: each is checked at a place of its own. */
const SIZES: readonly Attack[] = [
  ['data', doing([SEND, 'o-1', { zeros: 10_000_001 }, [], null])],
  ['syscalls', [null, { list: [100_001, [SUBSCRIBE, 'p+0/7']] }, [], null]],
  ['a row', writing([{ bytes: '01' }, { zeros: 15_000_001 }])],
  ['a crank', [null, [], [], [true, { list: [136_000, { text: 1_000 }] }]]],
];
const MORE_SIZES: readonly Attack[] = [
  ['references', doing([SEND, 'o-1', BODY, { list: [10_001, 'o-1'] }, null])],
  ['the key of a row', writing([{ zeros: 1_025 }, BODY])],
  ['rows', [null, [], { list: [1_000_001, [{ bytes: '01' }, null]] }, null]],
  ['a report', [null, [], [], [true, { list: [20_000, `o+${'9'.repeat(49)}`] }, []]]],
  ['an error', [['START_FAILED', { zeros: 10_000_001 }], [], [], null]],
];

describe('hostile worker, a crank with', () => {
  const shape = (_title: string, crank: unknown) => expectEnded({ crank }, 'BAD_SYSCALL');
  test.each(SHAPES)('%s -> BAD_SYSCALL', shape);
  test.each(MORE_SHAPES)('%s -> BAD_SYSCALL', THOROUGH, shape);

  const bytes = (_title: string, packedCrank: unknown) =>
    expectEnded({ packedCrank }, 'BAD_SYSCALL');
  test.each(PACKED)('the bytes of %s -> BAD_SYSCALL', bytes);
  test.each(MORE_PACKED)('the bytes of %s -> BAD_SYSCALL', THOROUGH, bytes);

  const reference = (_title: string, crank: unknown) => expectEnded({ crank }, 'BAD_REFERENCE');
  test.each(REFERENCES)('%s -> BAD_REFERENCE, all of it undone', reference);
  test.each(MORE_REFERENCES)('%s -> BAD_REFERENCE, all of it undone', THOROUGH, reference);

  test.each(NOT_DECIDED)('a resolution of %s -> NOT_DECIDER', (_title, crank) =>
    expectEnded({ crank }, 'NOT_DECIDER'),
  );

  const size = (_title: string, crank: unknown) => expectEnded({ crank }, 'LIMIT');
  test.each(SIZES)('too much: %s -> LIMIT', size);
  test.each(MORE_SIZES)('too much: %s -> LIMIT', THOROUGH, size);

  test('a fault and words of its own -> it is ended, the words are data', async () => {
    const order = { crank: [['NO_SUCH_CODE', { bytes: 'ffff' }], [], [], null] };
    await expectEnded(order, 'NO_SUCH_CODE');
  });

  test('a promise that is fulfilled with a promise -> BAD_SYSCALL', () => {
    const slot = Promise.resolve();
    const codec = new PassableCodec({
      slotOf: value => (value === slot ? 'p+0/8' : undefined),
      valueOf: () => slot,
      isHardened: () => true,
      bornHardened: value => value,
    });
    const { body, slots } = codec.encode(slot);
    const sole = { bytes: Buffer.from(body).toString('hex') };
    return expectEnded({ crank: doing([RESOLVE, [['p+0/7', false, sole, slots]]]) }, 'BAD_SYSCALL');
  });

  test('the bytes of lists 100,000 deep -> BAD_SYSCALL', () =>
    expectEnded({ packedCrank: '91', times: 100_000 }, 'BAD_SYSCALL'));
});

/** What startVat may do besides, one of each syscall: the parameters hold the bank as `o-1`. */
const STARTS: readonly Attack[] = [
  ['drops what it has not', doing([DROP_IMPORTS, ['o-9']])],
  ['retires what it reaches', doing([RETIRE_IMPORTS, ['o-1']])],
  ['uses what it dropped', doing([DROP_IMPORTS, ['o-1']], [SEND, 'o-1', BODY, [], null])],
  ['abandons the root', doing([ABANDON_EXPORTS, ['o+0']])],
  ['exits', doing([EXIT, false, BODY, []])],
];
const MORE_STARTS: readonly Attack[] = [
  ['retires an export that others reach', doing([RETIRE_EXPORTS, ['o+0']])],
  ['drops its own root', doing([DROP_IMPORTS, ['o+0']])],
  ['drops a promise', doing([SUBSCRIBE, 'p+0/7'], [DROP_IMPORTS, ['p+0/7']])],
  ['retires an import twice', doing([DROP_IMPORTS, ['o-1']], [RETIRE_IMPORTS, ['o-1', 'o-1']])],
  ['uses what it retired', doing(
    [DROP_IMPORTS, ['o-1']],
    [RETIRE_IMPORTS, ['o-1']],
    [SEND, 'o-1', BODY, [], null],
  )],
  ['retires an import as an export', doing([RETIRE_EXPORTS, ['o-1']])],
  ['abandons an import', doing([ABANDON_EXPORTS, ['o-1']])],
  ['abandons an export twice', doing(
    [SEND, 'o-1', BODY, ['o+e0/9'], null],
    [ABANDON_EXPORTS, ['o+e0/9', 'o+e0/9']],
  )],
];

describe('hostile worker, a startVat that', () => {
  const start = async (_title: string, crank: unknown): Promise<void> => {
    const { kernel } = shared;
    const before = kernel.vats().map(({ name, incarnation }) => [name, incarnation]);
    const bundleId = await shared.install('workbench.js');
    const args = [JSON.stringify({ crank }), kernel.vat('bank').root];
    const vatParameters = { setup: ATTACK, args };
    await expect(kernel.createVat({ name: 'b', bundleId, vatParameters })).rejects.toThrow();
    expect(kernel.vats().map(({ name, incarnation }) => [name, incarnation])).toEqual(before);
    await expectIntact();
  };
  test.each(STARTS)('%s -> the vat is not made, all else is as before', start);
  test.each(MORE_STARTS)('%s -> the vat is not made, all else is as before', THOROUGH, start);
});

/** What is no frame, no opcode, and what comes when it is not due. */
const FRAMES: readonly Attack[] = [
  ['nothing', { packedFrame: '' }],
  ['an opcode that is text', { frame: ['cranks'] }],
  ['cranks of a later position', { frame: [2, 3, [{ bytes: '94c09090c0' }], [1]] }],
  ['an answer without a question: bound', { frame: [1] }],
  ['progress without a replay', { frame: [7, 0] }],
  ['ready once more', { frame: [6] }],
  ['no cranks', { frame: [2, 2, [], []] }],
];
const MORE_FRAMES: readonly Attack[] = [
  ['an empty tuple', { frame: [] }],
  ['cranks that are no list', { frame: [2, 2, 7, []] }],
  ['no msgpack', { packedFrame: 'c1' }],
  ['no tuple', { packedFrame: '01' }],
  ['more elements than there is memory', { packedFrame: 'ddffffffff' }],
  ['an unknown opcode', { frame: [99] }],
  ['the name of a method as opcode', { frame: ['constructor'] }],
  ['cranks that are no bytes', { frame: [2, 2, [7], [1]] }],
  ['cranks of an earlier position', { frame: [2, 1, [{ bytes: '94c09090c0' }], [1]] }],
  ['cranks at no position', { frame: [2, -1, [], []] }],
  ['more cranks than deliveries', { frame: [2, 2, { list: [2, { bytes: '94c09090c0' }] }, []] }],
  ['an answer without a question: prepared', { frame: [0, 'b', true] }],
  ['an answer without a question: replayed', { frame: [3, 0] }],
  ['an answer without a question: diverged', { frame: [4, 0, { bytes: '00' }] }],
  ['observations that nobody asked for', { frame: [9, []] }],
  ["a line of the kernel's own", { frame: [5, 'fault', { bytes: '41' }, null] }],
  ['cranks without times', { frame: [2, 2, [{ bytes: '94c09090c0' }], []] }],
  ['140 MB', { frame: [2, 2, [{ zeros: 140_000_000 }], [1]] }],
];

describe('hostile worker, a frame of', () => {
  const frame = (_title: string, order: unknown) => expectTold(order, 'WORKER_PROTOCOL');
  test.each(FRAMES)('%s -> WORKER_PROTOCOL', frame);
  test.each(MORE_FRAMES)('%s -> WORKER_PROTOCOL', THOROUGH, frame);
});

describe.runIf(isolation === 'thread')('hostile worker, what is no frame:', () => {
  const sent = (message: string) => expectTold({ message }, 'WORKER_PROTOCOL');
  test.each(['text'])('%s -> WORKER_PROTOCOL', sent);
  test.each(['null', 'shared'])('%s -> WORKER_PROTOCOL', THOROUGH, sent);
});

describe('hostile worker, an end:', () => {
  test.each(['throw', 'throw undefined', 'exit'])('%s -> WORKER_DIED', end =>
    expectTold({ end }, 'WORKER_DIED'),
  );

  test.runIf(isolation === 'process')('abort -> WORKER_DIED', () =>
    expectTold({ end: 'abort' }, 'WORKER_DIED'),
  );
});

/** A kernel that is busy while a worker posts `count` lines, and how many it told at a stretch. */
const toldLines = async (order: { readonly count: number; readonly end?: 'exit' }) => {
  const found = { lines: 0, longest: 0, error: undefined as unknown };
  let ofTurn = 0;
  let turn = setImmediate(function nextTurn() {
    ofTurn = 0;
    turn = setImmediate(nextTurn);
  });
  const log = ({ level, text }: KernelLogEntry): void => {
    if (level !== 'log' || text !== 'xxxx') return;
    // It posts the rest meanwhile. If the machine is too slow for that, less is shown.
    if (found.lines === 0) for (const end = performance.now() + BUSY_MS; performance.now() < end; );
    found.lines += 1;
    ofTurn += 1;
    found.longest = Math.max(found.longest, ofTurn);
  };
  const kernel = await kernelOver({ directory: await beforeAttack(), log });
  const posts = [5, 'log', { bytes: '78787878' }, null];
  const attack = [ATTACK, [JSON.stringify({ posts, ...order })]];
  try {
    await kernel.call(kernel.vat('hostile').root, 'run', attack);
  } catch (error) {
    found.error = error;
  }
  clearImmediate(turn);
  return found;
};
const BUSY_MS = 500;
/** Fewer than are told in a second. */
const LINES = 4_500;
const LINES_PER_TURN_MAX = 1_000;

describe('hostile worker, more frames than a turn takes:', () => {
  test('lines, then the crank -> all told, others have turns between them', async () => {
    const { lines, longest, error } = await toldLines({ count: LINES });
    expect(error).toBeUndefined();
    expect(lines).toBe(LINES);
    if (isolation === 'thread') expect(longest).toBeLessThanOrEqual(LINES_PER_TURN_MAX);
  });

  // A process that exits takes with it what its pipe had no room for.
  test.runIf(isolation === 'thread')('lines, then an exit -> all told before the end', async () => {
    const { lines, error } = await toldLines({ count: LINES, end: 'exit' });
    expect(error).toMatchObject({ code: 'WORKER_DIED' });
    expect(lines).toBe(LINES);
  });
});
