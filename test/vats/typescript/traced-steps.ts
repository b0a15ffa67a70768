/** The calls that traced.ts makes: each on lines of its own, behind types that bundling removes. */
export type Depth = number;

interface Step {
  readonly depth: Depth;
}

const last = ({ depth }: Step): never => {
  throw assert.error(assert.details`step ${depth} of ${'many'}, the last`, RangeError);
};

const fourth = (step: Step): void => {
  for (const each of [step]) last(each);
};

const third = async (step: Step): Promise<void> => fourth(step);

class Steps {
  readonly #depth: Depth;

  constructor(depth: Depth) {
    this.#depth = depth;
  }

  second(): void {
    try {
      [{ depth: this.#depth }].map(step => fourth(step));
    } finally {
      void third;
    }
  }
}

export function check(depth: Depth): void {
  new Steps(depth).second();
}

const thrown = (..._with: readonly unknown[]): unknown => {
  throw Error('thrown');
};
export const byDefault = (of: unknown = thrown()): unknown => of;
export class ByField {
  readonly of = thrown(this);
}
function* inner(): Generator {
  yield thrown('inner');
}
export function* byDelegation(): Generator {
  yield* inner();
}
