/** What the calls of a kernel take and give. */
import type { VatId } from '@heirloom/worker';
import type { VatReference } from './host-data.js';

export interface CreateVatOptions {
  /** Unique among running vats. */
  readonly name: string;
  readonly bundleId: string;
  readonly vatParameters?: unknown;
  /** When it ends, the kernel stops with HostError CRITICAL_VAT and commits nothing. */
  readonly critical?: boolean;
}

export interface CreatedVat {
  readonly vatId: VatId;
  readonly root: VatReference;
}

export interface UpgradeVatOptions {
  readonly bundleId: string;
  readonly vatParameters?: unknown;
  /** Part of the object that the predecessor's promises are rejected with. */
  readonly upgradeMessage?: string;
}

export interface VatInfo extends CreatedVat {
  readonly name: string;
  readonly incarnation: number;
  readonly bundleId: string;
}

/** A message that was queued. */
export interface SentMessage {
  /** The number of the host input: after a crash, `resultOf(input)` tells what became of it. */
  readonly input: number;
  /** Settles after the block that settles it is durable. */
  readonly result: Promise<unknown>;
}
