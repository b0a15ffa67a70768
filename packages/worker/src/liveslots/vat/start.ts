/**
 * Starting a vat: evaluate its bundle, run microtasks to the end, call `buildRootObject`, run
 * microtasks to the end again, check what came of it (rules.md#u4).
 *
 * The bundle may have been evaluated before the vat was known; what that threw is reported here.
 */
import { types } from 'node:util';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { Hardening } from '../../contracts/hardening.js';
import type { FaultCode } from '../../protocol/faults.js';
import type { Delivery } from '../../protocol/opcodes.js';
import { parseVRef, type VRef } from '../../protocol/refs.js';
import type { DeliveryTuple } from '../../protocol/to-worker.js';
import { isObject, quietProperty } from '../../values.js';
import type { VatId } from '../../protocol/vat-numbers.js';
import type { ValueCodec } from '../contract/context.js';
import type { Continuation } from '../contract/delivery-handlers.js';
import { failNotRoot } from '../contract/author-advice.js';
import { allOf, q, wordsOf } from '../contract/fail.js';
import { styleOf } from '../contract/patterns.js';
import type { Ledger } from '../objects/ledger.js';
import { whenSettled, type Settlement } from '../promises/promise-table.js';
import type { VatReferences } from '../references/references.js';

const NativePromise = Promise;

/** What evaluating the bundle gave. */
export type Evaluation =
  | { readonly ok: true; readonly namespace: unknown }
  | { readonly ok: false; readonly error: unknown };

interface VatStarterOptions {
  readonly crank: CrankSink;
  /** Of vatParameters; throws for instances of durable kinds that are not defined yet. */
  readonly decode: ValueCodec['decode'];
  readonly hardening: Hardening;
  readonly references: VatReferences;
  readonly ledger: Ledger;
  readonly vatId: () => VatId;
  readonly evaluate: () => Evaluation;
  readonly vatPowers: (isEmergency: boolean) => object;
  readonly baggage: () => object;
  /** Raises what the incarnation owes to those before it and has not paid. */
  readonly finishUpgrade: () => void;
  /** Why kinds do not fit: told with whatever else goes wrong, which may come of it. */
  readonly mismatches: () => readonly Error[];
  readonly reviveWatches: () => void;
  /** Liveslots' own kinds. */
  readonly defineOwn: () => void;
}

type StartTuple = Extract<DeliveryTuple, readonly [typeof Delivery.startVat, ...unknown[]]>;

/** An error whose message can be asked for without running vat code. */
const isTold = (reason: unknown): reason is Error =>
  types.isNativeError(reason) && typeof quietProperty(reason, 'message') === 'string';

const SHOWN_NAMES_MAX = 10;
const SHOWN_LENGTH_MAX = 60;

/** What there is instead, for the author: a name misspelt, a default, nothing. */
const insteadOf = (namespace: unknown): string => {
  if (!isObject(namespace)) {
    const kind = namespace === null ? 'null' : typeof namespace;
    return `: the completion value of its script is no namespace, but ${kind}`;
  }
  let names: string[];
  try {
    names = Object.keys(namespace);
  } catch {
    return ''; // a proxy of the author's
  }
  if (names.includes('buildRootObject')) return ': what it exports by that name is none';
  if (names.length === 0) return ': it exports nothing';
  const shown = names.slice(0, SHOWN_NAMES_MAX).map(name => q(name.slice(0, SHOWN_LENGTH_MAX)));
  return `: it exports ${shown.join(', ')}${names.length > SHOWN_NAMES_MAX ? ', ...' : ''}`;
};

/** What a start is to return in place of an object that has a reference already. */
const rootInstead = (vref: VRef): string => {
  const type = parseVRef(vref)?.type;
  if (type === 'named') return 'not return a named export: the root keeps its reference anyway';
  if (type === 'import') return 'return an object of its own, not one of another vat';
  if (type !== 'ephemeral') return 'return ephemeral, not virtual/durable object';
  return (
    'not return what it has sent or stored: its root has got a reference of its own by that. ' +
    'Send or store another object, or the root in a later message'
  );
};

export class VatStarter {
  readonly #options: VatStarterOptions;

  constructor(options: VatStarterOptions) {
    this.#options = options;
  }

  start(delivery: StartTuple): Continuation {
    const evaluation = this.#options.evaluate();
    return () => this.#build(delivery, evaluation);
  }

  #build(delivery: StartTuple, evaluation: Evaluation): Continuation {
    const [, body, slots, isEmergency] = delivery;
    const { crank, decode, ledger, vatPowers, baggage } = this.#options;
    if (!evaluation.ok) return this.#fail('EVALUATION_FAILED', evaluation.error);
    const { namespace } = evaluation;
    let buildRootObject: unknown;
    try {
      buildRootObject = isObject(namespace) ? namespace['buildRootObject'] : undefined;
    } catch (error) {
      return this.#fail('NO_BUILD_ROOT_OBJECT', error);
    }
    if (typeof buildRootObject !== 'function') {
      const message = `vat source bundle lacks buildRootObject() function${insteadOf(namespace)}`;
      return crank.raise('NO_BUILD_ROOT_OBJECT', message);
    }
    let outcome: Settlement | undefined;
    const settle = (rejected: boolean, value: unknown): void => {
      outcome = { rejected, value };
    };
    try {
      this.#options.defineOwn();
      ledger.introduced(slots);
      const vatParameters = decode(body, slots);
      const root: unknown = buildRootObject(vatPowers(isEmergency), vatParameters, baggage());
      const settled = NativePromise.resolve(root);
      void whenSettled(
        settled,
        value => settle(false, value),
        reason => settle(true, reason),
      );
    } catch (error) {
      return this.#fail('START_FAILED', error);
    }
    return () => this.#finish(outcome);
  }

  #finish(outcome: Settlement | undefined): undefined {
    const { references, finishUpgrade, reviveWatches } = this.#options;
    if (outcome === undefined) return this.#raise('START_FAILED', 'buildRootObject unresolved');
    if (outcome.rejected) return this.#fail('START_FAILED', outcome.value);
    const root = this.#checkRoot(outcome.value);
    reviveWatches();
    references.bindRoot(root);
    this.#options.ledger.exportedRoot();
    finishUpgrade();
    return undefined;
  }

  #checkRoot(value: unknown): object {
    const { hardening, references, vatId } = this.#options;
    let style: string;
    try {
      style = styleOf(hardening.harden(value));
    } catch (error) {
      style = wordsOf(error);
    }
    if (style !== 'remotable' || !isObject(value)) {
      const shown = `buildRootObject() for vat ${vatId()} returned ${String(q(value))}`;
      const message = `${shown}, which is not Far`;
      return failNotRoot(value, () => this.#raise('START_FAILED', message));
    }
    const vref = references.vrefOf(value);
    if (vref !== undefined) {
      return this.#raise('START_FAILED', `buildRootObject() must ${rootInstead(vref)}`);
    }
    return value;
  }

  /** What vat code threw goes to whoever asked for the vat. */
  #fail(code: FaultCode, error: unknown): never {
    const { crank } = this.#options;
    crank.note(error);
    return this.#raise(code, wordsOf(error), error);
  }

  #raise(code: FaultCode, message: string, reason?: unknown): never {
    const { crank, mismatches } = this.#options;
    const errors = mismatches();
    if (errors.length === 0) return crank.raise(code, message, reason);
    const all = allOf([...errors, isTold(reason) ? reason : Error(message)]);
    return crank.raise('KIND_MISMATCH', all.message, all);
  }
}
