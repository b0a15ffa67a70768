/**
 * Is a data file what LMDB could have written? Every page is looked at, without LMDB, which trusts
 * its file: on a page that is something else it reads where nothing is, and ends the process.
 *
 * Theory of operation. The newest of the two heads names two trees: of free pages, and of tables,
 * whose values name a tree each. The walk goes through all of them. A page must say its own number
 * (so that pages which were exchanged are seen), be of the kind that its place demands, and have
 * its nodes within itself and its keys in order, between those that the page above gives; a tree
 * must have the pages and entries that its record says. Each page of the file belongs to one place
 * or is free: a list of free pages that names another would have LMDB write over rows.
 *
 * What values hold is not looked at: that is what row-sums.ts is for. Reads only.
 */
import {
  BIG_BYTES, HEAD_BYTES, MAGIC, META_PAGES, NO_PAGE, NODE_HEAD_BYTES, NodeFlag, PageFile, PageFlag,
  PageNode, readMeta, TREE_BYTES, treeAt, u64At, PAGE_BYTES_MAX, PAGE_BYTES_MIN, type MetaPage,
  type TreeRecord, Unreadable,
} from './page-file.js';

export interface PageDamage {
  /** Null: of the file itself, of the tree of tables or of that of free pages. */
  readonly table: string | null;
  /** The first key that the page may have had, in hex; null: there is none, or it is not known. */
  readonly key: string | null;
  readonly page: number;
  readonly why: string;
}

export interface PageReport {
  /** Pages that were looked at. */
  readonly pages: number;
  /** False: the leaves of tables were not, for the file is larger than was asked for. */
  readonly isWhole: boolean;
  /** The first of them. */
  readonly damages: readonly PageDamage[];
  /** What may be a damage, and may be what LMDB has left. */
  readonly warning?: string;
}

interface WalkOptions {
  /** A file of more pages is looked at without the leaves of its tables. Default: with them. */
  readonly pagesMax?: number;
}

/** A file lacks free pages at its end that were never written: no more than so many. */
const LACKING_TIMES = 16;
const LACKING_PAGES = 65_536;
/** Pages between two signs of progress. */
const STEP_PAGES = 1024;
/** Levels of a tree: far more than 2^48 pages need. */
const DEPTH_MAX = 32;
const DAMAGES_MAX = 100;
/** lmdb ends the names of tables so. */
const NAME_END = /\0$/;
/** In the head of a page. */
const TRANSACTION_OF_PAGE_AT = 8;
const FLAGS_AT = 18;
const LOWER_AT = 20;
const UPPER_AT = 22;
const NODE_FLAGS = NodeFlag.big | NodeFlag.tree;

const PageUse = { unknown: 0, used: 1, free: 2 } as const;

interface Tree extends TreeRecord {
  readonly table: string | null;
  /** Keys are numbers of transactions, else bytes. */
  readonly isNumbered: boolean;
  readonly compare: Compare;
}

/** What a page must keep to. Keys are copies. */
interface Place {
  readonly page: number;
  /** Levels below this one. */
  readonly below: number;
  readonly from: Buffer | undefined;
  readonly to: Buffer | undefined;
}

interface Counted {
  branchPages: number;
  leafPages: number;
  overflowPages: number;
  entries: number;
}

/** Where a key stands. */
interface KeyPlace {
  readonly view: DataView;
  readonly at: number;
  readonly end: number;
}

const placeOf = (key: Buffer | undefined): KeyPlace | undefined =>
  key && { view: new DataView(key.buffer, key.byteOffset, key.length), at: 0, end: key.length };

type Compare = (a: KeyPlace, b: KeyPlace) => number;

/** Keys are short and begin alike: a loop is quicker than a call of Node. */
const compareBytes: Compare = (a, b) => {
  const length = Math.min(a.end - a.at, b.end - b.at);
  for (let i = 0; i < length; i += 1) {
    const order = a.view.getUint8(a.at + i) - b.view.getUint8(b.at + i);
    if (order !== 0) return order;
  }
  return a.end - a.at - (b.end - b.at);
};

const numberAt = ({ view, at }: KeyPlace): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
const compareNumbers: Compare = (a, b) => numberAt(a) - numberAt(b);

const notWithin = (row: number): Unreadable =>
  new Unreadable(`row ${row} of the page is not within it`);

