/**
 * What the host is told when something cannot be done. Codes are stable, messages say what to do.
 *
 * `HostError` (this host failed: nothing was committed) comes from the store. The errors here are
 * the caller's, or a vat's verdict; the kernel goes on after each of them.
 */
import { HostError } from '@heirloom/store';
import type { Incarnation, Position, VatId } from '@heirloom/worker';

export { HostError } from '@heirloom/store';

export type KernelErrorCode =
  | 'BAD_BUNDLE'
  | 'UNKNOWN_BUNDLE'
  | 'UNKNOWN_VAT'
  | 'UNKNOWN_REFERENCE'
  | 'UNKNOWN_HOST_OBJECT'
  | 'BAD_CONFIG'
  | 'NAME_TAKEN'
  | 'BAD_OPTION'
  | 'BAD_ARGUMENT'
  | 'BAD_DATA'
  | 'ENGINE_NOT_ADOPTED'
  | 'KERNEL_CLOSED'
  | 'NO_RESULT'
  | 'INPUTS_FULL'
  | 'UNKNOWN_ITEM';

/** The caller asked for something that cannot be: rejected before anything is queued. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type WorkerErrorCode =
  /** The thread or process ended: memory, a crash, a kill. */
  | 'WORKER_DIED'
  /** It was silent for longer than `deliveryTimeoutMs` and was killed. */
  | 'DELIVERY_TIMEOUT'
  /** It posted what the protocol does not have, and was killed. */
  | 'WORKER_PROTOCOL'
  /** A crank of the transcript came out differently. */
  | 'REPLAY_DIVERGED'
  /** The thread was killed and does not end: see `threadsLeft` and `endProcess`. */
  | 'THREAD_LEFT';

/** Where a worker was: the first delivery that it is not known to have ended. */
export interface CrankPlace {
  readonly vat: VatId;
  /** The vat's, if it has one. */
  readonly name?: string;
  readonly incarnation: Incarnation;
  readonly position: Position;
  /** The method that was called, or `startVat`, `notify`, ...: undefined if nothing was. */
  readonly method?: string;
}

/** `bank (v1), incarnation 0, position 5 (deposit)` */
export const showPlace = ({ vat, name, incarnation, position, method }: CrankPlace): string => {
  const doing = method === undefined ? '' : ` (${method})`;
  const shownVat = name === undefined || name === '' ? vat : `${name} (${vat})`;
  return `${shownVat}, incarnation ${incarnation}, position ${position}${doing}`;
};

/** A HostError of one vat's worker: nothing was committed, the state is that of the last block. */
export class WorkerError extends HostError {
  declare readonly code: WorkerErrorCode;
  /** The message without the place. */
  readonly why: string;
  /** These are undefined for a worker that had no vat yet. */
  readonly vat: VatId | undefined;
  readonly incarnation: Incarnation | undefined;
  readonly position: Position | undefined;
  /** What it was doing; undefined also for a replay. */
  readonly method: string | undefined;

  constructor(
    code: WorkerErrorCode,
    why: string,
    place: CrankPlace | undefined,
    options?: ErrorOptions,
  ) {
    const { vat, incarnation, position, method } = place ?? {};
    const where = place === undefined ? 'a worker without a vat' : showPlace(place);
    super(code, `${where}: ${why}`, options);
    this.why = why;
    this.vat = vat;
    this.incarnation = incarnation;
    this.position = position;
    this.method = method;
  }

  /** The same failure of a worker that was to become this vat's. */
  static at(error: WorkerError, place: CrankPlace): WorkerError {
    if (error.vat !== undefined) return error;
    return new WorkerError(error.code, error.why, place, { cause: error });
  }
}
