/**
 * Where a run ends whose block has become large, and where a kernel that owns its blocks ends one:
 * looked at between waves.
 *
 * What ends a block of the kernel's own may be the clock of this host, for no other host has to end
 * its blocks at the same places: a block that others replay is one whose host has said how far each
 * run goes (docs/determinism.md). No wave is shortened (rules.md#w5).
 */

/**
 * Bytes that a block is to write, after which a run ends, also of a host that owns its blocks: a
 * count of rows and data that is the same on every replica, looked at between waves.
 */
export const BLOCK_BYTES_MAX = 2 ** 28;

/** Deliveries after which a block ends. */
export const OWN_BLOCK_DELIVERIES = 32_768;
/** Bytes that a block is to write, after which it ends: they are in memory until then. */
export const OWN_BLOCK_BYTES = 32 * 2 ** 20;
/** Age after which a block ends: so long what vats have done is not durable. */
export const OWN_BLOCK_MS = 1_000;
/**
 * Age after which a block ends that is to write much: whoever calls meanwhile waits for its commit.
 * One that writes little goes on: what is made and gone within a block is not written at all.
 */
export const LARGE_BLOCK_MS = 200;
/** Bytes from which on a block writes much: some fifty thousand small rows. */
export const LARGE_BLOCK_BYTES = 4 * 2 ** 20;
/**
 * Age after which a block ends that the host waits for. A commit takes a few milliseconds, so that
 * a host that always waits spends most of its time on waves all the same.
 */
export const AWAITED_BLOCK_MS = 20;
/** Waves of a block that has nothing to do but to collect garbage. */
export const COLLECTING_BLOCK_WAVES = 16;

/** What a block has come to. */
interface OwnBlock {
  /** It has begun with nothing on the run queue. */
  readonly collectsOnly: boolean;
  readonly waves: number;
  readonly deliveries: number;
  /** Of the rows that it will write. */
  readonly bytes: number;
  readonly milliseconds: number;
  /** Inputs wait for its end, or there is something that the host is told once it is durable. */
  readonly hostWaits: boolean;
}

export const endsOwnBlock = (block: OwnBlock): boolean => {
  const { bytes, collectsOnly, deliveries, hostWaits, milliseconds, waves } = block;
  const ownMs = bytes >= LARGE_BLOCK_BYTES ? LARGE_BLOCK_MS : OWN_BLOCK_MS;
  return (
    deliveries >= OWN_BLOCK_DELIVERIES ||
    bytes >= OWN_BLOCK_BYTES ||
    milliseconds >= (hostWaits ? AWAITED_BLOCK_MS : ownMs) ||
    (collectsOnly && waves >= COLLECTING_BLOCK_WAVES)
  );
};
