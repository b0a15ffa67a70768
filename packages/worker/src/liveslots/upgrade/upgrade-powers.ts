/**
 * What an incarnation owes to those before it, and the powers by which vat code pays: kinds and
 * exports by name, and `finishedUpgrade`.
 *
 * Invariant: what is owed is checked once, while the vat starts: when vat code says that it has
 * finished, else when the crank of startVat has come to rest. Later cranks owe nothing.
 */
import type { CrankSink } from '../../contracts/crank-sink.js';
import { Fail } from '../contract/fail.js';
import type { DefineOptions, Definition, KindDefinitions } from '../kinds/kind-definitions.js';
import type { Core } from '../objects/core.js';
import { Estate } from './estate.js';
import { NamedExports } from './named-exports.js';
import { NamedKinds } from './named-kinds.js';

type Power = (...args: never[]) => unknown;
type DefinePower = (name: unknown, ...args: DefineArgs) => unknown;
/** As to the functions of `VatData` that define kinds. */
type DefineArgs = readonly [init?: unknown, behavior?: unknown, options?: DefineOptions];

const definitionOf = (isMulti: boolean, args: DefineArgs): Definition => {
  const [init, behavior, options = {}] = args;
  return { init, behavior, options, isMulti };
};

interface UpgradePowersOptions {
  readonly core: Core;
  readonly kinds: KindDefinitions;
  readonly crank: CrankSink;
}

export class UpgradePowers {
  readonly #options: UpgradePowersOptions;
  readonly #kinds: NamedKinds;
  readonly #exports: NamedExports;
  #isFinished = false;
  #isEmergency = false;

  constructor(options: UpgradePowersOptions) {
    this.#options = options;
    this.#kinds = new NamedKinds(options.core, options.kinds);
    this.#exports = new NamedExports(options.core.context);
  }

  /** To be called when the crank of startVat has come to rest. Raises what is owed and missing. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (this.#isEmergency) this.#options.kinds.suspendUnclaimed();
    else this.#options.kinds.assertAllClaimed();
    this.#exports.abandonRest(this.#options.crank);
  }

  /** `vatPowers.estate`: kinds that nobody defines do not fail this start. */
  emergencyEstate(): Readonly<Record<string, Power>> {
    this.#isEmergency = true;
    const { core, kinds, crank } = this.#options;
    return new Estate({ core, kinds, crank, isOver: () => this.#isFinished }).powers();
  }

  /** Members of `vatPowers`. */
  powers(): Readonly<Record<string, Power>> {
    const make =
      (isMulti: boolean): DefinePower =>
      (name, ...args) =>
        this.#kinds.make(name, definitionOf(isMulti, args));
    const replace =
      (isMulti: boolean): DefinePower =>
      (name, ...args) =>
        this.#kinds.replace(name, definitionOf(isMulti, args));
    return {
      makeKind: make(false),
      makeKindMulti: make(true),
      replaceKind: replace(false),
      replaceKindMulti: replace(true),
      dismissKind: (kind: unknown) => this.#kinds.dismiss(this.#options.crank, kind),
      nameExport: (name: unknown, remotable: unknown) => this.#exports.name(name, remotable),
      reconnectExport: (name: unknown, remotable: unknown) =>
        this.#exports.reconnect(name, remotable),
      finishedUpgrade: () => {
        if (this.#isFinished) throw Fail`finishedUpgrade: the start is over, or finished already`;
        this.finish();
      },
    };
  }
}
