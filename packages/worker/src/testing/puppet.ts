/**
 * A vat that does as it is told, one operation at a time, for tests of garbage; and the part of a
 * kernel that garbage needs: what the vat exports and imports, and how far.
 *
 * Operations name what the vat holds in RAM: `['make', sort, name, ...linked]`, `['free', name]`.
 * `@baggage` names the baggage, `name.b` the second facet of a kit. Every syscall of garbage is
 * checked as the kernel would; after each crank the rows are counted again (audit-rows.ts).
 */
import assert from 'node:assert/strict';
import { Delivery, Syscall } from '../protocol/opcodes.js';
import type { SyscallTuple } from '../protocol/from-worker.js';
import type { DeliveryTuple } from '../protocol/to-worker.js';
import { storedVRef } from '../protocol/refs.js';
import { auditRows, type RowAudit } from '../audit/audit-rows.js';
import { incarnationFrom } from '../protocol/vat-numbers.js';
import { ref, type CrankView, type VatHarness } from './vat-harness.js';

export const SORTS = [
  'node', 'kit', 'vnode', 'dmap', 'dset', 'dweak', 'vmap', 'vweak', 'far', 'weakmap',
] as const;
export type Sort = (typeof SORTS)[number];
export type Operation = readonly [op: string, ...args: unknown[]];

const SCRIPT = `(() => {
  const buildRootObject = (vatPowers, parameters, baggage) => {
    const provide = name => {
      if (!baggage.has(name)) baggage.init(name, VatData.makeKindHandle(name));
      return baggage.get(name);
    };
    const behavior = {
      set: ({ state }, links) => { state.links = links; },
      links: ({ state }) => state.links,
    };
    const init = links => ({ links });
    const makeNode = VatData.defineDurableKind(provide('node'), init, behavior);
    const makeKit = VatData.defineDurableKindMulti(provide('kit'), init, {
      a: behavior,
      b: { facetB: () => 'b' },
    });
    const makeVirtual = VatData.defineKind('vnode', init, behavior);
    const makers = {
      node: links => makeNode(links),
      kit: links => makeKit(links),
      vnode: links => makeVirtual(links),
      dmap: () => VatData.makeScalarBigMapStore('dmap', { durable: true }),
      dset: () => VatData.makeScalarBigSetStore('dset', { durable: true }),
      dweak: () => VatData.makeScalarBigWeakMapStore('dweak', { durable: true }),
      vmap: () => VatData.makeScalarBigMapStore('vmap'),
      vweak: () => VatData.makeScalarBigWeakMapStore('vweak'),
      far: () => Far('far', {}),
      weakmap: () => new WeakMap(),
    };
    const held = new Map([['@baggage', baggage]]);
    const valueOf = name => {
      if (typeof name !== 'string') return name;
      const [base, facet] = name.split('.');
      const value = held.get(base);
      if (value === undefined) return name;
      return value.a === undefined ? value : value[facet ?? 'a'];
    };
    const valuesOf = names => harden(names.map(valueOf));
    const operations = {
      make: (sort, name, ...links) => { held.set(name, makers[sort](valuesOf(links))); },
      set: (name, ...links) => { valueOf(name).set(valuesOf(links)); },
      init: (map, key, value) => { valueOf(map).init(valueOf(key), valueOf(value)); },
      add: (set, key) => { valueOf(set).add(valueOf(key)); },
      put: (map, key, value) => { valueOf(map).set(valueOf(key), valueOf(value)); },
      delete: (map, key) => { valueOf(map).delete(valueOf(key)); },
      get: (map, key, name) => { held.set(name, valueOf(map).get(valueOf(key))); },
      follow: (node, index, name) => { held.set(name, valueOf(node).links()[index]); },
      method: (map, name, to) => { held.set(to, valueOf(map)[name]); },
      keep: (name, value) => { held.set(name, value); },
      free: name => { held.delete(name); },
      send: (target, name) => { E(valueOf(target)).take(valueOf(name)); },
      nothing: () => {},
    };
    return Far('root', {
      run: (...list) => { for (const [op, ...args] of list) operations[op](...args); },
      has: (map, key) => valueOf(map).has(valueOf(key)),
      apply: (name, ...args) => held.get(name)(...args.map(valueOf)),
      name: name => valueOf(name),
    });
  };
  return { buildRootObject };
})()`;

