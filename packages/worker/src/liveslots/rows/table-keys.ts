/**
 * The rows of durable kinds and collections, or of one incarnation's merely-virtual ones, by the
 * same names. Spelled by '@heirloom/store/keys'.
 */
import type { BinaryKey } from '@heirloom/store';
import {
  rowCollection,
  rowCollectionCounts,
  rowEntryPrefix,
  rowObject,
  rowObjectState,
  rowRecognizer,
  rowRecognizerPrefix,
  rowRefEntry,
  virtualRow,
} from '@heirloom/store/keys';
import type { VRef } from '../../protocol/refs.js';

export class TableKeys {
  /** Undefined: the durable tables. */
  readonly #incarnation: number | undefined;

  constructor(incarnation: number | undefined) {
    this.#incarnation = incarnation;
  }

  object(kind: number, instance: number): BinaryKey {
    return this.#place(rowObject(kind, instance));
  }

  /** The state of an instance, when it is too large to stand in the object row. */
  objectState(kind: number, instance: number): BinaryKey {
    return this.#place(rowObjectState(kind, instance));
  }

  collection(cid: number): BinaryKey {
    return this.#place(rowCollection(cid));
  }

  collectionCounts(cid: number): BinaryKey {
    return this.#place(rowCollectionCounts(cid));
  }

  /** What every entry of a collection begins with; the encoded key follows. */
  entries(cid: number): BinaryKey {
    return this.#place(rowEntryPrefix(cid));
  }

  refEntry(cid: number, vref: VRef): BinaryKey {
    return this.#place(rowRefEntry(cid, vref));
  }

  /** A weak collection recognises `vref`. */
  recognizer(vref: VRef, cid: number): BinaryKey {
    return this.#place(rowRecognizer(vref, cid));
  }

  /** What the rows of all that recognise `vref` begin with; the cid follows. */
  recognizers(vref: VRef): BinaryKey {
    return this.#place(rowRecognizerPrefix(vref));
  }

  #place(durable: BinaryKey): BinaryKey {
    return this.#incarnation === undefined ? durable : virtualRow(this.#incarnation, durable);
  }
}
