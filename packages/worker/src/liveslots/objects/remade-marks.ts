/**
 * Marks what is made again when it was collected, and has no vref to be known by: what presences
 * inherit from, the methods of stores. A weak map or set of vat code holds such a key.
 *
 * The mark is a private field: vat code can neither see nor forge it.
 */
import { Stamped } from '../../values.js';

class Remade extends Stamped {
  readonly #isRemade = true;

  // Without it the arguments would be spread (see zygote/harden.ts).
  constructor(target: object) {
    super(target);
  }

  static is(target: object): boolean {
    return #isRemade in target;
  }
}

export const markRemade = (value: object): void => {
  new Remade(value);
};

export const isMarkedRemade: (value: object) => boolean = Remade.is;
