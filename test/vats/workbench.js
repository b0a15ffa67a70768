import { Far } from '@endo/far';
import { makeRun } from './workbench-run.js';

/**
 * Evaluates snippets of code in a child compartment: `run` gives back a snippet's completion value,
 * or rejects with what it throws. Snippets share the record `$` for as long as the incarnation
 * lasts, and `baggage` for longer. `parameters.setup` is a snippet to run before the vat is up,
 * `parameters.root` one that gives the root in place of the workbench.
 */
export const buildRootObject = async (vatPowers, parameters, baggage) => {
  const run = makeRun({ VatData, baggage, vatPowers, console, outer: globalThis });
  if (parameters?.setup !== undefined) await run(parameters.setup, parameters.args);
  if (parameters?.root !== undefined) return run(parameters.root, parameters.args);
  return Far('workbench', { run: async (code, args) => harden(await run(code, args)) });
};
