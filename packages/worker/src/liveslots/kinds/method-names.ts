/** What a remotable can be asked, for whoever compares two versions of it. */
import { quietProperty } from '../../values.js';

/** A class's own, and endo's, which every remotable has. */
const NOT_TOLD = ['constructor', '__getInterfaceGuard__', '__getMethodNames__'];

/** Names that are strings, sorted. Runs no code of the vat. */
export const methodNamesOf = (target: object): string[] => {
  const names = new Set<string>();
  let at: unknown = target;
  while (typeof at === 'object' && at !== null && at !== Object.prototype) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (typeof quietProperty(at, name) === 'function') names.add(name);
    }
    at = Object.getPrototypeOf(at);
  }
  return [...names].filter(name => !NOT_TOLD.includes(name)).sort();
};
