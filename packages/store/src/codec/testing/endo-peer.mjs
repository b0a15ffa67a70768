/**
 * Compares the codec with @endo/pass-style and @endo/marshal in a realm that ses has locked down.
 *
 * Run: `node endo-peer.mjs BUNDLED_CODEC SEED RUNS`. Prints one JSON line `{ checks, failures }`.
 */
import 'ses';

lockdown({
  errorTaming: 'safe',
  errorTrapping: 'none',
  unhandledRejectionTrapping: 'none',
  reporting: 'none',
  stackFiltering: 'concise',
  overrideTaming: 'severe',
  overrideDebug: [],
  consoleTaming: 'unsafe',
  domainTaming: 'safe',
  localeTaming: 'safe',
  regExpTaming: 'safe',
  evalTaming: 'safe-eval',
  legacyRegeneratorRuntimeTaming: 'safe',
  __hardenTaming__: 'safe',
});

const [, , bundle, seed, runs] = process.argv;
const { PassableCodec } = await import(bundle);
const { default: fc } = await import('fast-check');
await import('@endo/eventual-send/shim.js');
const { Far, passStyleOf } = await import('@endo/pass-style');
const { makeMarshal } = await import('@endo/marshal');
const { makeSame, passables } = await import('./passables.mjs');
const { candidates, noted } = await import('./candidates.mjs');

const failures = [];
let checks = 0;
const fail = (what, value, detail) => {
  let shown;
  try {
    shown = fc.stringify(value);
  } catch (error) {
    shown = `(${error.message})`;
  }
  failures.push(`${what}: ${shown.slice(0, 400)} ${detail ?? ''}`);
};

const attempt = thunk => {
  try {
    return { value: thunk() };
  } catch (error) {
    return { error };
  }
};

const slotOf = new WeakMap();
const valueOf = new Map();
let nextSlot = 0;
const bind = value => {
  const slot = `o+${(nextSlot += 1)}`;
  slotOf.set(value, slot);
  valueOf.set(slot, value);
  return slot;
};

const hardenedByUs = new WeakSet();
const codec = new PassableCodec({
  slotOf: value => {
    const known = slotOf.get(value);
    if (known !== undefined) {
      return known;
    }
    const notedBefore = noted.length;
    const { value: style } = attempt(() => passStyleOf(value));
    noted.length = notedBefore; // Getters that pass-style runs are no fault of the codec.
    return style === 'remotable' || style === 'promise' ? bind(value) : undefined;
  },
  valueOf: slot => valueOf.get(slot),
  isHardened: value => hardenedByUs.has(value),
  bornHardened: value => {
    hardenedByUs.add(Object.freeze(value));
    return value;
  },
});
const marshal = makeMarshal(
  value => slotOf.get(value),
  slot => valueOf.get(slot),
  { serializeBodyFormat: 'smallcaps', errorTagging: 'off' },
);

const references = [
  ...Array.from({ length: 6 }, (_, n) => Far(`far${n}`, { method() {} })),
  Far('function', () => undefined),
  harden(Promise.resolve()),
];
references.forEach(bind);
const same = makeSame(Object.is);

const sample = (arbitrary, offset, check) => {
  const parameters = { seed: Number(seed) + offset, numRuns: Number(runs) };
  for (const value of fc.sample(arbitrary, parameters)) {
    checks += 1;
    check(value);
  }
};

/** A frozen, passable value comes out: pass-style itself says so. */
sample(passables(references), 1, value => {
  harden(value);
  const accepted = attempt(() => passStyleOf(value));
  const encoded = attempt(() => codec.encode(value));
  if (accepted.error || encoded.error) {
    if (!(accepted.error && encoded.error)) {
      fail('passable', value, `${accepted.error} against ${encoded.error}`);
    }
    return;
  }
  const { body, slots } = encoded.value;
  const decoded = codec.decode(body, slots);
  if (!same(value, decoded) || passStyleOf(decoded) !== accepted.value) {
    fail('decoded', value);
  }
  if (Buffer.compare(codec.encode(decoded).body, body) !== 0) {
    fail('encoded again', value);
  }
});

/** What endo's own marshalling gives back is what ours gives back. */
sample(passables(references, { forMarshal: true }), 2, value => {
  harden(value);
  if (attempt(() => passStyleOf(value)).error) {
    return;
  }
  const theirs = attempt(() => marshal.fromCapData(marshal.toCapData(value)));
  const { body, slots } = codec.encode(value);
  const ours = codec.decode(body, slots);
  if (theirs.error !== undefined) {
    fail('marshal', value, theirs.error);
  } else if (!same(theirs.value, ours)) {
    fail('against marshal', value);
  } else if (Buffer.compare(codec.encode(theirs.value).body, body) !== 0) {
    fail('bytes of what marshal gave', value);
  }
});

/** What pass-style refuses is refused, what it accepts is accepted; no getter runs meanwhile. */
let acceptedCount = 0;
sample(candidates(references), 3, ({ value, isKnownDifference }) => {
  noted.length = 0;
  const encoded = attempt(() => codec.encode(value));
  if (noted.length > 0) {
    fail('ran code of the value', value, noted.join());
  }
  const accepted = attempt(() => passStyleOf(value));
  acceptedCount += accepted.error === undefined ? 1 : 0;
  if ((accepted.error === undefined) !== (encoded.error === undefined) && !isKnownDifference) {
    fail('candidate', value, `endo: ${accepted.error}; here: ${encoded.error}`);
  }
  if (encoded.error !== undefined && !(encoded.error instanceof TypeError)) {
    fail('error class', value, encoded.error);
  }
});

/** Values of vat code: one realm, another compartment. */
const compartment = new Compartment({ globals: { harden }, __options__: true });
const foreign = compartment.evaluate(
  '(harden({ a: [1n, "x", Symbol.for("s")], e: TypeError("m", { cause: Error("c") }) }))',
);
const { body, slots } = codec.encode(foreign);
if (!same(foreign, codec.decode(body, slots))) {
  fail('compartment', foreign);
}

console.log(JSON.stringify({ checks, acceptedCount, failures: failures.slice(0, 20) }));
