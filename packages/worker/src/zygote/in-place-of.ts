/** Namespaces of vats that stand in the place of the language's: `JSON`, `Reflect`. */
import { showAsNative } from './function-text.js';

const { create, defineProperty, entries, getOwnPropertyDescriptors } = Object;

/** What `native` has, but for `methods`, which get its names, lengths and texts. */
export const inPlaceOf = (native: object, methods: Readonly<Record<string, Function>>): object => {
  const properties: Record<string, PropertyDescriptor> = getOwnPropertyDescriptors(native);
  for (const [name, value] of entries(methods)) {
    const property = properties[name];
    const replaced: unknown = property?.value;
    if (typeof replaced !== 'function') continue;
    showAsNative(value, replaced);
    properties[name] = { ...property, value };
  }
  const made: object = create(Object.prototype);
  for (const key of Reflect.ownKeys(properties)) {
    defineProperty(made, key, Reflect.get(properties, key));
  }
  return made;
};
