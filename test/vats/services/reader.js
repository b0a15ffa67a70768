import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Reads bundles by their caps, as contract vats do. What it writes depends on what it read. */
export const buildRootObject = ({ D }, parameters, baggage) => {
  const { vatAdmin, cap: given } = parameters;
  const note = (key, value) => {
    if (baggage.has(key)) baggage.set(key, value);
    else baggage.init(key, value);
    return value;
  };
  const read = cap => {
    const bundle = D(cap).getBundle();
    const text = bundle.endoZipBase64 ?? bundle.source;
    return note('read', harden({ id: D(cap).getBundleID(), length: text.length, ...bundle }));
  };
  const atStart = given === undefined ? undefined : read(given).id;
  let service;
  return Far('reader', {
    atStart: () => atStart,
    read,
    isFrozen: cap => Object.isFrozen(D(cap)) && Object.isFrozen(D(cap).getBundle()),
    keep: cap => note('cap', cap),
    readKept: () => read(baggage.get('cap')),
    forget: () => {
      baggage.delete('cap');
    },
    /** The cap comes as the answer to a message. */
    readNamed: async id => {
      service ??= E(vatAdmin).createVatAdminService();
      return read(await E(service).getBundleCap(id));
    },
    /** Of a getExport bundle. */
    run: cap => {
      const { source } = D(cap).getBundle();
      return new Compartment().evaluate(`(${source}\n)()`).answer();
    },
  });
};
