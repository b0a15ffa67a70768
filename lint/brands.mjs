/**
 * The brands: types that are told apart though their values are alike, each with the one file that
 * declares it and makes its values. docs/internals/brands.md says where they are checked.
 */
export const BRANDS = {
  Brand: 'packages/store/src/types.ts',
  Height: 'packages/store/src/types.ts',
  VRef: 'packages/worker/src/protocol/refs.ts',
  VatNumber: 'packages/worker/src/protocol/vat-numbers.ts',
  VatId: 'packages/worker/src/protocol/vat-numbers.ts',
  Incarnation: 'packages/worker/src/protocol/vat-numbers.ts',
  Position: 'packages/worker/src/protocol/vat-numbers.ts',
  Space: 'packages/worker/src/protocol/vat-numbers.ts',
  BundleId: 'packages/worker/src/protocol/code-ids.ts',
  ImageId: 'packages/worker/src/protocol/code-ids.ts',
  KRef: 'packages/kernel/src/state/krefs.ts',
  InputNumber: 'packages/kernel/src/state/input-numbers.ts',
  Owner: 'packages/kernel/src/state/parties.ts',
  Decider: 'packages/kernel/src/state/parties.ts',
  Subscriber: 'packages/kernel/src/state/parties.ts',
};

const FILES = new Set(Object.values(BRANDS));

/** May the file declare brands? */
export const declaresBrands = file => FILES.has(file);

/** Is it a brand that another file makes? */
export const isForeignBrand = (name, file) =>
  Object.hasOwn(BRANDS, name) && BRANDS[name] !== file;
