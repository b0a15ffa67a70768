/**
 * One vat's liveslots, put together: references, promises, kinds and collections, dispatch.
 *
 * It is made before the thread knows its vat (rules.md#u4); `bind` tells it. Everything that vat
 * code does before that works in RAM alone or spoils the preparation.
 */
import { passStyleOf } from '@endo/pass-style';
import { askMessage } from '@heirloom/store/codec';
import { check } from '../../check.js';
import type { CrankSink, FallibleCrankSink } from '../../contracts/crank-sink.js';
import type { RowStore } from '../../contracts/row-store.js';
import type { LogSink, VatEnvironment } from '../../contracts/vat-environment.js';
import type { BundleText } from '../../protocol/bundle-caps.js';
import type { BundleId } from '../../protocol/code-ids.js';
import type { CrankReport } from '../../protocol/from-worker.js';
import { CALL_DEPTH_MAX } from '../../protocol/limits.js';
import type { SentMessage, Site, VatDescription } from '../../protocol/description.js';
import { spellInterface, toldBy, type Interfaces } from '../../protocol/interfaces.js';
import { Delivery, Syscall } from '../../protocol/opcodes.js';
import type { DeliveryTuple } from '../../protocol/to-worker.js';
import type { VRef } from '../../protocol/refs.js';
import type { VatId } from '../../protocol/vat-numbers.js';
import { quietProperty } from '../../values.js';
import { isRemade } from '../collections/weak.js';
import { beginTelling, takesStartSite } from '../contract/call-sites.js';
import type { Encoded, LiveslotsContext } from '../contract/context.js';
import type { Continuation } from '../contract/delivery-handlers.js';
import type { Garbage } from '../garbage/garbage.js';
import { methodNamesOf } from '../kinds/method-names.js';
import { VatBundleCaps } from '../objects/bundle-device.js';
import { ImportInterfaces } from '../objects/import-interfaces.js';
import { VatCodec } from '../promises/codec.js';
import { PromiseTable } from '../promises/promise-table.js';
import { Promises } from '../promises/promises.js';
import { VatReferences } from '../references/references.js';
import type { ForkDelivery } from '../upgrade/fork-delivery.js';
import type { UpgradePowers } from '../upgrade/upgrade-powers.js';
import { Dispatcher } from './dispatch.js';
import { guardVatData, makeVatPowers } from './powers.js';
import { VatStarter, type Evaluation } from './start.js';
import { createVatData, type VatDataPart } from './vat-data.js';

const PASS_STYLE_ENDOWMENT = Symbol.for('@endo passStyleOf');

interface LiveslotsOptions {
  readonly environment: VatEnvironment;
  readonly rows: RowStore;
  readonly crank: FallibleCrankSink;
  readonly log: LogSink;
  /** An installed bundle, as the store has it. */
  readonly readBundle: (bundleId: BundleId) => BundleText;
  /** Forces V8's collector. */
  readonly collectGarbage: () => void;
}

interface Identity {
  readonly vatId: VatId;
  readonly incarnation: number;
}

export class Liveslots {
  readonly #environment: VatEnvironment;
  readonly #crank: CrankSink;
  readonly #table: PromiseTable;
  readonly #references: VatReferences;
  readonly #promises: Promises;
  readonly #codec: VatCodec;
  readonly #vatData: VatDataPart;
  readonly #guardedVatData: object;
  readonly #dispatcher: Dispatcher;
  readonly #log: LogSink;
  #identity: Identity | undefined;
  #script: string | undefined;
  #evaluation: Evaluation | undefined;
  readonly #garbage: Garbage;
  readonly #bundleCaps: VatBundleCaps;
  readonly #interfaces: ImportInterfaces;
  /** What vat code knows by private members that it has added: held, as weak maps hold keys. */
  readonly #stamped = new Set<object>();
  #isSpoiled = false;
  #notesSites = false;

