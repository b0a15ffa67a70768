/** What a verification is given and what it says. */
import type { Height, StoreDamage, TableCheck } from '@heirloom/store';
import type { Incarnation, VatId } from '@heirloom/worker';
import type { AuditReport } from '../audit/audit-tables.js';

/** What is being looked at: pages of the data file, rows, vats that are replayed. */
export type VerifyPhase = 'pages' | 'rows' | 'vats';

export interface VerifyOptions {
  readonly directory: string;
  /** Vats that are replayed at a time; default 2. */
  readonly threads?: number;
  /** One vat, by name or id; default: all that run. */
  readonly vat?: string;
  /** Told now and then of pages and rows, and after each vat. */
  readonly progress?: (done: number, total: number, phase: VerifyPhase) => void;
  /**
   * The store is read in a process of its own: should LMDB or V8 end that, the report says so, and
   * the caller goes on. Default: false, as the command line does not have it.
   */
  readonly inProcess?: boolean;
}

export interface VatVerification {
  readonly vatId: VatId;
  readonly name: string;
  readonly incarnation: Incarnation;
  /** Deliveries of the incarnation. */
  readonly positions: number;
  readonly ok: boolean;
  /**
   * Why it is not ok: `REPLAY_DIVERGED`, `STORE_CORRUPT`, or what became of the worker. `STRANDED`:
   * there is nothing that could be replayed, which is as it should be.
   */
  readonly code: string | null;
  /** The first delivery that came out otherwise. */
  readonly divergedAt: number | null;
  readonly reason: string | null;
  readonly milliseconds: number;
}

export interface StoreVerification {
  readonly ok: boolean;
  /** Null, as the hash: the store is too damaged to be opened. */
  readonly height: Height | null;
  readonly blockHash: string | null;
  /** Pages of the data file that were looked at; a value that fills several is one. */
  readonly pages: number;
  /** Empty where pages are damaged: then no row is looked at, and no vat. */
  readonly tables: readonly TableCheck[];
  /** What is damaged, by table and key. */
  readonly damage: readonly StoreDamage[];
  /** What may be a damage of the data file, and may be what a failing disk has left. */
  readonly warnings: readonly string[];
  /** In order of their numbers. */
  readonly vats: readonly VatVerification[];
  readonly audit: Pick<AuditReport, 'ok' | 'findings' | 'findingCount'>;
  /** Of a sealed block: is the state the one that its hash contains? Null: it is not sealed. */
  readonly rootOk: boolean | null;
  readonly milliseconds: number;
}

/** What is said of what was not looked at. */
export const UNSEEN: Pick<
  StoreVerification,
  'height' | 'blockHash' | 'pages' | 'tables' | 'warnings' | 'vats' | 'audit' | 'rootOk'
> = {
  height: null,
  blockHash: null,
  pages: 0,
  tables: [],
  warnings: [],
  vats: [],
  audit: { ok: true, findings: [], findingCount: 0 },
  rootOk: null,
};
