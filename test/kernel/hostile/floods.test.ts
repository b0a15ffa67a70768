/**
 * Workers that flood the kernel: with frames that take far more memory than bytes, with frames
 * without end, with lines. The kernel has little memory, and lives: how fast it is says nothing.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { hostileDirectory } from '../../support/hostile/hostile-worker.js';
import { install, isolation, kernelOver } from '../../support/kernels/fresh-kernels.js';
import { preparedStore } from '../../support/stores/prepared-stores.js';

const HOST = fileURLToPath(new URL('../../support/hostile/flooded-host.mjs', import.meta.url));
/** Of V8's old generation, for the kernel. */
const HEAP_MIB = 160;

const EMPTY_LIST = 0x90;
const MANY = 134_000_000;
/** The bytes of a list of so many elements: `dd` and the count. */
const LIST_OF_MANY = `dd${MANY.toString(16).padStart(8, '0')}`;
/** Behind the head of a crank: opcode, first position, one crank of so many bytes. */
const filled = (head: string) => ({ head, filler: EMPTY_LIST, bytes: MANY });
const posts = (tuple: unknown, count: number) => ({ posts: tuple, count });

type Flood = readonly [title: string, order: unknown, outcome: string];

const FLOODS: readonly Flood[] = [
  ['cranks of empty lists', { packedFrame: filled(`940201${LIST_OF_MANY}`) }, 'WORKER_PROTOCOL'],
  ['resolutions of nothing', { packedCrank: filled(`94c0919202${LIST_OF_MANY}`) }, 'LIMIT'],
  ['frames without end', posts([5, 'log', { bytes: '' }, null], 1_000_000), 'WORKER_PROTOCOL'],
];
const MORE_FLOODS: readonly Flood[] = [
  ['a frame of empty lists', { packedFrame: filled(LIST_OF_MANY) }, 'WORKER_PROTOCOL'],
  [
    'times without end',
    { packedFrame: filled(`94020191c40494c09090${LIST_OF_MANY}`) },
    'WORKER_PROTOCOL',
  ],
  ['syscalls of empty lists', { packedCrank: filled(`94c0${LIST_OF_MANY}`) }, 'LIMIT'],
  ['a syscall of empty lists', { packedCrank: filled('94c091') }, 'BAD_SYSCALL'],
  ['references of nothing', { packedCrank: filled(`94c0919204${LIST_OF_MANY}`) }, 'LIMIT'],
  ['rows of nothing', { packedCrank: filled('94c090dd000f4240') }, 'BAD_SYSCALL'],
  ['a report of nothing', { packedCrank: filled(`94c0909093c3${LIST_OF_MANY}`) }, 'BAD_SYSCALL'],
  ['a long line', posts([5, 'log', { zeros: MANY }, null], 1), 'done'],
  ['long lines', posts([5, 'log', { zeros: MANY }, null], 4), 'WORKER_PROTOCOL'],
  ['long traces', posts([8, '', { zeros: 60_000 }, { zeros: 60_000 }], 1_000), 'done'],
  ['a loop that logs', 'for (;;) console.log("x".repeat(1e6));', 'DELIVERY_TIMEOUT'],
];

const beforeFlood = preparedStore(async target => {
  const directory = await hostileDirectory(target);
  const kernel = await kernelOver({ directory });
  const bundleId = await install(kernel, 'workbench.js');
  await kernel.createVat({ name: 'innocent', bundleId });
  await kernel.close();
});

const expectAlive = async (floods: readonly Flood[]): Promise<void> => {
  const directory = await beforeFlood();
  const orders = JSON.stringify(floods.map(([title, order]) => [title, order]));
  const args = [`--max-old-space-size=${HEAP_MIB}`, HOST, directory, orders, isolation];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const outcomes = floods.map(([title, , outcome]) => `${title}: ${outcome}`);
  expect(stdout.trim().split('\n')).toEqual([...outcomes, 'end: alive']);
};

describe('a kernel with little memory', () => {
  test('kernel: a worker floods it -> it lives, the worker or its vat does not', () =>
    expectAlive(FLOODS));

  test('kernel: a worker floods it in other ways -> likewise', { tags: ['thorough'] }, () =>
    expectAlive(MORE_FLOODS));
});
