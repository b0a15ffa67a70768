import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Looks into promises of others. */
export const buildRootObject = () => {
  const store = VatData.makeScalarBigMapStore('promises');
  return Far('looker', {
    /** The names along the promises that `promise` leads to, at most `steps`. */
    walk: async (promise, steps) => {
      const names = [];
      for (let next = promise; next !== undefined && names.length < steps; ) {
        const node = await next;
        names.push(node.name);
        [next] = node.next;
      }
      return harden(names);
    },
    ask: async (target, method, args) => {
      const { promise } = await E(target)[method](...args);
      return promise;
    },
    put: (key, promise) => store.init(key, harden([promise])),
    get: async key => {
      const [promise] = store.get(key);
      return harden([await promise, store.get(key)[0] === promise]);
    },
    forget: reason => void Promise.reject(reason),
  });
};