const HEADER_BYTES = 8;
const ROWS_MAX = 100;

interface Collected {
  dropImports: readonly string[];
  retireImports: readonly string[];
  retireExports: readonly string[];
}

const nothing = (): Collected => ({ dropImports: [], retireImports: [], retireExports: [] });

type Reach = 'reachable' | 'recognizable';

export class Puppet {
  readonly vat: VatHarness;
  /** What the kernel has of the vat. */
  readonly exports = new Map<string, Reach>();
  readonly imports = new Map<string, Reach>();
  incarnation = -1;
  #nextImport = 1;
  #next = 1;

  constructor(vat: VatHarness) {
    this.vat = vat;
  }

  /** The next incarnation; what it leaves is swept when `sweep` is called. */
  async start(): Promise<void> {
    this.incarnation += 1;
    for (const vref of [...this.exports.keys()]) {
      if (!vref.startsWith('o+d')) this.exports.delete(vref);
    }
    this.#take(await this.vat.start(SCRIPT));
    this.vat.commit();
  }

  /** Runs operations in one crank. */
  async run(...operations: readonly Operation[]): Promise<void> {
    for (const operation of operations) for (const arg of operation) this.#noteImport(arg);
    const failure = await this.call('run', ...operations);
    assert.equal(failure, undefined, `operation failed: ${String(failure)}`);
  }

  /** A fresh import, to be given to an operation. */
  newImport(): ReturnType<typeof ref> {
    const vref = `o-${this.#nextImport}`;
    this.#nextImport += 1;
    return ref(vref);
  }

  async call(method: string, ...args: unknown[]): Promise<unknown> {
    const result = `p-${this.#next++}`;
    const crank = await this.#wave(this.vat.message('o+0', method, args, result));
    this.#take(crank);
    const [, resolution] = crank.syscalls.find(([name]) => name === 'resolve')!;
    return (resolution as unknown[])[2];
  }

  /** The vref of what the vat holds under a name; the vat exports it by telling. */
  async vrefOf(name: string): Promise<string> {
    return ((await this.call('name', name)) as { vref: string }).vref;
  }

  async dropExports(...vrefs: readonly string[]): Promise<void> {
    for (const vref of vrefs) this.exports.set(vref, 'recognizable');
    this.#take(await this.#wave([Delivery.dropExports, vrefs.map(storedVRef)]));
  }

  async retireExports(...vrefs: readonly string[]): Promise<void> {
    for (const vref of vrefs) this.exports.delete(vref);
    this.#take(await this.#wave([Delivery.retireExports, vrefs.map(storedVRef)]));
  }

  async retireImports(...vrefs: readonly string[]): Promise<void> {
    for (const vref of vrefs) this.imports.delete(vref);
    this.#take(await this.#wave([Delivery.retireImports, vrefs.map(storedVRef)]));
  }

  /** Full reaps until there is no more to do. Gives what the kernel was told. */
  async reap(rowsMax = ROWS_MAX): Promise<Collected> {
    return this.#repeatedly([Delivery.reap, null, rowsMax, true]);
  }

  async sweep(rowsMax = ROWS_MAX, findsCycles = false): Promise<Collected> {
    return this.#repeatedly([Delivery.sweep, rowsMax, findsCycles]);
  }

  /** One step of a sweep that finds cycles. True if there is more to do. */
  async sweepStep(rowsMax: number): Promise<boolean> {
    const crank = await this.#wave([Delivery.sweep, rowsMax, true]);
    this.#take(crank);
    return crank.tuple[3]![0];
  }

