/**
 * A ledger, and what a host does to it block by block: the independent model of `npm run kills`.
 *
 * It knows nothing of the product. A block follows from the seed, its number, and the ledger that
 * the blocks before have left, so a host that was killed makes the same block again. Each call has
 * what it must answer.
 */
import { seededRandom } from '../support/suite/random.js';

export type LedgerCall =
  /** Tells the host of a purse that is new. */
  | { readonly op: 'open'; readonly purse: number }
  /** Tells the host again of a purse that it holds no more. */
  | { readonly op: 'give'; readonly purse: number }
  /** Binds the one reference that has no name to a name, and releases it. */
  | { readonly op: 'keep'; readonly purse: number }
  | { readonly op: 'drop'; readonly purse: number }
  /** By the reference that the host holds. */
  | { readonly op: 'pay'; readonly purse: number; readonly amount: number }
  /** By the root of a vat; forks have purses of their own. */
  | {
      readonly op: 'deposit';
      readonly vat: string;
      readonly purse: number;
      readonly amount: number;
    }
  | { readonly op: 'upgrade'; readonly vat: string; readonly version: number }
  | { readonly op: 'fork'; readonly vat: string }
  | { readonly op: 'end'; readonly vat: string }
  | { readonly op: 'balances'; readonly vat: string };

export interface PlannedCall {
  readonly call: LedgerCall;
  /** What it answers; undefined where that says nothing. */
  readonly answer: number | readonly number[] | undefined;
}

interface LedgerVat {
  version: number;
  balances: number[];
}

export const FIRST_VAT_NAME = 'ledger';
const PURSES_MAX = 12;
const FORKS_MAX = 1;
const AMOUNT_MAX = 1_000;

export class Ledger {
  readonly #seed: number;
  readonly #vats = new Map<string, LedgerVat>([[FIRST_VAT_NAME, { version: 0, balances: [] }]]);
  readonly #kept = new Set<number>();
  #told: number | undefined;
  #blocks = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Blocks that have been planned. */
  get blocks(): number {
    return this.#blocks;
  }

  /** What every vat answers to `balances`, by its name. */
  get balances(): Record<string, readonly number[]> {
    const entries = [...this.#vats].map(([name, vat]) => [name, answerOf(vat)] as const);
    return Object.fromEntries(entries);
  }

  /** Purses that the host holds. */
  get kept(): readonly number[] {
    return [...this.#kept].sort((a, b) => a - b);
  }

  /** A purse that the host was told of and has not kept yet. */
  get told(): number | undefined {
    return this.#told;
  }

  /** The next block; the ledger is then as it leaves it. */
  next(): PlannedCall[] {
    this.#blocks += 1;
    const mixed = Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(this.#blocks, 0x85ebca6b);
    const random = seededRandom(mixed);
    const calls: PlannedCall[] = [];
    const add = (call: LedgerCall, answer?: PlannedCall['answer']): void =>
      void calls.push({ call, answer });
    this.#keepTold(add);
    this.#pay(add, random.below, 1 + random.below(3));
    this.#tell(add, random.below);
    this.#change(add, random.below);
    const vat = [...this.#vats.keys()][random.below(this.#vats.size)]!;
    add({ op: 'balances', vat }, answerOf(this.#vats.get(vat)!));
    return calls;
  }

  #keepTold(add: Add): void {
    if (this.#told === undefined) return;
    add({ op: 'keep', purse: this.#told });
    this.#kept.add(this.#told);
    this.#told = undefined;
  }

  #pay(add: Add, below: Below, times: number): void {
    for (let i = 0; i < times && this.#kept.size > 0; i += 1) {
      const purse = this.kept[below(this.#kept.size)]!;
      const amount = 1 + below(AMOUNT_MAX);
      add({ op: 'pay', purse, amount }, this.#grow(FIRST_VAT_NAME, purse, amount));
    }
    const forks = [...this.#vats.keys()].slice(1);
    for (const vat of forks) {
      const size = this.#vats.get(vat)!.balances.length;
      if (size === 0) continue;
      const [purse, amount] = [below(size), 1 + below(AMOUNT_MAX)];
      add({ op: 'deposit', vat, purse, amount }, this.#grow(vat, purse, amount));
    }
  }

  /** At most one purse is told in a block, so that the host knows which has no name. */
  #tell(add: Add, below: Below): void {
    const { balances } = this.#vats.get(FIRST_VAT_NAME)!;
    if (balances.length < PURSES_MAX && below(2) === 0) {
      const purse = balances.length;
      balances.push(0);
      this.#told = purse;
      return add({ op: 'open', purse });
    }
    const lost = balances.map((_, purse) => purse).filter(purse => !this.#kept.has(purse));
    if (lost.length > 0) {
      this.#told = lost[below(lost.length)]!;
      return add({ op: 'give', purse: this.#told });
    }
    if (this.#kept.size < 2) return undefined;
    const purse = this.kept[below(this.#kept.size)]!;
    this.#kept.delete(purse);
    return add({ op: 'drop', purse });
  }

  #change(add: Add, below: Below): void {
    const [first, ...forks] = [...this.#vats.keys()];
    const what = below(6);
    if (what === 0) {
      const vat = below(2) === 0 ? first! : (forks[0] ?? first!);
      this.#vats.get(vat)!.version = this.#blocks;
      add({ op: 'upgrade', vat, version: this.#blocks });
    } else if (what === 1 && forks.length < FORKS_MAX) {
      const vat = `fork${this.#blocks}`;
      const { version, balances } = this.#vats.get(FIRST_VAT_NAME)!;
      this.#vats.set(vat, { version, balances: [...balances] });
      add({ op: 'fork', vat });
    } else if (what === 2 && forks.length > 0) {
      const vat = forks[below(forks.length)]!;
      this.#vats.delete(vat);
      add({ op: 'end', vat });
    }
  }

  #grow(vat: string, purse: number, amount: number): number {
    const { balances } = this.#vats.get(vat)!;
    balances[purse]! += amount;
    return balances[purse]!;
  }
}

type Add = (call: LedgerCall, answer?: PlannedCall['answer']) => void;
type Below = (bound: number) => number;

const answerOf = ({ version, balances }: LedgerVat): readonly number[] => [version, ...balances];
