import { Far } from '@endo/far';

/** Makes promises by name and settles them when told. */
export const buildRootObject = () => {
  const kits = new Map();
  const provide = name => {
    if (!kits.has(name)) {
      const kit = {};
      kit.promise = new Promise((resolve, reject) => Object.assign(kit, { resolve, reject }));
      kits.set(name, kit);
    }
    return kits.get(name);
  };
  return Far('holder', {
    make: name => harden({ promise: provide(name).promise }),
    result: name => provide(name).promise,
    settle: (name, how, value) => provide(name)[how](value),
    /** The value becomes data that mentions promises. */
    settleWith: (name, how, names) =>
      provide(name)[how](harden({ name, next: names.map(other => provide(other).promise) })),
    throw: reason => {
      throw reason;
    },
  });
};
