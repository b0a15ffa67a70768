/**
 * What the host is told when something cannot be done. Codes are stable, messages say what to do.
 *
 * `HostError` (this host failed: nothing was committed) comes from the store. The errors here are
 * the caller's, or a vat's verdict; the kernel goes on after each of them.
 */
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
  | 'KERNEL_CLOSED'
  | 'NO_RESULT';

/** The caller asked for something that cannot be: rejected before anything is queued. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
