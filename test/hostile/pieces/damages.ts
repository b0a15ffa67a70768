/** Stores that are damaged while they are closed: each damage is told, or harmless. */
import type { Kind, Piece } from '../piece.js';

interface Damage {
  readonly name: string;
  readonly tries: string;
  /** Body of an async function of `store`, a `ClosedStore` (support/hostile/damage-bench.mjs). */
  readonly code: string;
  readonly verify: string;
  readonly opening: string;
  readonly isQuick?: true;
}

const pieceOf = ({ name, tries, code, verify, opening, ...rest }: Damage): Piece => ({
  ...{ name, tries, ...rest },
  steps: [['host', `return damage.try(async store => { ${code} })`]],
  gives: `verify: ${verify}; opening: ${opening}`,
  told: [verify, opening],
});

const LAST_BIT = 'bytes => { bytes[bytes.length - 1] ^= 1; }';
const IN_VALUE = 'a bit of a row is flipped';

const ROWS: readonly Damage[] = [
  {
    name: 'a bit in table meta',
    tries: `${IN_VALUE}: the parameters of the store`,
    code: `await store.row('meta', ({ key }) => key === 'parameters', ${LAST_BIT});`,
    verify: 'damage of meta', opening: 'STORE_CORRUPT of meta',
    isQuick: true,
  },
  {
    name: 'a bit in table kernel',
    tries: `${IN_VALUE}: that of a vat`,
    code: `await store.row('kernel', ({ key }) => key.startsWith('\\x30'), ${LAST_BIT});`,
    verify: 'damage of kernel', opening: 'STORE_CORRUPT of kernel',
  },
  {
    name: 'a bit in an item of the run queue',
    tries: `${IN_VALUE}: a message that waits`,
    code: `await store.row('kernel', ({ key }) => key.startsWith('\\x20'), ${LAST_BIT});`,
    verify: 'damage of kernel', opening: 'STORE_CORRUPT of kernel',
  },
  {
    name: 'a bit in table vatstore',
    tries: `${IN_VALUE}: the balance of a purse, which a worker reads`,
    code: `await store.row('vatstore', ({ key, value }) => key[4] === '\\x20' && value.length > 12,
      ${LAST_BIT});`,
    verify: 'damage of vatstore', opening: 'STORE_CORRUPT of vatstore',
  },
  {
    name: 'a bit in table preimage',
    tries: `${IN_VALUE}: what a replay reads`,
    code: `await store.row('preimage', ({ value }) => value.length > 12, ${LAST_BIT});`,
    verify: 'damage of preimage', opening: 'STORE_CORRUPT of preimage',
  },
  {
    name: 'a bit in table transcript',
    tries: `${IN_VALUE}: what a vat is replayed from`,
    code: `await store.row('transcript', ({ key }) => key.startsWith('\\0\\0\\0\\x01'),
      ${LAST_BIT});`,
    verify: 'damage of transcript', opening: 'STORE_CORRUPT of transcript',
  },
  {
    name: 'a bit in table bundles',
    tries: `${IN_VALUE}: the source of a bundle`,
    code: `await store.row('bundles', ({ key }) => key.startsWith('b/'), ${LAST_BIT});`,
    verify: 'damage of bundles', opening: 'STORE_CORRUPT of bundles',
  },
  {
    name: 'a bit in table images',
    tries: `${IN_VALUE}: the image that every worker runs`,
    code: `await store.row('images', () => true, ${LAST_BIT});`,
    verify: 'damage of images', opening: 'STORE_CORRUPT of images',
  },
  {
    name: 'a bit in table blocks',
    tries: `${IN_VALUE}: the hash of the last block`,
    code: `const last = (await store.rows('blocks')).at(-1).key;
      await store.row('blocks', ({ key }) => key === last, ${LAST_BIT});`,
    verify: 'damage of blocks', opening: 'STORE_CORRUPT of blocks',
  },
  {
    name: 'a bit in a code cache',
    tries: `${IN_VALUE}: code of V8’s, which it runs without a look`,
    code: `await store.row('local', ({ key }) => key.startsWith('codeCache/'), ${LAST_BIT});`,
    verify: 'damage of local', opening: 'opens, warned',
  },
  {
    name: 'a code cache of nobody',
    tries: 'a code cache exchanged for other bytes, with a right checksum',
    code: `const { key } = (await store.rows('local')).find(it => it.key.startsWith('codeCache/'));
      await store.local(key, new Uint8Array(100_000).fill(0x90));`,
    verify: 'sound', opening: 'opens, warned',
  },
];

