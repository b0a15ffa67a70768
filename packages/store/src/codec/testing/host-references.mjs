/** References by slot, as a host might stand in for them, and the hooks over them. */

/** Known without a look at the prototype: an `instanceof` would run a proxy's trap. */
const slotOfReference = new WeakMap();

export class Reference {
  constructor(slot) {
    this.slot = slot;
    slotOfReference.set(this, slot);
    Object.freeze(this);
  }
}

const references = new Map();

export const referenceOf = slot => {
  const reference = references.get(slot) ?? new Reference(slot);
  references.set(slot, reference);
  return reference;
};

/** Plain data goes in unfrozen and comes out frozen. */
export const hostHooks = {
  slotOf: value => slotOfReference.get(value),
  valueOf: referenceOf,
  isHardened: () => true,
  bornHardened: value => Object.freeze(value),
};
