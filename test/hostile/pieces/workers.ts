/**
 * Workers that were taken over: vat code tells them what to post
 * (packages/worker/src/testing/hostile-supervisor.ts). What stands in a crank ends the vat, the
 * same on every replica; what is no frame, or not due, ends the worker, and this host is told.
 */
import type { Ending, Kind, Piece } from '../piece.js';

const REFUSED: Ending = { stops: 'WORKER_PROTOCOL' };
const DIED: Ending = { stops: 'WORKER_DIED' };
const ended = (fault: string): Ending => ({ fault });

interface Attack {
  readonly name: string;
  readonly tries: string;
  readonly ends: Ending;
  readonly inThreads?: Ending;
  readonly order: unknown;
  readonly isQuick?: true;
}

const pieceOf = ({ order, ...rest }: Attack): Piece => ({
  ...rest,
  isTakenOver: true,
  code: `console.log('!' + ${JSON.stringify(JSON.stringify(order))}); 1`,
});

const BODY = { bytes: 'c0' };
const GOOD_CRANK = { bytes: '94c09090c0' };
const doing = (...syscalls: unknown[]): unknown => [null, syscalls, [], null];
/** A list of 2^32 - 1 elements, says its head. */
const HUGE_LIST = 'ddffffffff';
/** Of elements, a byte each. */
const MANY = 0x07fc8b00;

const FRAMES: readonly Attack[] = [
  {
    name: '134 MB of empty lists as a frame',
    tries: 'fifty bytes of the kernel’s heap for each byte',
    order: { packedFrame: { head: 'dd07fc8b00', filler: 0x90, bytes: MANY } },
    ends: REFUSED,
  },
  {
    name: 'a crank of 30 million empty lists',
    tries: 'the same where a crank is expected',
    order: { packedCrank: { head: 'dd01c9c380', filler: 0x90, bytes: 30_000_000 } },
    ends: ended('BAD_SYSCALL'),
  },
  {
    name: 'a crank of empty lists with a good head',
    tries: 'the same as syscalls',
    order: { crank: [null, { list: [5_000_000, []] }, [], null] },
    ends: ended('LIMIT'),
  },
  {
    name: 'a list that says to be huge',
    tries: 'to have memory taken for what is not there',
    order: { packedFrame: HUGE_LIST },
    ends: REFUSED,
  },
  {
    name: 'a crank that says to be huge',
    tries: 'the same in a crank',
    order: { packedCrank: HUGE_LIST },
    ends: ended('BAD_SYSCALL'),
    isQuick: true,
  },
  {
    name: 'lists in each other, 100,000 deep',
    tries: 'a reader that recurses',
    order: { packedCrank: '91', times: 100_000 },
    ends: ended('BAD_SYSCALL'),
    isQuick: true,
  },
  {
    name: 'a frame of 140 MB',
    tries: 'a frame longer than any',
    order: { frame: [2, 2, [{ zeros: 140_000_000 }], [1]] },
    ends: REFUSED,
  },
  {
    name: 'a crank of 135 MB',
    tries: 'a crank longer than any',
    order: { crank: [null, [], [], [true, { list: [136_000, { text: 1_000 }] }]] },
    ends: ended('LIMIT'),
  },
  {
    name: 'nothing',
    tries: 'an empty frame',
    order: { packedFrame: '' },
    ends: REFUSED,
  },
  { name: 'no msgpack', tries: 'bytes that are none', order: { packedFrame: 'c1' }, ends: REFUSED },
  { name: 'half a frame', tries: 'a tuple cut short', order: { packedFrame: '9402' },
    ends: REFUSED },
  {
    name: 'bytes left over',
    tries: 'a frame and something more',
    order: { mutate: [{ at: 1, insert: '00' }] },
    ends: REFUSED,
  },
  {
    name: 'the opcode changed',
    tries: 'an honest frame under another opcode',
    order: { mutate: [{ at: 0.01, cut: 2 }] },
    ends: REFUSED,
  },
  {
    name: 'ready, a thousand times',
    tries: 'to feed the watchdog with what is no progress',
    order: { posts: [6], count: 1_000 },
    ends: REFUSED,
  },
  {
    name: 'empty cranks, a thousand times',
    tries: 'the same with frames of no crank',
    order: { posts: [2, 2, [], []], count: 1_000 },
    ends: REFUSED,
  },
  {
    name: 'progress without a replay',
    tries: 'the same with progress',
    order: { posts: [7, 0], count: 1_000 },
    ends: REFUSED,
  },
  {
    name: 'console lines without end',
    tries: 'to fill the kernel with frames that answer nothing',
    order: { posts: [5, 'log', { zeros: 10 }, 2], count: 200_000 },
    ends: REFUSED,
  },
  {
    name: 'console lines of 100 MB',
    tries: 'the same by size',
    order: { posts: [5, 'log', { zeros: 100_000_000 }, 2], count: 4 },
    ends: REFUSED,
  },
  {
    name: 'a thousand console lines, then the crank',
    tries: 'what an honest worker might say',
    order: { posts: [5, 'log', { zeros: 10 }, 2], count: 1_000 },
    ends: 'answers',
    isQuick: true,
  },
  {
    name: 'traces without end',
    tries: 'traces of errors that nobody told of',
    order: { posts: [8, 'p+0/1', { zeros: 10 }, { zeros: 10 }], count: 200_000 },
    ends: REFUSED,
  },
  {
    name: 'cranks of a later position',
    tries: 'to answer what it was not asked',
    order: { frame: [2, 3, [GOOD_CRANK], [1]] },
    ends: REFUSED,
  },
  {
    name: 'cranks of an earlier position',
    tries: 'to answer once more',
    order: { frame: [2, 1, [GOOD_CRANK], [1]] },
    ends: REFUSED,
  },
  {
    name: 'more cranks than deliveries',
    tries: 'cranks that nobody asked for',
    order: { frame: [2, 2, { list: [1_000, GOOD_CRANK] }, []] },
    ends: REFUSED,
  },
  {
    name: 'an answer without a question',
    tries: 'to say that it has replayed',
    order: { posts: [3, 0], count: 1 },
    ends: REFUSED,
  },
  {
    name: 'no frame at all',
    tries: 'a message that is no bytes: a thread’s port takes anything',
    order: { message: 'text' },
    ends: REFUSED,
  },
  { name: 'an exception', tries: 'a worker that dies', order: { end: 'throw' }, ends: DIED },
  { name: 'an exit', tries: 'a worker that ends itself', order: { end: 'exit' }, ends: DIED },
];

