/** What vats of ours keep in baggage: made once, found again by every later incarnation. */

/** `key` of baggage, made if it is not there. */
export const provide = (baggage, key, make) => {
  if (!baggage.has(key)) baggage.init(key, make());
  return baggage.get(key);
};

/** A durable kind by its tag. */
export const provideKind = (baggage, tag, init, behavior) =>
  VatData.defineDurableKind(
    provide(baggage, `${tag} kind`, () => VatData.makeKindHandle(tag)),
    init,
    behavior,
  );

/** A durable kind of several facets. */
export const provideKinds = (baggage, tag, init, facets) =>
  VatData.defineDurableKindMulti(
    provide(baggage, `${tag} kind`, () => VatData.makeKindHandle(tag)),
    init,
    facets,
  );

/** A durable map store. */
export const provideStore = (baggage, key) =>
  provide(baggage, key, () => VatData.makeScalarBigMapStore(key, { durable: true }));
