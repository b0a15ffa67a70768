/** Goes wrong wherever liveslots calls vat code: kinds, watchers, migrations. */
import type { Baggage, DurableKindHandle, VatPowers } from '@heirloom/worker/vat';
import { Far } from '@endo/far';
import { check, type Depth } from './traced-steps.ts';

interface Parameters {
  readonly version?: number;
}

interface State {
  readonly n: number;
}

const inner = async (depth?: Depth): Promise<void> => {
  await null;
  if (depth !== undefined) check(depth);
  throw RangeError('too late');
};
const middle = async (depth?: Depth): Promise<void> => {
  for (const each of [depth]) await inner(each);
};
const outer = async (depth?: Depth): Promise<void> => {
  try {
    await middle(depth);
  } finally {
    await null;
  }
};

export const buildRootObject = (
  _: VatPowers,
  parameters: Parameters | undefined,
  baggage: Baggage,
) => {
  const handleOf = (name: string): DurableKindHandle => {
    if (!baggage.has(name)) baggage.init(name, VatData.makeKindHandle(name));
    return baggage.get(name) as DurableKindHandle;
  };
  const version = parameters?.version ?? 0;
  const makeBox = VatData.defineDurableKind(
    handleOf('Box'),
    (n: number): State => {
      if (n < 0) check(21);
      return { n };
    },
    {
      open: ({ state }: { state: State }): void => check(state.n),
    },
    {
      version,
      migrate: (old: Readonly<Record<string, unknown>>) => {
        if (version === 2) check(22);
        return { ...old, n: 23 };
      },
    },
  );
  const watcher = VatData.providePromiseWatcher(
    handleOf('Watcher'),
    () => check(24),
    () => check(25),
  );
  return Far('boxes', {
    make: (n: number) => makeBox(n),
    chain: () => outer(),
    watch: (rejects: boolean) => {
      VatData.watchPromise(rejects ? Promise.reject(Error('no')) : Promise.resolve(), watcher);
    },
    reject: () => {
      VatData.watchPromise(
        outer(27),
        VatData.providePromiseWatcher(VatData.makeKindHandle('Bare'), () => undefined),
      );
    },
  });
};
