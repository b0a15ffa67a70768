/**
 * The deliveries of garbage and of migration, carried out: docs/gc.md, docs/upgrade/migration.md.
 */
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { CrankReport } from '../../protocol/from-worker.js';
import { Delivery } from '../../protocol/opcodes.js';
import type { Slots } from '../../protocol/passables.js';
import type { Collections } from '../collections/collections.js';
import type { DeliveryHandlers } from '../contract/delivery-handlers.js';
import type { Core } from '../objects/core.js';
import { Deletions } from './deletions.js';
import { Migrator } from './migrator.js';
import { Reaper } from './reaper.js';
import { Sweeper } from './sweeper.js';

interface GarbageOptions {
  readonly core: Core;
  readonly collections: Collections;
  readonly crank: CrankSink;
  readonly collectGarbage: () => void;
}

export class Garbage {
  readonly #core: Core;
  readonly #deletions: Deletions;
  readonly #reaper: Reaper;
  readonly #sweeper: Sweeper;
  readonly #migrator: Migrator;
  #report: CrankReport = null;

  constructor({ core, collections, crank, collectGarbage }: GarbageOptions) {
    this.#core = core;
    this.#deletions = new Deletions(core, collections);
    const deletions = this.#deletions;
    this.#reaper = new Reaper({ core, crank, deletions, collectGarbage });
    this.#sweeper = new Sweeper({ core, crank, deletions, collections });
    this.#migrator = new Migrator(core);
  }

  register(dispatcher: DeliveryHandlers): void {
    dispatcher.register(Delivery.dropExports, ([, vrefs]) => this.#exportsChanged(vrefs, 's'));
    dispatcher.register(Delivery.retireExports, ([, vrefs]) => this.#exportsChanged(vrefs, 'n'));
    dispatcher.register(Delivery.retireImports, ([, vrefs]) => this.#retireImports(vrefs));
    dispatcher.register(Delivery.reap, ([, report, rowsMax, isFull]) => {
      if (report === null) return this.#reaper.reap(rowsMax, isFull);
      this.#reaper.repeat(report, rowsMax);
      return undefined;
    });
    dispatcher.register(Delivery.sweep, ([, rowsMax, findsCycles]) => {
      // Of cycles that vat code may have seen again by a migration a later incarnation knows.
      const isSafe = findsCycles && !this.#migrator.hasRun;
      this.#report = [this.#sweeper.sweep(rowsMax, isSafe), [], []];
      return undefined;
    });
    dispatcher.register(Delivery.migrate, ([, rowsMax, isFirst]) => {
      this.#report = this.#migrator.migrate(rowsMax, isFirst);
      return undefined;
    });
  }

  /** What the delivery that is over has to report. */
  takeReport(): CrankReport {
    const report: CrankReport = this.#reaper.takeReport() ?? this.#report;
    this.#report = null;
    return report;
  }

  #exportsChanged(vrefs: Slots, status: 's' | 'n'): undefined {
    for (const vref of vrefs) this.#core.ledger.exportChanged(vref, status);
    return undefined;
  }

  #retireImports(vrefs: Slots): undefined {
    for (const vref of vrefs) {
      this.#deletions.endImport(vref);
    }
    this.#deletions.takeRamChanged();
    return undefined;
  }
}
