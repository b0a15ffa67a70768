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

export class Core {
  readonly context: LiveslotsContext;
  readonly durable: Scope;
  readonly virtual: Scope;
  readonly counters: Counters;
  readonly values: StoredValues;
  readonly dismissals: Dismissals;
  readonly forks: Forks;
  /** What vat code may do at present. */
  readonly purity = new Purity();
  /** The weak maps and sets of vat code that recognise references. */
  readonly ramRecognizers = new RamRecognizers();
  /** The instances whose state or context this crank has used. */
  readonly touched: InstanceRecord[] = [];
  /** The durable kinds whose own rows this crank has to write. */
  readonly dirtyKinds = new Set<Kind>();
  /** The durable kinds that this crank has made instances of. */
  readonly dirtyNext = new Set<Kind>();
  /** The durable kinds defined in this incarnation, by number. */
  readonly definedKinds = new Map<number, Kind>();
  /** The merely-virtual kinds of this incarnation, by number. */
  readonly virtualKinds = new Map<number, Kind>();
  readonly ledger: Ledger;
  /** Told of each instance whose state has been migrated. */
  onMigrated: ((kind: number, instance: number) => void) | undefined;

  constructor(context: LiveslotsContext) {
    this.context = context;
    this.durable = new Scope(context, true);
    this.virtual = new Scope(context, false);
    this.counters = new Counters(context);
    this.dismissals = new Dismissals(context);
    this.values = new StoredValues(
      context,
      kind => this.definedKinds.has(kind) || this.dismissals.has(kind),
    );
    this.forks = new Forks(context);
    this.ledger = new Ledger(this);
  }
}
