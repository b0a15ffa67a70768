/**
 * Reaps: what neither rows nor the kernel hold, and V8 has let go of, is deleted (docs/gc.md).
 *
 * Theory of operation. Candidates are the things with a zero entry: those listed since the last
 * reap, and a stretch of the table in key order, all of it in a full reap. V8 is asked for each
 * whether it is alive; what dies takes along what only it held, if V8 has let go of that too. Three
 * phases: (1) entries of collections found dead before; (2) instances, collections, remotables; (3)
 * imports, which hold nothing.
 *
 * Invariants: V8's answers are the report, and a replay that is given the report does the same
 * without asking (rules.md#g5): phases 1 and 3 depend on rows and the report alone, phase 2 deletes
 * exactly what the report names, in whatever order. Where the scan stands decides nothing else.
 */
import type { BinaryKey } from '@heirloom/store';
import { ROW_ZERO_PREFIX, prefixEnd, rowZeroPrefix } from '@heirloom/store/keys';
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { ReapReport } from '../../protocol/from-worker.js';
import type { VRef } from '../../protocol/refs.js';
import type { Core } from '../objects/core.js';
import { ZeroEntry } from '../objects/ledger.js';
import { isUnheld, placeOf } from '../objects/things.js';
import { vrefIn } from '../rows/decoded.js';
import { bytesAt, unpackNumber } from '../rows/frames.js';
import type { Deletions } from './deletions.js';

/** Entries that a full reap looks at, for each row that it may remove. */
const FULL_SCAN_FACTOR = 16;
/** V8 keeps for a turn what that turn looked at. */
const FULL_COLLECTIONS = 2;

interface ReaperOptions {
  readonly core: Core;
  readonly crank: CrankSink;
  readonly deletions: Deletions;
  /** Forces V8's collector. */
  readonly collectGarbage: () => void;
}

/** What V8 decided, as far as this reap has got. */
interface Findings {
  readonly dead: VRef[];
  readonly forgotten: VRef[];
  /** Imports to be looked at in phase 3. */
  readonly imports: Set<VRef>;
  left: number;
}

type Rest = () => Rest | undefined;

export class Reaper {
  readonly #core: Core;
  readonly #crank: CrankSink;
  readonly #deletions: Deletions;
  readonly #collectGarbage: () => void;
  /** Dead collections that still have entries, oldest first. */
  readonly #doomed = new Set<VRef>();
  #young: VRef[] = [];
  #cursor: BinaryKey | undefined;
  /** The last reap had more to do: then what V8 let go of is known already. */
  #isContinued = false;
  #isFullPass = false;
  #report: ReapReport | undefined;

  constructor({ core, crank, deletions, collectGarbage }: ReaperOptions) {
    this.#core = core;
    this.#crank = crank;
    this.#deletions = deletions;
    this.#collectGarbage = collectGarbage;
  }

  /** Removes about `rowsMax` rows; the report is there when the delivery is over. */
  reap(rowsMax: number, isFull: boolean): Rest {
    if (isFull && !this.#isFullPass) {
      this.#cursor = undefined;
      this.#isContinued = false;
    }
    this.#isFullPass = isFull;
    const isNeeded = !this.#isContinued && (isFull || this.#hasCandidates);
    const collections = isNeeded ? (isFull ? FULL_COLLECTIONS : 1) : 0;
    return this.#after(collections, () => this.#ask(rowsMax, isFull));
  }

