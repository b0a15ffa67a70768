/**
 * The record that kinds and collections are functions over.
 */
import type { LiveslotsContext } from '../contract/context.js';
import type { InstanceRecord } from '../kinds/instances.js';
import type { Kind } from '../kinds/kind.js';
import { Counters } from '../rows/counters.js';
import { Forks } from '../rows/forks.js';
import { Scope } from '../rows/scope.js';
import { Dismissals } from './dismissals.js';
import { Ledger } from './ledger.js';
import { Purity } from './purity.js';
import { RamRecognizers } from './ram-recognizers.js';
import { StoredValues } from './stored-values.js';

export interface Core {
  readonly context: LiveslotsContext;
  readonly durable: Scope;
  readonly virtual: Scope;
  readonly counters: Counters;
  readonly values: StoredValues;
  readonly ledger: Ledger;
  readonly dismissals: Dismissals;
  readonly forks: Forks;
  /** What vat code may do at present. */
  readonly purity: Purity;
  /** The weak maps and sets of vat code that recognise references. */
  readonly ramRecognizers: RamRecognizers;
  /** The instances whose state or context this crank has used. */
  readonly touched: InstanceRecord[];
  /** The durable kinds whose own rows this crank has to write. */
  readonly dirtyKinds: Set<Kind>;
  /** The durable kinds that this crank has made instances of. */
  readonly dirtyNext: Set<Kind>;
  /** The durable kinds defined in this incarnation, by number. */
  readonly definedKinds: Map<number, Kind>;
  /** The merely-virtual kinds of this incarnation, by number. */
  readonly virtualKinds: Map<number, Kind>;
}

export const makeCore = (context: LiveslotsContext): Core => {
  const definedKinds = new Map<number, Kind>();
  const dismissals = new Dismissals(context);
  const core: Omit<Core, 'ledger'> & { ledger?: Ledger } = {
    context,
    durable: new Scope(context, true),
    virtual: new Scope(context, false),
    counters: new Counters(context),
    values: new StoredValues(context, kind => definedKinds.has(kind) || dismissals.has(kind)),
    dismissals,
    forks: new Forks(context),
    purity: new Purity(),
    ramRecognizers: new RamRecognizers(),
    touched: [],
    dirtyKinds: new Set(),
    dirtyNext: new Set(),
    definedKinds,
    virtualKinds: new Map(),
  };
  core.ledger = new Ledger(core as Core);
  return core as Core;
};