  /** Recounts the rows. Throws if they are not what they say. */
  audit(): RowAudit {
    const rows = new Map<string, Uint8Array>();
    for (const [key, bytes] of this.vat.store.table('vatstore')) {
      rows.set(key.slice(4), bytes.subarray(HEADER_BYTES));
    }
    const audit = auditRows(rows, incarnationFrom(this.incarnation));
    assert.deepEqual(audit.faults, []);
    for (const [base, { es }] of audit.things) this.#auditExports(base, es);
    return audit;
  }

  /** The keys of all rows. */
  keys(): string[] {
    return [...this.vat.store.table('vatstore').keys()].map(key => JSON.stringify(key)).sort();
  }

  #auditExports(base: string, es: string): void {
    for (let facet = 0; facet < Math.max(es.length, 2); facet += 1) {
      const names = facet === 0 ? [base, `${base}:0`] : [`${base}:${facet}`];
      const reach = names.map(name => this.exports.get(name)).find(it => it !== undefined);
      const status = reach === undefined ? 'n' : reach === 'reachable' ? 'r' : 's';
      assert.equal(es[facet] ?? 'n', status, `${base}: export status of facet ${facet}`);
    }
  }

  #noteImport(arg: unknown): void {
    const vref = (arg as { vref?: unknown } | null)?.vref;
    if (typeof vref === 'string' && vref.startsWith('o-')) this.imports.set(vref, 'reachable');
  }

  async #repeatedly(delivery: DeliveryTuple): Promise<Collected> {
    const all = nothing();
    for (let more = true; more;) {
      const crank = await this.#wave(delivery);
      const told = this.#take(crank);
      for (const name of ['dropImports', 'retireImports', 'retireExports'] as const) {
        all[name] = [...all[name], ...told[name]];
      }
      more = crank.tuple[3]![0];
    }
    return all;
  }

  async #wave(delivery: DeliveryTuple): Promise<CrankView> {
    const [crank] = await this.vat.wave(delivery);
    assert.equal(crank!.outcome, null, JSON.stringify(crank!.outcome));
    this.vat.commit();
    return crank!;
  }

  #take(crank: CrankView): Collected {
    assert.equal(crank.outcome, null, JSON.stringify(crank.outcome));
    const told = nothing();
    for (const syscall of crank.tuple[1]) this.#takeSyscall(syscall, told);
    return told;
  }

  #takeSyscall(syscall: SyscallTuple, told: Collected): void {
    switch (syscall[0]) {
      case Syscall.send:
        return this.#export(syscall[3]);
      case Syscall.resolve:
        return syscall[1].forEach(([, , , slots]) => this.#export(slots));
      case Syscall.dropImports:
        told.dropImports = syscall[1];
        return syscall[1].forEach(vref => {
          assert.equal(this.imports.get(vref), 'reachable', `drop of ${vref}`);
          this.imports.set(vref, 'recognizable');
        });
      case Syscall.retireImports:
        told.retireImports = syscall[1];
        return syscall[1].forEach(vref => {
          assert.equal(this.imports.get(vref), 'recognizable', `retirement of ${vref}`);
          this.imports.delete(vref);
        });
      case Syscall.retireExports:
        told.retireExports = syscall[1];
        return syscall[1].forEach(vref => {
          assert.equal(this.exports.get(vref), 'recognizable', `retirement of ${vref}`);
          this.exports.delete(vref);
        });
      case Syscall.subscribe:
      case Syscall.keep:
      case Syscall.exit:
      case Syscall.abandonExports:
      case Syscall.dismissKind:
      case Syscall.allege:
        return undefined;
      default:
        throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
    }
  }

  #export(slots: readonly string[]): void {
    for (const slot of slots) {
      if (slot.startsWith('o+') && slot !== 'o+0') this.exports.set(slot, 'reachable');
      if (slot.startsWith('o-')) assert.equal(this.imports.get(slot), 'reachable', slot);
    }
  }
}