const BY_BYTES = { isNumbered: false, compare: compareBytes };
const BY_NUMBERS = { isNumbered: true, compare: compareNumbers };

class PageWalk {
  readonly #file: PageFile;
  readonly #head: MetaPage;
  readonly #isWhole: boolean;
  readonly #uses: Uint8Array;
  readonly #damages: PageDamage[] = [];
  #pages = META_PAGES;
  #isIntact = true;

  constructor(file: PageFile, head: MetaPage, { pagesMax = Infinity }: WalkOptions) {
    this.#file = file;
    this.#head = head;
    this.#isWhole = head.lastPage < pagesMax;
    this.#uses = new Uint8Array(head.lastPage + 1);
  }

  get report(): PageReport {
    return { pages: this.#pages, isWhole: this.#isWhole, damages: this.#damages };
  }

  *walk(): Generator<number, void> {
    const { main, free } = this.#head;
    const tables: Tree[] = [];
    const onTable = (node: PageNode, page: Buffer): void => {
      if ((node.flags & NodeFlag.tree) === 0) return;
      const table = node.key.toString('latin1').replace(NAME_END, '');
      if (node.valueBytes !== TREE_BYTES) throw new Unreadable(`no record of table ${table}`);
      tables.push({ ...treeAt(page, node.valueAt), table, ...BY_BYTES });
    };
    yield* this.#tree({ ...main, table: null, ...BY_BYTES }, onTable, true);
    for (const table of tables) yield* this.#tree(table, refuseTree, this.#isWhole);
    const onFree = (node: PageNode, page: Buffer): void => {
      refuseTree(node);
      this.#free(node, page);
    };
    // Few pages name all free ones, and LMDB writes over whatever they name.
    yield* this.#tree({ ...free, table: null, ...BY_NUMBERS }, onFree, true);
    if (this.#isWhole && this.#isIntact) this.#account();
  }

  *#tree(
    tree: Tree,
    onLeaf: (node: PageNode, page: Buffer) => void,
    hasLeaves: boolean,
  ): Generator<number, void> {
    const counted: Counted = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
    if (tree.root === NO_PAGE) {
      if (tree.entries !== 0 || tree.depth !== 0) this.#damage(tree, 0, 'the root is missing');
      return;
    }
    if (tree.depth === 0 || tree.depth > DEPTH_MAX) {
      this.#damage(tree, tree.root, `a tree of ${tree.depth} levels`);
      return;
    }
    const whole = this.#isIntact;
    this.#isIntact = true;
    const root = { page: tree.root, below: tree.depth - 1, from: undefined, to: undefined };
    yield* this.#page(tree, root, { counted, onLeaf, hasLeaves });
    // What a page that cannot be read lacks is told already.
    if (this.#isIntact) this.#compare(tree, counted, hasLeaves);
    this.#isIntact &&= whole;
  }

  *#page(
    tree: Tree,
    place: Place,
    how: {
      readonly counted: Counted;
      readonly onLeaf: (node: PageNode, page: Buffer) => void;
      readonly hasLeaves: boolean;
    },
  ): Generator<number, void> {
    const isLeaf = place.below === 0;
    let children: Place[] = [];
    try {
      this.#use(place.page, 1);
      if (isLeaf && !how.hasLeaves) return;
      this.#pages += 1;
      if (this.#pages % STEP_PAGES === 0) yield this.#pages;
      const page = this.#read(place.page, isLeaf ? PageFlag.leaf : PageFlag.branch);
      const nodes = this.#nodes(tree, place, page);
      if (isLeaf) {
        how.counted.leafPages += 1;
        how.counted.entries += page.readUInt16LE(LOWER_AT) / 2;
        for (const node of nodes) {
          how.counted.overflowPages += this.#overflow(node, page);
          how.onLeaf(node, page);
        }
      } else {
        how.counted.branchPages += 1;
        children = childrenOf(place, nodes);
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#damage(tree, place.page, error.message, place.from);
      return;
    }
    for (const child of children) yield* this.#page(tree, child, how);
  }

  /** Takes pages for one place. Errors: Unreadable. */
  #use(page: number, count: number): void {
    const pages = Math.min(this.#uses.length, this.#file.pageCount);
    if (page < META_PAGES || page + count > pages) {
      throw new Unreadable(`page ${page} is not one of the ${pages} of the file`);
    }
    for (let at = page; at < page + count; at += 1) {
      if (this.#uses[at] !== PageUse.unknown) throw new Unreadable(`page ${at} has two places`);
      this.#uses[at] = PageUse.used;
    }
  }

  /** A page whose head is as it must be. Errors: Unreadable. */
  #read(number: number, flags: number): Buffer {
    const page = this.#file.page(number, flags === PageFlag.branch);
    this.#checkHead(number, page, flags);
    return page;
  }

  #checkHead(number: number, head: Buffer, flags: number): void {
    const [said, transaction] = [u64At(head, 0), u64At(head, TRANSACTION_OF_PAGE_AT)];
    if (said !== number) {
      const isOther = said < this.#uses.length && said >= META_PAGES;
      throw new Unreadable(isOther ? `page ${said} stands in its place` : 'it is no page of rows');
    }
    if (head.readUInt16LE(FLAGS_AT) !== flags) throw new Unreadable('a page of another kind');
    if (transaction > this.#head.transaction) throw new Unreadable('a page of a later block');
  }

  /**
   * Checks that the nodes of a page are within it and in order; gives those that say more than a
   * key and a value: all of a branch and of a tree without a table. Errors: Unreadable.
   */
  #nodes(tree: Tree, { from, to, below }: Place, page: Buffer): PageNode[] {
    const isLeaf = below === 0;
    const view = new DataView(page.buffer, page.byteOffset, page.length);
    const [lower, upper] = [view.getUint16(LOWER_AT, true), view.getUint16(UPPER_AT, true)];
    const room = page.length - HEAD_BYTES;
    if (lower % 2 !== 0 || lower > upper || upper > room || lower < (isLeaf ? 2 : 4)) {
      throw new Unreadable('where its rows begin and end is absurd');
    }
    const nodes: PageNode[] = [];
    let last: KeyPlace | undefined;
    for (let i = 0; i < lower / 2; i += 1) {
      const at = HEAD_BYTES + view.getUint16(HEAD_BYTES + 2 * i, true);
      if (at < HEAD_BYTES + upper || at + NODE_HEAD_BYTES > page.length) throw notWithin(i);
      const flags = view.getUint16(at + 4, true);
      const keyAt = at + NODE_HEAD_BYTES;
      const keyEnd = keyAt + view.getUint16(at + 6, true);
      const valueBytes = view.getUint16(at, true) + view.getUint16(at + 2, true) * 0x10000;
      const inLeaf = (flags & NodeFlag.big) === 0 ? valueBytes : BIG_BYTES;
      if (keyEnd + (isLeaf ? inLeaf : 0) > page.length) throw notWithin(i);
      if (!isLeaf || flags !== 0 || tree.table === null) nodes.push(new PageNode(page, i));
      // The first key of a branch says nothing.
      if (!isLeaf && i === 0) continue;
      if (tree.isNumbered ? keyEnd - keyAt !== 8 : keyEnd === keyAt) {
        throw new Unreadable(`row ${i} of the page has no key`);
      }
      const key = { view, at: keyAt, end: keyEnd };
      const bound = last ?? placeOf(from);
      const order = bound === undefined ? -1 : tree.compare(bound, key);
      // The first key of a leaf may be the one that the page above gives.
      if (order > 0 || (order === 0 && !(isLeaf && last === undefined))) {
        throw new Unreadable(`the key of row ${i} of the page is out of order`);
      }
      last = key;
    }
    const end = placeOf(to);
    if (end !== undefined && last !== undefined && tree.compare(last, end) >= 0) {
      throw new Unreadable('its last key belongs behind it');
    }
    return nodes;
  }

  /** How many pages the value of a row has for itself. Errors: Unreadable. */
  #overflow(node: PageNode, page: Buffer): number {
    if ((node.flags & ~NODE_FLAGS) !== 0) throw new Unreadable('a row with unknown flags');
    if ((node.flags & NodeFlag.big) === 0) return 0;
    const [first, count] = [u64At(page, node.valueAt), u64At(page, node.valueAt + 16)];
    const { pageBytes } = this.#file;
    const needed = Math.floor((HEAD_BYTES - 1 + node.valueBytes) / pageBytes) + 1;
    if (count !== needed) throw new Unreadable(`a value of ${count} pages that needs ${needed}`);
    this.#use(first, count);
    const head = this.#file.head(first);
    this.#checkHead(first, head, PageFlag.overflow);
    const said = head.readUInt32LE(LOWER_AT);
    if (said !== count) throw new Unreadable(`a value of ${count} pages that has ${said}`);
    this.#pages += 1;
    return count;
  }

  /**
   * The pages that one row of the tree of free pages lists: how many numbers u64, then the numbers;
   * 0 is no page, and a negative one says how many pages there are from the next number on.
   */
  #free(node: PageNode, page: Buffer): void {
    const bytes = this.#valueOf(node, page);
    const count = bytes.length < 8 ? Infinity : u64At(bytes, 0);
    if ((count + 1) * 8 > bytes.length) throw new Unreadable('a list of free pages is cut off');
    let run = 1;
    for (let i = 1; i <= count; i += 1) {
      const number = Number(bytes.readBigInt64LE(8 * i));
      if (number < 0) run = -number;
      if (number <= 0) continue;
      for (let at = number; at < number + run; at += 1) {
        if (at < META_PAGES || at > this.#head.lastPage) {
          throw new Unreadable(`page ${at} is said to be free, and there is none`);
        }
        if (this.#uses[at] !== PageUse.unknown) {
          throw new Unreadable(`page ${at} is said to be free, and is used`);
        }
        this.#uses[at] = PageUse.free;
      }
      run = 1;
    }
  }

