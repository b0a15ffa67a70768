/**
 * The purse workload, as any kernel offers it: a bank vat, and a driver vat that pays into its
 * purses. Both run the files of bench/vats.
 *
 * Each step ends when its result is on disk, and returns how long that took, in milliseconds.
 */
export interface PurseKernel {
  /** Makes `count` more purses, in one message to the bank. */
  make(count: number): Promise<number>;
  /** Deposits `count` times, into each purse in turn, all sent before the first is answered. */
  deposit(count: number): Promise<number>;
  /** Upgrades the bank; from then on its purses say that they are of this version. */
  upgrade(version: number): Promise<number>;
  close(): Promise<void>;
}

/** Purses made by one message: bounds the references that one message carries. */
export const PURSES_PER_MESSAGE_MAX = 500;

/** Makes `count` purses in bounded messages; calls `made` after each with its count. */
export async function makePurses(
  kernel: PurseKernel,
  count: number,
  made: (count: number) => void,
): Promise<void> {
  for (let done = 0; done < count; done += PURSES_PER_MESSAGE_MAX) {
    const batch = Math.min(PURSES_PER_MESSAGE_MAX, count - done);
    await kernel.make(batch);
    made(batch);
  }
}

/** A figure counts only if the work was done: throws Error unless the vat said so. */
export function expectResult(method: string, result: unknown, expected: number): void {
  if (result !== expected) {
    throw new Error(`"${method}" returned ${String(result)}, not ${expected}`);
  }
}