  constructor(options: LiveslotsOptions) {
    const { environment, rows, crank: sink, log, collectGarbage, readBundle: read } = options;
    const { hardening, handledPromises: handled } = environment;
    const crank = this.#countedSink(sink);
    this.#environment = environment;
    this.#crank = crank;
    this.#log = log;
    const table = new PromiseTable(handled);
    const promises = new Promises({ crank, handled, hardening, table });
    const interfaces = new ImportInterfaces(rows);
    this.#interfaces = interfaces;
    const references = new VatReferences({
      crank, handled, hardening, promises, promiseTable: table,
      interfaceOf: vref => interfaces.of(vref),
    });
    const codec = new VatCodec({ hardening, slots: references, promises: table });
    promises.useCodec(codec);
    const vrefOf = (value: object) => references.vrefOf(value);
    this.#bundleCaps = new VatBundleCaps({ hardening, vrefOf, read });
    this.#table = table;
    this.#references = references;
    this.#promises = promises;
    this.#codec = codec;
    this.#vatData = createVatData(this.#makeContext(rows), promises);
    this.#guardedVatData = guardVatData({
      vatData: this.#vatData.VatData,
      crank,
      hardening,
      purity: this.#vatData.purity,
      binding: {
        isBound: () => this.#identity !== undefined,
        spoil: () => {
          this.#isSpoiled = true;
        },
      },
    });
    const { dismissals, ledger } = this.#vatData;
    this.#dispatcher = new Dispatcher({
      crank, handled, hardening, codec, references, promises, ledger, dismissals,
    });
    const forks = this.#vatData.forkDelivery(crank);
    forks.register(this.#dispatcher);
    this.#registerStart(promises, this.#vatData.upgradePowers(crank), forks);
    this.#watchCallDepth(sink);
    handled.watchSends(() => {
      this.#vatData.purity.assertOff('a send');
      return takesStartSite();
    });
    this.#garbage = this.#vatData.garbage(crank, collectGarbage);
    this.#garbage.register(this.#dispatcher);
  }

  /** True if the bundle called what needs a vat while it was evaluated ahead of its crank. */
  get isSpoiled(): boolean {
    return this.#isSpoiled;
  }

  /** Keeps the vat's script; evaluates it at once if `now`. An error is reported by the crank. */
  prepare(script: string, now: boolean): void {
    check(this.#identity === undefined && this.#script === undefined, 'prepare comes once, first');
    this.#script = script;
    if (now) this.#evaluation = this.#evaluate(script);
  }

  bind(vatId: VatId, incarnation: number): void {
    check(this.#identity === undefined, 'a thread serves one incarnation');
    check(!this.#isSpoiled, 'a spoiled preparation serves no vat');
    this.#identity = { vatId, incarnation };
    this.#table.bind(incarnation);
    this.#references.bind(incarnation);
  }

  /** Before the start: `describe` will be asked where things were made. */
  noteSites(): void {
    this.#notesSites = true;
  }

  deliver(delivery: DeliveryTuple): Continuation | undefined {
    check(this.#identity !== undefined, 'the thread has no vat');
    this.#environment.callDepth.begin();
    beginTelling(this.#notesSites && delivery[0] === Delivery.startVat);
    this.#promises.noteSends(delivery[0] === Delivery.startVat);
    const [caps, interfaces] = toldBy(delivery);
    if (caps !== undefined) this.#bundleCaps.introduced(caps);
    if (interfaces !== undefined) this.#interfaces.introduced(interfaces);
    return this.#dispatcher.deliver(delivery);
  }

  /** The delivery is quiescent: what it left dirty goes to the rows. */
  endCrank(): void {
    this.#vatData.endCrank();
    const exported = this.#vatData.ledger.takeExported();
    if (exported.length > 0) this.#allege(exported);
  }

  /** Whatever became of the crank, nothing of it stays behind. Gives what it has to report. */
  afterCrank(): CrankReport {
    this.#table.endCrank();
    this.#references.endCrank();
    this.#interfaces.endCrank();
    return this.#garbage.takeReport();
  }

  endWave(): void {
    this.#table.endWave();
  }

  /** What the start has made, whether or not it went well. Between waves, with rows to read. */
  describe(): VatDescription {
    const siteText = (site: Error | undefined): Site => {
      if (site === undefined) return '';
      const [, ...frames] = this.#environment.traceOf(site).split('\n');
      return frames.join('\n');
    };
    const { kinds, lost, made } = this.#vatData.describe(siteText);
    const root = this.#references.root;
    const sent = this.#promises.sentByStart.map(
      ({ target, method, site }): SentMessage => [target, method, siteText(site)],
    );
    return [kinds, root === undefined ? [] : methodNamesOf(root), lost, sent, made];
  }

  /** Encodes data of our own that mentions nothing. */
  encodeError(error: unknown): Encoded {
    askMessage(error);
    return this.#codec.encodeSettlement(this.#environment.hardening.harden(error));
  }

  /** Tells the kernel what new exports say that they are. The crank is over: no vat code runs. */
  #allege(exported: readonly VRef[]): void {
    const interfaces = exported.flatMap((vref): Interfaces => {
      const value = this.#references.valueOf(vref);
      const spelled = spellInterface(quietProperty(value, Symbol.toStringTag));
      return spelled === '' ? [] : [[vref, spelled]];
    });
    if (interfaces.length > 0) this.#crank.syscall([Syscall.allege, interfaces]);
  }

  #makeContext(rows: RowStore): LiveslotsContext {
    const identity = (): Identity => this.#bound();
    return {
      get incarnation() {
        return identity().incarnation;
      },
      rows,
      interfaces: this.#interfaces,
      codec: this.#codec,
      references: this.#references,
      hardening: this.#environment.hardening,
      raise: (code, message, reason) => this.#crank.raise(code, message, reason),
    };
  }

  #bound(): Identity {
    check(this.#identity !== undefined, 'the thread has no vat yet');
    return this.#identity;
  }

  #registerStart(promises: Promises, upgrade: UpgradePowers, forks: ForkDelivery): void {
    const { hardening } = this.#environment;
    const crank = this.#crank;
    const starter = new VatStarter({
      crank,
      hardening,
      decode: (body, slots) => this.#vatData.decode(body, slots),
      references: this.#references,
      ledger: this.#vatData.ledger,
      vatId: () => this.#bound().vatId,
      evaluate: () => this.#takeEvaluation(),
      vatPowers: isEmergency =>
        makeVatPowers({
          crank,
          hardening,
          purity: this.#vatData.purity,
          promises,
          codec: this.#codec,
          vatData: this.#guardedVatData,
          globals: this.#vatData.globals,
          powers: {
            ...upgrade.powers(),
            onFork: (handler: unknown) => forks.onFork(handler),
            D: (cap: unknown) => this.#bundleCaps.device(cap),
          },
          estate: isEmergency ? upgrade.emergencyEstate() : undefined,
        }),
      baggage: () => this.#vatData.baggage(),
      finishUpgrade: () => upgrade.finish(),
      mismatches: () => this.#vatData.mismatches(),
      reviveWatches: () => this.#vatData.reviveWatches(),
      defineOwn: () => this.#vatData.start(),
    });
    this.#dispatcher.register(Delivery.startVat, delivery => starter.start(delivery));
  }

  #watchCallDepth(crank: FallibleCrankSink): void {
    this.#environment.callDepth.watch({
      exceeded: () => {
        // Before there is a crank, its outcome cannot be fixed: it comes to this again in one.
        if (this.#identity === undefined) this.#isSpoiled = true;
        return crank.raise('LIMIT', `calls of vat code nest at most ${CALL_DEPTH_MAX} deep`);
      },
      hostFailed: error => crank.failHost(error),
      stamped: value => {
        if (isRemade(value, this.#references)) this.#stamped.add(value);
      },
    });
  }

  /** Every syscall tells the kernel of references: the ledger knows. */
  #countedSink(crank: CrankSink): CrankSink {
    return {
      syscall: syscall => {
        this.#vatData.ledger.told(syscall);
        crank.syscall(syscall);
      },
      raise: (code, message, reason) => crank.raise(code, message, reason),
      note: error => crank.note(error),
      thrown: (vpid, reason, body) => crank.thrown(vpid, reason, body),
      guard: job => crank.guard(job),
    };
  }

  #takeEvaluation(): Evaluation {
    const script = this.#script;
    check(script !== undefined, 'startVat before prepare');
    const evaluation = this.#evaluation ?? this.#evaluate(script);
    this.#script = '';
    this.#evaluation = undefined;
    return evaluation;
  }

  #evaluate(script: string): Evaluation {
    const { globals } = this.#vatData;
    try {
      const compartment = this.#environment.makeCompartment(
        { ...globals, VatData: this.#guardedVatData, [PASS_STYLE_ENDOWMENT]: passStyleOf },
        this.#log,
      );
      return { ok: true, namespace: compartment.evaluate(script) };
    } catch (error) {
      return { ok: false, error };
    }
  }
}
