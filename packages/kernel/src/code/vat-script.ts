/** A bundle as a thread evaluates it. */
import type { BundleId, ImageId } from '@heirloom/worker';

export interface VatScript {
  readonly bundleId: BundleId;
  /** The image that it was derived for. */
  readonly imageId: ImageId;
  readonly script: Uint8Array;
}
