import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/**
 * Does with the vat-admin service what it is told. Services, caps and nodes have names here, kept
 * in baggage so that they outlive an upgrade.
 */
export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  if (!baggage.has('things')) {
    baggage.init('things', VatData.makeScalarBigMapStore('things', { durable: true }));
    baggage.init('watcher', VatData.makeKindHandle('watcher'));
    baggage.init('log', []);
  }
  const things = baggage.get('things');
  const note = how => (value, name) =>
    baggage.set('log', harden([...baggage.get('log'), [name, how, value]]));
  const watcher = VatData.providePromiseWatcher(
    baggage.get('watcher'),
    note('fulfilled'),
    note('rejected'),
  );
  const keep = (name, value) => {
    if (things.has(name)) things.set(name, value);
    else things.init(name, value);
  };
  /** Text that names a thing, or a record with such texts, becomes the thing. */
  const read = value => {
    if (typeof value === 'string' && value.startsWith('$')) return things.get(value.slice(1));
    if (Array.isArray(value)) return harden(value.map(read));
    if (typeof value !== 'object' || value === null) return value;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return harden(Object.fromEntries(Object.entries(value).map(([k, v]) => [k, read(v)])));
  };
  return Far('admin', {
    bootstrap: async (vats, devices) => {
      keep('vatAdmin', vats.vatAdmin);
      keep('svc', await E(vats.vatAdmin).createVatAdminService(devices.vatAdmin));
      return Object.keys(vats);
    },
    keep,
    get: name => things.get(name),
    /** `E(thing)[method](...args)`; what it gives is kept under `as`. */
    tell: async (name, method, args, as) => {
      const value = await E(things.get(name))[method](...args.map(read));
      if (as !== undefined) keep(as, value);
      return value;
    },
    createVat: async (as, cap, options) => {
      const { root, adminNode } = await E(things.get('svc')).createVat(read(cap), read(options));
      keep(`${as}.root`, root);
      keep(`${as}.node`, adminNode);
    },
    /** The result is watched, in whichever incarnation it comes. */
    watch: (name, method, args, as) =>
      VatData.watchPromise(E(things.get(name))[method](...args.map(read)), watcher, as),
    getLog: () => baggage.get('log'),
    /** Lets go of all but what every test begins with. */
    forget: () => {
      const kept = ['vatAdmin', 'svc', 'worker', 'oracle', 'clock'];
      for (const name of [...things.keys()]) if (!kept.includes(name)) things.delete(name);
      baggage.set('log', harden([]));
    },
  });
};