const PAGES: readonly Damage[] = [
  {
    name: 'the first head zeroed',
    tries: 'one of the two heads of the data file',
    code: `await store.data(bytes => { store.page(bytes, 0).fill(0); });`,
    verify: 'damaged', opening: 'STORE_CORRUPT',
  },
  {
    name: 'both heads zeroed',
    tries: 'a data file that says nothing of itself',
    code: `await store.data(bytes => { bytes.fill(0, 0, 2 * 4096); });`,
    verify: 'damaged', opening: 'STORE_CORRUPT',
    isQuick: true,
  },
  {
    name: 'the heads exchanged',
    tries: 'each head in the place of the other',
    code: `await store.data(bytes => {
      const kept = Buffer.from(store.page(bytes, 0));
      store.page(bytes, 1).copy(store.page(bytes, 0)); kept.copy(store.page(bytes, 1)); });`,
    verify: 'damaged', opening: 'STORE_CORRUPT',
  },
  {
    name: 'a leaf zeroed',
    tries: 'rows that are gone, a page of them',
    code: `const leaf = await store.leafOf('vatstore');
      await store.data(bytes => { store.page(bytes, leaf).fill(0); });`,
    verify: 'damage of vatstore', opening: 'STORE_CORRUPT',
  },
  {
    name: 'two leaves exchanged',
    tries: 'rows in the place of others, each with a right checksum',
    code: `const [one, two] = [await store.leafOf('vatstore'), await store.leafOf('transcript')];
      await store.data(bytes => {
        const kept = Buffer.from(store.page(bytes, one));
        store.page(bytes, two).copy(store.page(bytes, one)); kept.copy(store.page(bytes, two));
      });`,
    verify: 'damage of transcript', opening: 'STORE_CORRUPT',
  },
  {
    name: 'every leaf zeroed',
    tries: 'a tree without rows',
    code: `const leaves = await store.pages(2);
      await store.data(bytes => { for (const leaf of leaves) store.page(bytes, leaf).fill(0); });`,
    verify: 'damaged', opening: 'STORE_CORRUPT',
  },
  {
    name: 'half of the data file',
    tries: 'a file that was cut short',
    code: `await store.data(bytes => bytes.subarray(0, (bytes.length >> 13) << 12));`,
    verify: 'damage of bundles', opening: 'STORE_CORRUPT',
  },
  {
    name: 'an empty data file',
    tries: 'a file without a byte',
    code: `await store.data(() => new Uint8Array(0));`,
    verify: 'damaged', opening: 'STORE_CORRUPT',
    isQuick: true,
  },
  {
    name: 'a data file of text',
    tries: 'a file of somebody else',
    code: `await store.data(() => Buffer.alloc(1_000_000, 'all work and no play '));`,
    verify: 'damaged', opening: 'STORE_CORRUPT',
  },
  {
    name: 'a data file with an end of zeros',
    tries: 'pages behind the last that nobody wrote',
    code: `await store.data(bytes => Buffer.concat([bytes, Buffer.alloc(100 * 4096)]));`,
    verify: 'sound', opening: 'opens',
  },
  {
    name: 'no data file',
    tries: 'a directory whose data file was deleted',
    code: `await store.remove('data.mdb');`,
    verify: 'STORE_CORRUPT', opening: 'STORE_CORRUPT',
    isQuick: true,
  },
];

