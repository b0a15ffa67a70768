/**
 * What is wrong with a row by itself, whatever other rows say: it cannot be read, an image or a
 * bundle is not what its id is the hash of, the hashes of blocks have a gap.
 *
 * A hash of a block is over the one before it and over rows that the block wrote, of which later
 * ones have overwritten most: so it can be computed again for a sealed block alone, of the root and
 * the plain hash beside it. The checksums of the rows are for the others.
 */
import { createHash } from 'node:crypto';
import {
  ALARM_PREFIX,
  BOUND_NAME_PREFIX,
  BUNDLE_CAP_PREFIX,
  BUNDLE_NAME_PREFIX,
  BUNDLE_SOURCE_PREFIX,
  CLIST_KREF_PREFIX,
  CLIST_VREF_PREFIX,
  COLLECT_PREFIX,
  COUNT_PREFIX,
  countersKey,
  describeError,
  DISMISSAL_PREFIX,
  HASH_BYTES,
  HOST_CALL_PREFIX,
  HOST_OBJECT_PREFIX,
  HOST_RESULT_PREFIX,
  KERNEL_OBJECT_PREFIX,
  metaKey,
  OBJECT_PREFIX,
  PARKED_PREFIX,
  PIN_PREFIX,
  PROMISE_PREFIX,
  PROMISE_QUEUE_PREFIX,
  readU32,
  readU48,
  REMAINDER_PREFIX,
  RUN_QUEUE_PREFIX,
  sealedHash,
  SPACE_USERS_PREFIX,
  STRANDED_PREFIX,
  SUMS_KEY,
  textOf,
  unpackBlockRecord,
  unpackFrame,
  VAT_COUNTERS_PREFIX,
  VAT_NAME_PREFIX,
  VAT_PREFIX,
  WAIT_PREFIX,
  type BinaryKey,
  type StoreDamage,
  type TableName,
} from '@heirloom/store';
import { CHECK_BYTES } from '@heirloom/worker';
import { isFormat, bundleIdOf } from '../code/bundle.js';
import { unpackCodeCache } from '../code/code-caches.js';
import { sourceCodec } from '../code/installed.js';
import { single } from '../state/frame-codec.js';
import type { RowCodec } from '../state/kernel-table.js';
import { codecs } from '../state/schema.js';
import { kernelObjectCodec } from '../state/service-tables.js';

/** Undefined: nothing. */
type Wrong = string | undefined;
type Check = (key: BinaryKey, value: Uint8Array) => Wrong;

/** An archive, whose id follows from what is in it. */
export interface ArchiveRow {
  readonly bundleId: string;
  readonly key: BinaryKey;
  readonly source: string;
}

const decodes: readonly (readonly [prefix: BinaryKey, codec: Pick<RowCodec<unknown>, 'decode'>])[] =
  [
    [countersKey(), codecs.counters],
    [OBJECT_PREFIX, codecs.object],
    [PROMISE_PREFIX, codecs.promise],
    [PROMISE_QUEUE_PREFIX, codecs.message],
    [RUN_QUEUE_PREFIX, codecs.item],
    [VAT_PREFIX, codecs.vat],
    [VAT_COUNTERS_PREFIX, codecs.vatCounters],
    [SPACE_USERS_PREFIX, codecs.count],
    [STRANDED_PREFIX, codecs.stranded],
    [CLIST_VREF_PREFIX, codecs.kref],
    [CLIST_KREF_PREFIX, codecs.clist],
    [VAT_NAME_PREFIX, codecs.vatNumber],
    [PIN_PREFIX, codecs.count],
    [HOST_RESULT_PREFIX, codecs.hostResult],
    [COLLECT_PREFIX, codecs.empty],
    [BOUND_NAME_PREFIX, codecs.kref],
    [PARKED_PREFIX, codecs.item],
    [REMAINDER_PREFIX, codecs.cleanup],
    [DISMISSAL_PREFIX, codecs.empty],
    [HOST_OBJECT_PREFIX, codecs.kref],
    [HOST_CALL_PREFIX, codecs.message],
    [KERNEL_OBJECT_PREFIX, kernelObjectCodec],
    [WAIT_PREFIX, codecs.empty],
    [ALARM_PREFIX, codecs.empty],
    [BUNDLE_CAP_PREFIX, codecs.kref],
    [BUNDLE_NAME_PREFIX, single('the id of a bundle')],
    [COUNT_PREFIX, codecs.count],
  ];
const KERNEL_CODECS = new Map(decodes);

const HEADER_BYTES = 8;
const TOMBSTONE_BYTES = 1;
/** Vat u32 ‖ incarnation u32 before the space and the row. */
const INCARNATION_AT = 4;
const CODE_CACHES = 'codeCache/';
/** Rows of `local`, and what others of them begin with. */
const LOCAL_ROWS = ['engines', 'isolation', 'pagingOrder', SUMS_KEY];
const LOCAL_PREFIXES = [CODE_CACHES, 'sourceMap/', 'sourceRoot/'];

const headerOf = (value: Uint8Array): { readonly born: number; readonly written: number } => {
  const header = Buffer.from(value.buffer, value.byteOffset, HEADER_BYTES);
  return { born: header.readUInt32BE(0), written: header.readUInt32BE(4) };
};

