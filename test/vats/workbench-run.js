import { E } from '@endo/eventual-send';
import { Far, getInterfaceOf, makeTagged, passStyleOf } from '@endo/pass-style';
import { M, keyEQ, makeCopyBag, makeCopyMap, makeCopySet, matches } from '@endo/patterns';

const textOf = error => (error instanceof Error ? `${error.name}: ${error.message}` : `${error}`);

/** Name and message of what `thunk` throws, or of what its promise is rejected with. */
const why = thunk => {
  try {
    const result = thunk();
    if (!(result instanceof Promise)) return 'nothing thrown';
    return result.then(() => 'nothing thrown', textOf);
  } catch (error) {
    return textOf(error);
  }
};

/** Evaluates snippets in a child compartment with `globals`, the record `$` and the libraries. */
export const makeRun = globals => {
  const compartment = new Compartment({
    __options__: true,
    globals: {
      ...{ E, Far, M, matches, keyEQ, passStyleOf, getInterfaceOf, makeTagged },
      ...{ makeCopyBag, makeCopyMap, makeCopySet, why, $: {}, args: undefined },
      ...globals,
    },
  });
  return (code, args = []) => {
    compartment.globalThis.args = args;
    return compartment.evaluate(code);
  };
};
