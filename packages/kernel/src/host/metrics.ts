/**
 * The same figures for Prometheus: `kernel.metrics()` gives its text format.
 *
 * Invariants: a registry of its own per kernel, nothing of prom-client's default one; values are
 * taken when asked for, so that a kernel that nobody asks pays nothing. docs/metrics.md lists them.
 */
import { required, type Height } from '@heirloom/store';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { KernelCore } from '../core/kernel-core.js';
import { longestPauseMs } from './pauses.js';
import { statsOf, type KernelStats } from './stats.js';
import { countTables, type TableCounts, type VatTableCounts } from './table-counts.js';

const MIB = 2 ** 20;
const MS_PER_SECOND = 1_000;
const UPGRADE_SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5];

const COUNTERS = {
  blocks_total: 'Blocks committed since the kernel was opened.',
  waves_total: 'Waves run since the kernel was opened.',
  cranks_total: 'Cranks merged since the kernel was opened.',
} as const;

const GAUGES = {
  height: 'The height of the last durable block.',
  run_queue_length: 'Items on the run queue.',
  dirty_rows: 'Rows that the next block would write.',
  vats_online: 'Vats that have a worker.',
  vats_paged_in: 'Vats rebuilt by replay since the opening, because a wave needed them.',
  workers: 'Threads of vats and spares.',
  threads_left: 'Threads that were killed and loop in native code, where nothing ends them.',
  store_bytes: 'Size of the data file.',
  objects: 'Objects that the kernel knows.',
  messages_waiting: 'Messages that wait on unresolved promises.',
  pins: 'Objects and promises that the host holds.',
  bound_names: 'Names that the host has bound to references.',
  vats_stranded: 'Vats that get nothing until code of them starts.',
  items_parked: 'What is kept for stranded vats.',
  longest_pause_seconds: 'The longest that the thread of the kernel was busy, since last asked.',
  garbage_to_tell: 'Objects that vats are still to be told of as garbage.',
} as const;

const VAT_LABELS = ['vat', 'name'] as const;
const LABELLED = {
  promises: { help: 'Promises that the kernel knows, by state.', labels: ['state'] },
  memory_bytes: { help: 'Memory of the process: anonymous, mapped.', labels: ['kind'] },
  run_queue_items: { help: 'Items on the run queue in the last block.', labels: ['type'] },
  vat_deliveries: { help: 'Deliveries to the vat in its incarnation.', labels: VAT_LABELS },
  vat_incarnation: { help: 'The incarnation of the vat.', labels: VAT_LABELS },
  vat_exports: { help: 'Exports in the c-list of the vat.', labels: VAT_LABELS },
  vat_imports: { help: 'Imports in the c-list of the vat.', labels: VAT_LABELS },
  vat_promises: { help: 'Promises in the c-list of the vat.', labels: VAT_LABELS },
  vat_zero_counts: { help: 'What only the memory of the vat can hold.', labels: VAT_LABELS },
} as const;

const nameOf = (name: string): string => `heirloom_${name}`;

type LabelledName = keyof typeof LABELLED;
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);

const samplesOf = (
  { memory }: KernelStats,
  { vats, promises, runQueue }: TableCounts,
): Readonly<Record<LabelledName, readonly Sample[]>> => {
  const perVat = (field: Exclude<keyof VatTableCounts, 'vatId' | 'name'>): Sample[] =>
    vats.map(vat => [{ vat: vat.vatId, name: vat.name }, vat[field]]);
  return {
    promises: by('state', promises),
    memory_bytes: by('kind', { anonymous: memory.rssMiB * MIB, mapped: memory.mappedMiB * MIB }),
    run_queue_items: by('type', runQueue),
    vat_deliveries: perVat('deliveries'),
    vat_incarnation: perVat('incarnation'),
    vat_exports: perVat('exports'),
    vat_imports: perVat('imports'),
    vat_promises: perVat('promises'),
    vat_zero_counts: perVat('zeroCounts'),
  };
};

