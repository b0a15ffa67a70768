import { E } from '@endo/eventual-send';
import { Far, getInterfaceOf, makeTagged, passStyleOf } from '@endo/pass-style';
import { M, keyEQ, makeCopyBag, makeCopyMap, makeCopySet, matches } from '@endo/patterns';

/**
 * Evaluates snippets of code in a child compartment: `run` gives back a snippet's completion value,
 * or rejects with what it throws. Snippets share the record `$` for as long as the incarnation
 * lasts, and `baggage` for longer. `parameters.setup` is a snippet to run before the vat is up.
 */
export const buildRootObject = async (vatPowers, parameters, baggage) => {
  const textOf = error => (error instanceof Error ? `${error.name}: ${error.message}` : `${error}`);
  const compartment = new Compartment({
    __options__: true,
    globals: {
      ...{ E, Far, M, VatData, baggage, vatPowers, matches, keyEQ, passStyleOf, getInterfaceOf },
      ...{ makeTagged, makeCopyBag, makeCopyMap, makeCopySet },
      $: {},
      args: undefined,
      console,
      outer: globalThis,
      /** Name and message of what `thunk` throws, or of what its promise is rejected with. */
      why: thunk => {
        try {
          const result = thunk();
          if (!(result instanceof Promise)) return 'nothing thrown';
          return result.then(() => 'nothing thrown', textOf);
        } catch (error) {
          return textOf(error);
        }
      },
    },
  });
  const run = (code, args = []) => {
    compartment.globalThis.args = args;
    return compartment.evaluate(code);
  };
  if (parameters?.setup !== undefined) await run(parameters.setup, parameters.args);
  return Far('workbench', { run: async (code, args) => harden(await run(code, args)) });
};