  /** A value of a leaf, also one that stands in overflow pages, which have been checked. */
  #valueOf(node: PageNode, page: Buffer): Buffer {
    const { valueAt, valueBytes } = node;
    if ((node.flags & NodeFlag.big) === 0) return page.subarray(valueAt, valueAt + valueBytes);
    const [first, count] = [u64At(page, valueAt), u64At(page, valueAt + BIG_BYTES - 8)];
    const bytes = this.#file.pages(first, count);
    return bytes.subarray(HEAD_BYTES, HEAD_BYTES + valueBytes);
  }

  /** A tree against its record. */
  #compare(tree: Tree, counted: Counted, hasLeaves: boolean): void {
    const names = ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const;
    for (const name of hasLeaves ? names : names.slice(0, 1)) {
      if (tree[name] === counted[name]) continue;
      const why = `its record says ${tree[name]} ${name}, there are ${counted[name]}`;
      this.#damage(tree, tree.root, why);
    }
  }

  /** Every page has a place or is free. */
  #account(): void {
    const lost = this.#uses.indexOf(PageUse.unknown, META_PAGES);
    if (lost >= 0) this.#damage({ table: null }, lost, 'a page that is neither used nor free');
  }

  #damage(tree: Pick<Tree, 'table'>, page: number, why: string, from?: Buffer): void {
    this.#isIntact = false;
    if (this.#damages.length >= DAMAGES_MAX) return;
    const key = from === undefined || tree.table === null ? null : from.toString('hex');
    this.#damages.push({ table: tree.table, key, page, why });
  }
}

