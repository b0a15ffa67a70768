/**
 * Evaluates `ses` and locks the thread down. A module of side effects: image-main.ts imports it
 * after before-ses.ts and before everything else.
 *
 * All options are given, so that none is read from the environment. `errorTaming` shows in the
 * texts of errors, which vats see: it never changes without a new image (rules.md#h4).
 * `stackFiltering` shows in what the host is told alone (error-details.ts).
 */
import 'ses';
import { propertyOf } from '../values.js';
import { hardening } from './harden.js';
import { installLoading } from './loading.js';
import { enableOverrides } from './overrides.js';

type EvaluateOptions = Readonly<Record<string, unknown>>;
interface Evaluator {
  evaluate(source: unknown, options?: EvaluateOptions): unknown;
}

/**
 * `evaluate` of every compartment, without the option that leaves its transforms out: what vat code
 * evaluates is woven, whatever it asks for (weave/weave.ts).
 */
const prototype: Evaluator = Compartment.prototype;
const { evaluate: sesEvaluate } = prototype;
prototype.evaluate = {
  evaluate(this: Evaluator, source: unknown, options: EvaluateOptions = {}): unknown {
    const { transforms, sloppyGlobalsMode } = options;
    const { __evadeHtmlCommentTest__, __evadeImportExpressionTest__ } = options;
    const { __rejectSomeDirectEvalExpressions__ } = options;
    const tests = { __evadeHtmlCommentTest__, __evadeImportExpressionTest__ };
    const kept = { transforms, sloppyGlobalsMode, __rejectSomeDirectEvalExpressions__, ...tests };
    return Reflect.apply(sesEvaluate, this, [source, kept]);
  },
}.evaluate;

repairIntrinsics({
  errorTaming: 'safe',
  errorTrapping: 'none',
  unhandledRejectionTrapping: 'none',
  reporting: 'none',
  stackFiltering: 'verbose',
  overrideTaming: 'severe',
  overrideDebug: [],
  consoleTaming: 'unsafe',
  domainTaming: 'safe',
  localeTaming: 'safe',
  regExpTaming: 'safe',
  evalTaming: 'safe-eval',
  legacyRegeneratorRuntimeTaming: 'safe',
  __hardenTaming__: 'safe',
});
enableOverrides();
installLoading();
hardenIntrinsics();

const adopted = propertyOf(Object, Symbol.for('harden'));
if (adopted !== hardening.harden || !hardening.isHardened(Object.prototype)) {
  throw new Error('ses did not adopt our harden: the modules of the image are out of order');
}
