/**
 * Kind handles: durable objects `o+d1/{kind}` that name a durable kind.
 *
 * Making a handle's representative again reads nothing; its kind's row, with the tag, is read when
 * the handle is used.
 */
import { Far } from '@endo/pass-style';
import { rowKind } from '@heirloom/store/keys';
import { check } from '../../check.js';
import { dismissalText } from '../../protocol/revocation.js';
import { propertyOf, Stamped } from '../../values.js';
import { Fail } from '../contract/fail.js';
import { farPrototype } from '../contract/far-prototypes.js';
import type { Core } from '../objects/core.js';
import { packRow, unpackRow } from '../rows/frames.js';
import type { KindRow } from '../rows/frames.js';

const KIND_OF_HANDLES = 1;
/** The method that every far object has. */
const GET_METHOD_NAMES = '__getMethodNames__';

class KindHandle extends Stamped {
  readonly #kind: number;

  constructor(target: object, kind: number) {
    super(target);
    this.#kind = kind;
  }

  static kindOf(target: unknown): number | undefined {
    return typeof target === 'object' && target !== null && #kind in target
      ? target.#kind
      : undefined;
  }
}

/** A kind that a handle names, and its row. */
export interface HandledKind {
  readonly kind: number;
  readonly row: KindRow;
}

export class KindHandles {
  readonly #core: Core;
  readonly #prototype: object;
  readonly #getMethodNames: unknown;

  constructor(core: Core) {
    this.#core = core;
    this.#prototype = core.context.hardening.harden(farPrototype('Alleged: kind'));
    this.#getMethodNames = propertyOf(Far('kind', {}), GET_METHOD_NAMES);
    core.context.references.registerKind(true, KIND_OF_HANDLES, kind => this.#represent(kind));
  }

  make(tag: unknown): object {
    if (typeof tag !== 'string') throw Fail`kind tag must be a string, not ${tag}`;
    const { context, counters, durable } = this.#core;
    const { codec, rows } = context;
    const row: KindRow = [
      codec.encode(tag).body,
      null,
      null,
      [],
      0,
      codec.encode(context.hardening.harden([])).body,
    ];
    const kind = counters.takeKind(durable);
    rows.set(rowKind(kind), packRow('kind', row));
    return this.#represent(kind);
  }

  /** The kind that `handle` names, and its row. */
  use(handle: unknown): HandledKind {
    const kind = this.kindOf(handle);
    const bytes = kind === undefined ? undefined : this.#core.context.rows.get(rowKind(kind));
    if (kind === undefined || bytes === undefined) throw Fail`unknown handle ${handle}`;
    return { kind, row: unpackRow('kind', bytes) };
  }

  /** The number of the kind that `handle` names. Throws for a kind that was dismissed. */
  kindOf(handle: unknown): number | undefined {
    const kind = KindHandle.kindOf(handle);
    const tag = kind === undefined ? undefined : this.#core.dismissals.tagOf(kind);
    if (tag !== undefined) throw Error(dismissalText(tag));
    return kind;
  }

  /** A kind that has a row. */
  read(kind: number): HandledKind {
    const bytes = this.#core.context.rows.get(rowKind(kind));
    check(bytes !== undefined, 'a named kind has a row');
    return { kind, row: unpackRow('kind', bytes) };
  }

  #represent(kind: number): object {
    const { hardening, references } = this.#core.context;
    const handle: object = Object.create(this.#prototype);
    new KindHandle(handle, kind);
    Object.defineProperty(handle, GET_METHOD_NAMES, { value: this.#getMethodNames });
    hardening.bornHardened(handle);
    references.bindVirtual(this.#core.durable.refOf(KIND_OF_HANDLES, kind), handle);
    return handle;
  }
}