/** Tables of ours have no trees within them. */
const refuseTree = ({ flags }: PageNode): void => {
  if ((flags & NodeFlag.tree) !== 0) throw new Unreadable('a row that is a tree');
};

/** The pages below a branch: each has the keys from its own on and before the next one's. */
const childrenOf = ({ below, from, to }: Place, nodes: readonly PageNode[]): Place[] => {
  const keys = nodes.map(({ key }) => Buffer.from(key));
  return nodes.map(({ child }, i) => ({
    page: child,
    below: below - 1,
    from: i === 0 ? from : keys[i],
    to: keys[i + 1] ?? to,
  }));
};

const damageOfFile = (why: string, page = 0): PageDamage => ({
  table: null, key: null, page, why,
});

/** What `read` gives, or the damage of a page that the disk cannot read. */
const readingOf = <T>(page: number, read: () => T): T | PageDamage => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return damageOfFile(error.message, page);
  }
};

/** The two heads, or what is wrong with them. */
const headsOf = (fd: number): readonly [MetaPage, MetaPage] | PageDamage => {
  const first = readingOf(0, () => readMeta(fd, 0));
  if (first !== undefined && 'why' in first) return first;
  if (first?.magic !== MAGIC) return damageOfFile('the file does not begin like one of LMDB');
  const { pageBytes } = first;
  const isPower = Number.isInteger(Math.log2(pageBytes));
  if (!isPower || pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) {
    return damageOfFile(`a page size of ${pageBytes} bytes`);
  }
  const second = readingOf(1, () => readMeta(fd, pageBytes));
  if (second !== undefined && 'why' in second) return second;
  if (second?.magic !== MAGIC) return damageOfFile('the second head is damaged', 1);
  return [first, second];
};

