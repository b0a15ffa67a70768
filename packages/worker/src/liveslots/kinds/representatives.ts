/**
 * Representatives: the objects through which vat code holds an instance of a kind.
 *
 * Invariants: a representative has no state of its own and making one reads nothing (rules.md#o1).
 * It inherits its methods from one prototype per kind and facet, and carries, where vat code cannot
 * see it, which instance it stands for. The facets of a cohort and the record of them refer to each
 * other, so that they live and die together.
 */
import { Stamped } from '../../values.js';
import type { Kind } from './kind.js';

/** Instance numbers begin at 1. */
const NO_INSTANCE = 0;

export class Representative extends Stamped {
  readonly #kind: Kind;
  readonly #facet: number;
  readonly #instance: number;
  readonly #cohort: object | undefined;

  constructor(target: object, kind: Kind, facet: number, instance: number, cohort?: object) {
    super(target);
    this.#kind = kind;
    this.#facet = facet;
    this.#instance = instance;
    this.#cohort = cohort;
  }

  /** The instance that `target` is that facet of, else `NO_INSTANCE`. */
  static instanceOf(target: unknown, kind: Kind, facet: number): number {
    const isOne =
      typeof target === 'object' && target !== null && #kind in target && target.#kind === kind;
    return isOne && target.#facet === facet ? target.#instance : NO_INSTANCE;
  }

  /** The instance that `target` is any facet of, else `NO_INSTANCE`. */
  static anyInstanceOf(target: unknown, kind: Kind): number {
    const isOne =
      typeof target === 'object' && target !== null && #kind in target && target.#kind === kind;
    return isOne ? target.#instance : NO_INSTANCE;
  }

  /** The record of all facets of the cohort that `target`, if it is a facet, belongs to. */
  static cohortOf(target: unknown): object | undefined {
    const isOne = typeof target === 'object' && target !== null && #kind in target;
    return isOne ? target.#cohort : undefined;
  }
}

/**
 * Marks the record of all facets of a cohort. It has no vref of its own, so a weak collection holds
 * it strongly: otherwise vat code could learn from it when a cohort was collected.
 */
export class Cohort extends Stamped {
  readonly #isCohort = true;

  // Without it the arguments would be spread (see zygote/harden.ts).
  constructor(target: object) {
    super(target);
  }

  static is(target: object): boolean {
    return #isCohort in target && target.#isCohort;
  }
}