  /** Does what a reap has done that reported this. */
  repeat(report: ReapReport, rowsMax: number): void {
    const [, dead, forgotten] = report;
    this.#shrinkDoomed(rowsMax);
    for (const ref of dead) if (!ref.startsWith('o-')) this.#delete(ref);
    this.#endImports(
      dead.filter(ref => ref.startsWith('o-')),
      forgotten,
    );
    this.#conclude(report);
    this.#deletions.takeRamChanged();
    this.#core.ledger.takeYoung();
  }

  takeReport(): ReapReport | undefined {
    const report = this.#report;
    this.#report = undefined;
    return report;
  }

  /** Is there anything that V8 could have let go of? Its collector costs tens of milliseconds. */
  get #hasCandidates(): boolean {
    const { rows, incarnation, references } = this.#core.context;
    const prefix = rowZeroPrefix(incarnation);
    return references.hasExports() || rows.nextKey(prefix, prefixEnd(prefix)) !== undefined;
  }

  #after(collections: number, job: () => void): Rest {
    return () => {
      if (collections === 0) {
        job();
        return undefined;
      }
      this.#collectGarbage();
      return this.#after(collections - 1, job);
    };
  }

  #ask(rowsMax: number, isFull: boolean): void {
    const { ledger, context } = this.#core;
    const findings: Findings = { dead: [], forgotten: [], imports: new Set(), left: rowsMax };
    this.#young = this.#young.concat(ledger.takeYoung());
    this.#shrinkDoomed(rowsMax);
    this.#follow(findings, ledger.takeReleased());
    for (const vref of context.references.deadExports()) {
      if (findings.left > 0) this.#find(findings, vref);
    }
    const young = this.#young.splice(0, findings.left);
    this.#follow(findings, young);
    const isThrough = this.#scan(findings, isFull ? rowsMax * FULL_SCAN_FACTOR : rowsMax);
    this.#judgeImports(findings);
    const dead = findings.dead.sort();
    const forgotten = findings.forgotten.sort();
    const isRamChanged = this.#deletions.takeRamChanged();
    const isOut = findings.left <= 0 || this.#young.length > 0;
    const more = this.#doomed.size > 0 || isOut || (isFull && (!isThrough || isRamChanged));
    this.#isContinued = more && !(isThrough && isRamChanged);
    if (!more) this.#isFullPass = false;
    this.#conclude([more, dead, forgotten]);
  }

  #conclude(report: ReapReport): void {
    // In the report's order, whichever V8's answers came first: a replay removes entries alike.
    const doomedNow = report[1].filter(ref => this.#doomed.delete(ref));
    for (const ref of doomedNow) this.#doomed.add(ref);
    this.#deletions.tell(this.#crank);
    this.#core.ledger.settle();
    this.#report = report;
  }

  #shrinkDoomed(rowsMax: number): void {
    let left = rowsMax;
    for (const baseRef of this.#doomed) {
      if (left <= 0) return;
      const { removed, isGone } = this.#deletions.shrink(baseRef, left);
      left -= removed;
      if (isGone) this.#doomed.delete(baseRef);
    }
  }

  /** Steps through the zero table; true when it has come to the end. */
  #scan(findings: Findings, entriesMax: number): boolean {
    const { rows, incarnation } = this.#core.context;
    const prefix = rowZeroPrefix(incarnation);
    const end = prefixEnd(prefix);
    let key = this.#cursor ?? prefix;
    for (let n = 0; n < entriesMax && findings.left > 0; n += 1) {
      const next = rows.nextKey(key, end);
      if (next === undefined) {
        this.#cursor = undefined;
        return true;
      }
      key = next;
      this.#consider(findings, vrefIn(key, ROW_ZERO_PREFIX.length + 4), key);
    }
    this.#cursor = key;
    return false;
  }

  #consider(findings: Findings, baseRef: VRef, key: BinaryKey): void {
    const entry = unpackNumber(bytesAt(this.#core.context.rows, key));
    if (entry === ZeroEntry.doomed || this.#core.ledger.isGone(baseRef)) return;
    if (entry === ZeroEntry.recognized) findings.imports.add(baseRef);
    else this.#follow(findings, [baseRef]);
  }

  /** Looks at things, and at what dies with them. */
  #follow(findings: Findings, baseRefs: readonly VRef[]): void {
    const open = [...baseRefs];
    for (let baseRef = open.pop(); baseRef !== undefined; baseRef = open.pop()) {
      if (findings.left <= 0) {
        this.#young.push(baseRef);
      } else if (this.#isDead(baseRef)) {
        this.#find(findings, baseRef);
        open.push(...this.#core.ledger.takeReleased());
      }
    }
  }

  #find(findings: Findings, ref: VRef): void {
    findings.left -= 1;
    if (ref.startsWith('o-')) {
      findings.imports.add(ref);
      return;
    }
    findings.dead.push(ref);
    this.#delete(ref);
  }

  #isDead(baseRef: VRef): boolean {
    const { ledger, context } = this.#core;
    if (ledger.isGone(baseRef)) return false;
    const header = ledger.headerAfter(baseRef);
    if (header === undefined || !isUnheld(header)) return false;
    if (ledger.virtualCountAfter(baseRef) > 0 || this.#doomed.has(baseRef)) return false;
    // All facets of a cohort live and die together.
    const [facet] = this.#deletions.facetsOf(baseRef);
    check(facet !== undefined, 'a thing has a facet');
    return !context.references.isAlive(facet);
  }

  #delete(ref: VRef): void {
    if (ref.startsWith('o+e')) return this.#deletions.endRemotable(ref);
    if (placeOf(this.#core, ref)?.type === 'object') {
      this.#deletions.deleteObject(ref);
    } else {
      this.#deletions.doom(ref);
      this.#doomed.add(ref);
    }
    return undefined;
  }

  /** Which imports are dropped, and which of those dropped, now or before, are retired? */
  #judgeImports(findings: Findings): void {
    const { recognition } = this.#deletions;
    for (const vref of this.#core.ledger.takeUnrecognized()) findings.imports.add(vref);
    const dropped: VRef[] = [];
    for (const vref of findings.imports) {
      const wasDropped = this.#core.ledger.headerAfter(vref)?.isDropped === true;
      if (!wasDropped && !this.#isDead(vref)) continue;
      if (!wasDropped) dropped.push(vref);
      const isKnown = recognition.isRecognizedInRows(vref) || recognition.isRecognizedInRam(vref);
      if (!isKnown) findings.forgotten.push(vref);
    }
    findings.dead.push(...dropped);
    this.#endImports(dropped, findings.forgotten);
  }

  #endImports(dropped: readonly VRef[], forgotten: readonly VRef[]): void {
    const retired = new Set(forgotten);
    for (const vref of dropped) {
      if (!retired.has(vref)) this.#deletions.dropImport(vref);
    }
    for (const vref of forgotten) this.#deletions.retireImport(vref);
  }
}
