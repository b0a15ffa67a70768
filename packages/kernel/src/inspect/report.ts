/** What an inspection says of a store: plain data, as `--json` prints it. */
import type { Height } from '@heirloom/store';
import type { BundleId, ImageId, Incarnation } from '@heirloom/worker';
import type { InputNumber } from '../state/input-numbers.js';
import type { KernelParameters } from '../state/parameters.js';
import type { StoreEngine } from '../state/store-meta.js';

export interface Size {
  readonly rows: number;
  /** Of keys and values; LMDB's pages come on top. */
  readonly bytes: number;
}

export interface TableSize extends Size {
  readonly table: string;
  /** What of the table: a kind of kernel row, or a vat. */
  readonly part: string;
}

export interface KindInspection extends Size {
  readonly kind: number;
  /** Merely-virtual kinds have no row that names them. */
  readonly tag: string | null;
  readonly durable: boolean;
  readonly facets: readonly string[] | null;
  /** The version that the last definition gave to states; null: merely virtual, or no such row. */
  readonly version: number | null;
  /** Instances by the version of their state, lowest first; empty for merely-virtual kinds. */
  readonly states: readonly { readonly version: number; readonly instances: number }[];
}

export interface VatInspection {
  readonly vatId: string;
  readonly name: string;
  /** `stranded`: it runs once code of it starts. */
  readonly state: 'running' | 'stranded' | 'terminated';
  readonly incarnation: Incarnation;
  readonly bundleId: BundleId;
  readonly imageId: ImageId;
  /** In this incarnation. */
  readonly deliveries: number;
  /** Of all incarnations that still have something left. */
  readonly transcript: Size;
  readonly preImages: Size;
  readonly clist: {
    readonly exports: number;
    readonly imports: number;
    readonly promises: number;
  };
  readonly rows: Size;
  readonly kinds: readonly KindInspection[];
  /** Rows of the vat by what they are: objects, entries of collections, ... */
  readonly rowTables: readonly TableSize[];
}

export interface QueueInspection {
  readonly messages: number;
  readonly notifies: number;
  readonly lifecycle: number;
  /** Messages that wait on unresolved promises. */
  readonly waiting: number;
  /** The longest queues of promises, longest first. */
  readonly longest: readonly { readonly promise: string; readonly messages: number }[];
  /** What vats are still to be told of garbage. */
  readonly toCollect: number;
}

export interface BoundName {
  readonly name: string;
  readonly kref: string;
}

export interface StoreInspection {
  readonly height: Height;
  readonly blockHash: string;
  /** The state root that the block hash contains; null: the block is not sealed. */
  readonly sealedRoot: string | null;
  readonly schema: number;
  /** What the store needs: this very engine, by name, or one that shows this to vat code. */
  readonly engine: StoreEngine;
  /** The names of the engines that are known to this host to show that. */
  readonly knownEngines: readonly string[];
  readonly image: string;
  readonly parameters: KernelParameters;
  readonly lastInput: InputNumber;
  /** The size of the data file. */
  readonly fileBytes: number;
  readonly objects: number;
  readonly promises: {
    readonly unresolved: number;
    readonly fulfilled: number;
    readonly rejected: number;
  };
  /** References that the host holds. */
  readonly pins: number;
  /** Names that the host has bound, in order of their bytes, and to what. */
  readonly boundNames: readonly BoundName[];
  readonly queues: QueueInspection;
  /** In order of their numbers. */
  readonly vats: readonly VatInspection[];
  /** Largest first. */
  readonly tables: readonly TableSize[];
}