const MARKS: readonly Damage[] = [
  {
    name: 'the mark of a checksum',
    tries: 'a row that says that it has none',
    code: `await store.row('meta', ({ key }) => key === 'parameters',
      bytes => { bytes[0] ^= 1; });`,
    verify: 'damage of meta', opening: 'STORE_CORRUPT of meta',
  },
  {
    name: 'the value of another row',
    tries: 'a purse with the balance, and the checksum, of another',
    code: `const purses = (await store.rows('vatstore')).filter(({ key, value }) =>
        key[4] === '\\x20' && value.length > 12);
      const other = purses.find(({ value }) => value.length === purses[0].value.length &&
        Buffer.compare(value, purses[0].value) !== 0);
      let kept;
      await store.row('vatstore', ({ key }) => key === other.key, bytes => {
        kept = Buffer.from(bytes); });
      await store.row('vatstore', ({ key }) => key === purses[0].key, bytes => {
        kept.copy(bytes); });`,
    verify: 'damage of vatstore', opening: 'STORE_CORRUPT of vatstore',
  },
  {
    name: 'a row of a vat taken away',
    tries: 'a purse that is gone, by whoever can write right checksums',
    code: `const { key } = (await store.rows('vatstore')).find(({ key: it, value }) =>
        it[4] === '\\x20' && value.length > 12);
      await store.commit([{ table: 'vatstore', key, value: undefined }]);`,
    verify: 'bad', opening: '…',
  },
  {
    name: 'an image that is another',
    tries: 'an image whose id is no hash of it, with a right checksum',
    code: `const { key, value } = (await store.rows('images'))[0];
      const other = Buffer.from(value); other[other.length - 1] ^= 1;
      await store.commit([{ table: 'images', key, value: other }]);`,
    verify: 'damage of images', opening: '…',
  },
];

/** Beside the data file. Nothing in them is needed. */
const FILES: readonly Damage[] = [
  {
    name: 'the note torn',
    tries: 'the first half of a note of what runs',
    code: `await store.file('heirloom-running', bytes => bytes.subarray(0, bytes.length >> 1));`,
    verify: 'sound', opening: 'opens, warned',
  },
  {
    name: 'a note of sixteen megabytes',
    tries: 'a note that is longer than notes are',
    code: `await store.file('heirloom-running', () => Buffer.alloc(17_000_000, 0xdd));`,
    verify: 'sound', opening: 'opens, warned',
  },
  {
    name: 'a directory in the place of the note',
    tries: 'a note that cannot be written',
    code: `await store.remove('heirloom-running'); await store.makeDirectory('heirloom-running');`,
    verify: 'sound', opening: 'opens, warned',
  },
  {
    name: 'the lock file replaced',
    tries: 'a lock file that names somebody who never was',
    code: `await store.remove('heirloom.lock');
      await store.file('heirloom.lock', () => Buffer.from('pid 1 on nowhere\\n'));`,
    verify: 'sound', opening: 'opens',
  },
  {
    name: 'a lock file of noise',
    tries: 'a lock file with a megabyte of zeros',
    code: `await store.file('heirloom.lock', () => Buffer.alloc(1_000_000));`,
    verify: 'sound', opening: 'opens',
  },
  {
    name: 'a directory in the place of the lock',
    tries: 'a lock that cannot be taken',
    code: `await store.remove('heirloom.lock'); await store.makeDirectory('heirloom.lock');`,
    verify: 'STORE_IO', opening: 'STORE_IO',
  },
  {
    name: 'no lock.mdb',
    tries: 'LMDB’s own table of readers, deleted',
    code: `await store.remove('lock.mdb');`,
    verify: 'sound', opening: 'opens',
  },
  {
    name: 'a lock.mdb of noise',
    tries: 'LMDB’s own table of readers, overwritten',
    code: `await store.file('lock.mdb', bytes => Buffer.alloc(bytes.length, 0xa5));`,
    verify: 'sound', opening: 'opens',
  },
  {
    name: 'a lock.mdb cut short',
    tries: 'a table of readers with seven bytes',
    code: `await store.file('lock.mdb', bytes => bytes.subarray(0, 7));`,
    verify: 'sound', opening: 'opens',
  },
  {
    name: 'files of somebody else',
    tries: 'a directory with files that no store has',
    code: `await store.file('data.mdb.tmp', () => Buffer.alloc(10));
      await store.makeDirectory('heirloom.lock.17');`,
    verify: 'sound', opening: 'opens',
  },
];

export const DAMAGES: Kind = {
  title: 'Damaged stores',
  pieces: [...ROWS, ...PAGES, ...MARKS, ...FILES].map(pieceOf),
};