const checkVatstore: Check = (_key, value) => {
  if (value.length === TOMBSTONE_BYTES && value[0] === 0) return undefined;
  if (value.length < HEADER_BYTES) return 'a row without header';
  const { born, written } = headerOf(value);
  return born <= written ? undefined : `a row of incarnation ${born} that ${written} wrote`;
};

const checkPreImage: Check = (key, value) => {
  if (value.length < HEADER_BYTES) return 'a pre-image without header';
  const { born, written } = headerOf(value);
  const incarnation = readU32(key, INCARNATION_AT);
  if (born <= written && written < incarnation) return undefined;
  return `what incarnation ${incarnation} found, born in ${born} and written in ${written}`;
};

const checkTranscript: Check = (_key, value) => {
  const [, , deliveries, checks, digest] = codecs.transcript.decode(value);
  if (checks.length !== deliveries.length * CHECK_BYTES) return 'not one check for each delivery';
  return digest.length === HASH_BYTES ? undefined : 'a digest of another length';
};

const checkImage: Check = (key, value) => {
  const id = createHash('sha256').update(value).digest('hex');
  return id === key ? undefined : `its id is not the hash of it, ${id}`;
};

const checkLocal: Check = (key, value) => {
  const isKnown = LOCAL_ROWS.includes(key) || LOCAL_PREFIXES.some(it => key.startsWith(it));
  if (!isKnown) return 'a row of an unknown kind';
  if (!key.startsWith(CODE_CACHES)) return undefined;
  try {
    unpackCodeCache(value);
    return undefined;
  } catch (error) {
    const why = describeError(error);
    return why.includes('no digest') ? undefined : why;
  }
};

/** The checks of one store; rows come in order, table by table. */
export class RowChecks {
  /** Archives whose id is not the hash of their bytes: it should be that of their contents. */
  readonly archives: ArchiveRow[] = [];
  readonly #bundles = new Set<string>();
  #height: number | undefined;
  #lastBlock: number | undefined;

  /** Without a value: it is damaged, and told already. */
  readonly onRow = (table: TableName, key: BinaryKey, value: Uint8Array | undefined): Wrong => {
    try {
      if (value !== undefined) return this.#checks[table](key, value);
      if (table === 'blocks') this.#lastBlock = readU48(key, 0);
      if (table === 'bundles') this.#noteBundle(key);
      return undefined;
    } catch (error) {
      return `it cannot be read: ${describeError(error)}`;
    }
  };

  /** What shows when all rows have been seen. */
  finish(): StoreDamage[] {
    if (this.#lastBlock === this.#height) return [];
    const why = `the last block is ${this.#lastBlock}, the height ${this.#height}`;
    return [{ table: 'blocks', key: null, why }];
  }

  readonly #checkMeta: Check = (key, value) => {
    const [field] = unpackFrame(value);
    if (key === metaKey('height') && typeof field === 'number') this.#height = field;
    return undefined;
  };

  readonly #checkKernel: Check = (key, value) => {
    const codec = KERNEL_CODECS.get(key.slice(0, 1));
    if (codec === undefined) return 'a row of an unknown kind';
    codec.decode(value);
    return undefined;
  };

  readonly #checkBundle: Check = (key, value) => {
    const bundleId = this.#noteBundle(key);
    if (bundleId === undefined) {
      textOf(value);
      const [, of = ''] = key.split('/');
      return this.#bundles.has(of) ? undefined : 'the script of a bundle that there is not';
    }
    const [format, bytes] = sourceCodec.decode(value);
    if (!isFormat(format)) return `a bundle of format ${String(format)}`;
    const source = textOf(bytes);
    const hash = bundleIdOf(format, source);
    if (hash === bundleId) return undefined;
    if (format !== 'endoZipBase64') return `its id is not the hash of it, ${hash}`;
    this.archives.push({ bundleId, key, source });
    return undefined;
  };

  /** The id of a bundle, if the row is one. */
  #noteBundle(key: BinaryKey): string | undefined {
    if (!key.startsWith(BUNDLE_SOURCE_PREFIX)) return undefined;
    const bundleId = key.slice(BUNDLE_SOURCE_PREFIX.length);
    this.#bundles.add(bundleId);
    return bundleId;
  }

  readonly #checkBlock: Check = (key, value) => {
    const height = readU48(key, 0);
    const last = this.#lastBlock;
    this.#lastBlock = height;
    const record = unpackBlockRecord(value);
    if (record === undefined) return 'it is no hash of a block';
    const { hash, seal } = record;
    if (seal !== undefined && Buffer.compare(hash, sealedHash(seal.plain, seal.root)) !== 0) {
      return 'the hash is not that of the plain hash and the state root beside it';
    }
    return last === undefined || last + 1 === height ? undefined : `block ${last} comes before it`;
  };

  readonly #checks: Readonly<Record<TableName, Check>> = {
    meta: this.#checkMeta,
    kernel: this.#checkKernel,
    vatstore: checkVatstore,
    preimage: checkPreImage,
    transcript: checkTranscript,
    bundles: this.#checkBundle,
    images: checkImage,
    blocks: this.#checkBlock,
    local: checkLocal,
  };
}
