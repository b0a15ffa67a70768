/** A bundle as a thread evaluates it. */
export interface VatScript {
  readonly bundleId: string;
  /** The image that it was derived for. */
  readonly imageId: string;
  readonly script: Uint8Array;
}