export class KernelMetrics {
  readonly #core: KernelCore;
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #labelled = new Map<string, Gauge>();
  readonly #upgrades: Histogram<'outcome'>;
  #upgradesTold = 0;
  #tables: { readonly height: Height; readonly counts: TableCounts } | undefined;
  #rendering: Promise<string> | undefined;

  constructor(core: KernelCore) {
    this.#core = core;
    const registers = [this.#registry];
    for (const [name, help] of Object.entries(COUNTERS)) {
      const counter = new Counter({ name: nameOf(name), help, registers });
      this.#counters.set(name, counter);
    }
    for (const [name, help] of Object.entries(GAUGES)) {
      const gauge = new Gauge({ name: nameOf(name), help, registers });
      this.#gauges.set(name, gauge);
    }
    for (const [name, { help, labels }] of Object.entries(LABELLED)) {
      const labelNames: string[] = [...labels];
      const gauge = new Gauge({ name: nameOf(name), help, labelNames, registers });
      this.#labelled.set(name, gauge);
    }
    this.#upgrades = new Histogram({
      name: nameOf('upgrade_seconds'),
      help: 'How long vats were without code at upgrades.',
      labelNames: ['outcome'],
      buckets: UPGRADE_SECONDS,
      registers,
    });
  }

  /** One rendering at a time: who asks meanwhile gets the same text. */
  text(): Promise<string> {
    this.#rendering ??= this.#render().finally(() => {
      this.#rendering = undefined;
    });
    return this.#rendering;
  }

  async #render(): Promise<string> {
    const tables = await this.#countTables();
    const stats = statsOf(this.#core);
    this.#setCounters(stats);
    this.#setGauges(stats, tables);
    for (const [name, samples] of Object.entries(samplesOf(stats, tables))) {
      const gauge = required(this.#labelled.get(name), name);
      gauge.reset(); // vats that are gone
      for (const [labels, value] of samples) gauge.set(labels, value);
    }
    this.#tellUpgrades(stats);
    return this.#registry.metrics();
  }

  /** Once per block, with turns of the event loop between. */
  async #countTables(): Promise<TableCounts> {
    const { height, store, ways } = this.#core;
    if (this.#tables?.height === height) return this.#tables.counts;
    const counting = countTables(store);
    for (;;) {
      const step = counting.next();
      if (step.done === true) {
        this.#tables = { height, counts: step.value };
        return step.value;
      }
      await ways.clock.nextTurn();
    }
  }

  #setCounters({ blocks, waves, cranks }: KernelStats): void {
    const values: Readonly<Record<keyof typeof COUNTERS, number>> = {
      ...{ blocks_total: blocks, waves_total: waves, cranks_total: cranks },
    };
    for (const [name, value] of Object.entries(values)) {
      const counter = required(this.#counters.get(name), name);
      counter.reset();
      counter.inc(value);
    }
  }

  #setGauges(stats: KernelStats, tables: TableCounts): void {
    const values: Readonly<Record<keyof typeof GAUGES, number>> = {
      height: stats.height,
      run_queue_length: stats.runQueueLength,
      dirty_rows: stats.dirtyRows,
      vats_online: stats.vatsOnline,
      vats_paged_in: stats.vatsPagedIn,
      workers: stats.threads,
      threads_left: stats.threadsLeft,
      store_bytes: stats.storeBytes,
      objects: tables.objects,
      messages_waiting: tables.waiting,
      pins: tables.pins,
      bound_names: tables.boundNames,
      vats_stranded: tables.stranded,
      items_parked: tables.parked,
      longest_pause_seconds: longestPauseMs(this.#core) / MS_PER_SECOND,
      garbage_to_tell: tables.toCollect,
    };
    for (const [name, value] of Object.entries(values)) {
      required(this.#gauges.get(name), name).set(value);
    }
  }

  #tellUpgrades({ upgrades, upgradeCount }: KernelStats): void {
    const untold = Math.min(upgradeCount - this.#upgradesTold, upgrades.length);
    for (const { succeeded, milliseconds } of upgrades.slice(upgrades.length - untold)) {
      this.#upgrades.observe({ outcome: succeeded ? 'succeeded' : 'failed' }, milliseconds / 1000);
    }
    this.#upgradesTold = upgradeCount;
  }
}