const RAW: readonly Attack[] = [
  {
    name: 'a length of 4 GB',
    tries: 'a claim that nothing follows',
    order: { raw: 'ffffffff' },
    ends: REFUSED,
  },
  {
    name: 'frames of no bytes, a million',
    tries: 'lengths of nothing',
    order: { raw: '00000000', times: 1_000_000 },
    ends: REFUSED,
  },
];

const CRANKS: readonly Attack[] = [
  {
    name: 'a forged reference',
    tries: 'to send to what it never had',
    order: { crank: doing([0, 'o-999', BODY, [], null]) },
    ends: ended('BAD_REFERENCE'),
    isQuick: true,
  },
  {
    name: 'a forged argument',
    tries: 'to pass on what it never had',
    order: { crank: doing([0, 'o-1', BODY, ['o-999'], null]) },
    ends: ended('BAD_REFERENCE'),
  },
  {
    name: 'a promise of another vat, resolved',
    tries: 'to settle what others decide',
    order: { crank: doing([2, [['p-1', false, BODY, []]]]) },
    ends: ended('BAD_REFERENCE'),
  },
  {
    name: 'its own promise, twice',
    tries: 'to settle one promise two times',
    order: { crank: doing([2, [['p+0/7', false, BODY, []], ['p+0/7', true, BODY, []]]]) },
    ends: ended('NOT_DECIDER'),
  },
  {
    name: 'garbage in an ordinary crank',
    tries: 'to drop and retire when nobody asked',
    order: { crank: doing([4, ['o-1']], [5, ['o-1']]) },
    ends: ended('BAD_SYSCALL'),
  },
  {
    name: 'a fault with words of its own',
    tries: 'a fault code that does not exist, and bytes that are no data',
    order: { crank: [['NO_SUCH_CODE', { bytes: 'ffff' }], [], [], null] },
    ends: ended('NO_SUCH_CODE'),
  },
  {
    name: 'rows out of order',
    tries: 'rows that would be hashed in another order',
    order: { crank: [null, [], [[{ bytes: '02' }, BODY], [{ bytes: '01' }, BODY]], null] },
    ends: ended('BAD_SYSCALL'),
  },
  {
    name: 'a row of fifteen megabytes',
    tries: 'a row larger than rows may be',
    order: { crank: [null, [], [[{ bytes: '01' }, { zeros: 15_000_001 }]], null] },
    ends: ended('LIMIT'),
  },
  {
    name: 'fractions, extensions, maps',
    tries: 'what msgpack has and frames have not',
    order: { packedCrank: '94cb3ff800000000000090c0c0' },
    ends: ended('BAD_SYSCALL'),
  },
  {
    name: 'messages that are no data',
    tries: 'to end whoever it can send to',
    order: {
      crank: doing(
        ...['', 'c0', 'ffff', '92a3616263c0', 'd7'].map(bytes => [0, 'o-3', { bytes }, [], null]),
        [3, false, BODY, []],
      ),
    },
    ends: 'leaves',
    isQuick: true,
  },
  {
    name: 'exit, and more behind it',
    tries: 'syscalls behind an exit in one crank',
    order: { crank: doing([3, false, BODY, []], [0, 'o-1', BODY, [], null], [3, true, BODY, []]) },
    ends: 'leaves',
  },
];

export const WORKERS: Kind = {
  title: 'Workers that were taken over',
  pieces: [...FRAMES, ...CRANKS].map(pieceOf),
};

/** They run in processes alone: threads have no pipe. */
export const PIPES: Kind = {
  title: 'Bytes on the pipe of a taken-over process',
  pieces: RAW.map(pieceOf),
  isolations: ['process'],
};
