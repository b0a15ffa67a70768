/** Errors that Heirloom's own code makes, each of a call that vat code has made. */
import type { Baggage, DurableKindHandle, VatPowers } from '@heirloom/worker/vat';
import { Far } from '@endo/far';
import { M } from '@endo/patterns';

interface Parameters {
  /** Returned instead of a root. */
  readonly returns?: unknown;
}

const THINGS: Readonly<Record<string, () => unknown>> = {
  typed: () => new Uint8Array(2),
  floats: () => new Float64Array(2),
  map: () => new Map(),
  set: () => new Set(),
  date: () => new Date(0),
  buffer: () => new ArrayBuffer(2),
  pattern: () => /x/,
  proxy: () => new Proxy({}, {}),
  instance: () => new (class Purse {})(),
  heap: () => Far('heap', {}),
  promise: () => Promise.resolve(1),
  virtual: () => VatData.makeScalarBigMapStore('fleeting'),
};

const later = (make: (value: unknown) => unknown, value: unknown): unknown => make(value);

export const buildRootObject = (_: VatPowers, parameters: Parameters = {}, baggage: Baggage) => {
  if ('returns' in parameters) return parameters.returns;
  if (!baggage.has('Box')) baggage.init('Box', VatData.makeKindHandle('Box'));
  const handle = baggage.get<DurableKindHandle>('Box');
  const makeBox = VatData.defineDurableKind(handle, (held: unknown) => ({ held }), {
    get: ({ state }: { state: { held: unknown } }) => state.held,
  });
  const guard = M.interface('Guarded', { take: M.call(M.string()).returns(M.any()) });
  const makeGuarded = VatData.defineKind(
    'Guarded',
    () => ({}),
    { take: (_context: unknown, text: string) => text },
    { interfaceGuard: guard },
  );
  const deeds: Readonly<Record<string, (value: unknown) => unknown>> = {
    box: value => makeBox(value),
    baggage: value => baggage.init('it', value),
    unkept: () => baggage.get('not "there"'),
    key: value => VatData.makeScalarBigMapStore('of', { durable: true }).init(value, 1),
    shape: value =>
      VatData.defineDurableKind(VatData.makeKindHandle('Shaped'), () => ({}), {}, {
        stateShape: { a: value },
      }),
    guarded: value => (makeGuarded() as { take(text: unknown): unknown }).take(value),
    now: () => Date.now(),
    newDate: () => new Date(),
    callDate: () => Date(),
    random: () => Math.random(),
  };
  return Far('root', {
    tryMany: (count: number) => {
      for (let i = 0; i < count; i += 1) {
        try {
          makeBox({ [`of${count}`]: new Map() });
        } catch (error) {
          if (i === count - 1) throw error;
        }
      }
    },
    try: (deed: string, thing: string) => later(deeds[deed]!, THINGS[thing]?.()),
    text: (deed: string, thing: string) => {
      try {
        return String(deeds[deed]!(THINGS[thing]?.()));
      } catch (error) {
        return String(error);
      }
    },
  });
};
