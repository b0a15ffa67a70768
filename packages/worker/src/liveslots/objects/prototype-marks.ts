/**
 * Marks what presences inherit from: it is held weakly and made again (presence-prototypes.ts), and
 * has no vref to be known by.
 *
 * The mark is a private field: vat code can neither see nor forge it.
 */
import { Stamped } from '../rows/scope.js';

class PresencePrototype extends Stamped {
  readonly #isPrototype = true;

  // Without it the arguments would be spread (see zygote/harden.ts).
  constructor(target: object) {
    super(target);
  }

  static is(target: object): boolean {
    return #isPrototype in target;
  }
}

export const markPresencePrototype = (prototype: object): void => {
  new PresencePrototype(prototype);
};

export const isPresencePrototype: (value: object) => boolean = PresencePrototype.is;