/** A head that no transaction has written. */
const isBlank = ({ transaction, main }: MetaPage): boolean =>
  transaction === 0 && main.root === NO_PAGE;

/**
 * Heads are written in turn: the even transactions in the first, the odd ones in the second. A
 * backup by LMDB has one head alone.
 */
const damageOfHeads = (heads: readonly [MetaPage, MetaPage]): PageDamage | undefined => {
  const [first, second] = heads;
  const isSame =
    first.version === second.version && first.pageBytes === second.pageBytes &&
    first.free.flags === second.free.flags && first.main.flags === second.main.flags;
  if (!isSame) return damageOfFile('the two heads of the file disagree');
  const [even, odd] = [first.transaction, second.transaction];
  const isInTurn = even % 2 === 0 && odd % 2 === 1 && Math.abs(even - odd) === 1;
  if (isInTurn || heads.some(isBlank)) return undefined;
  return damageOfFile(`the heads of the file are of transactions ${even} and ${odd}`);
};

/** What a backup by LMDB says of each of its pages. */
const BACKUP_TRANSACTION = 1;

/**
 * Every transaction of ours writes the root of the tree of tables, so that page says which one it
 * was: else a wrong number in one head would make the other the newest, and the last block be gone.
 * Both roots are there: no transaction takes pages that the one before it shows.
 */
const damageOfRoots = (
  file: PageFile, heads: readonly MetaPage[], newest: MetaPage,
): PageDamage | string | undefined => {
  for (const head of heads) {
    const { transaction, main: { root } } = head;
    if (isBlank(head) || root >= file.pageCount) continue; // the walk tells what is missing
    const wrote = readingOf(root, () => u64At(file.head(root), TRANSACTION_OF_PAGE_AT));
    if (typeof wrote === 'object') return wrote;
    if (wrote === transaction || wrote === BACKUP_TRANSACTION) continue;
    if (mayHaveFailed(head, newest, wrote)) {
      return `transaction ${wrote} was begun and is not there: the disk failed while it was ` +
        `committed, or a bit of its head has changed since`;
    }
    return damageOfFile(`a head of transaction ${transaction} has a root of ${wrote}`);
  }
  return undefined;
};

/**
 * Where writing a head fails, LMDB puts the old numbers of its transaction and its last page back
 * beside the new roots. A wrong bit can have changed the one number, but the last page then is one
 * of the new transaction: where the file has grown with that, it is told from this.
 */
const mayHaveFailed = (head: MetaPage, newest: MetaPage, wrote: number): boolean =>
  head !== newest && wrote === newest.transaction + 1 && head.lastPage <= newest.lastPage;

/**
 * Walks an open data file, which nobody writes to meanwhile; yields now and then how many pages it
 * has looked at, and of how many. Errors: those of the file system.
 */
export function* walkPages(
  fd: number,
  options: WalkOptions = {},
): Generator<readonly [done: number, total: number], PageReport> {
  const heads = headsOf(fd);
  if ('why' in heads) return { pages: 1, isWhole: true, damages: [heads] };
  const damage = damageOfHeads(heads);
  if (damage !== undefined) return { pages: META_PAGES, isWhole: true, damages: [damage] };
  const [first, second] = heads;
  const head = second.transaction > first.transaction ? second : first;
  const file = new PageFile(fd, head.pageBytes);
  if (head.lastPage > LACKING_TIMES * file.pageCount + LACKING_PAGES) {
    const lacking = damageOfFile(`the file has ${file.pageCount} pages of ${head.lastPage + 1}`);
    return { pages: META_PAGES, isWhole: true, damages: [lacking] };
  }
  const roots = damageOfRoots(file, heads, head);
  if (typeof roots === 'object') return { pages: META_PAGES, isWhole: true, damages: [roots] };
  const walk = new PageWalk(file, head, options);
  for (const done of walk.walk()) yield [done, head.lastPage + 1];
  return roots === undefined ? walk.report : { ...walk.report, warning: roots };
}
