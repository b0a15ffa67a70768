/** Waits for the blocks of a kernel in another process. */
import { setTimeout as wait } from 'node:timers/promises';
import { openReader } from '@heirloom/store';

const LOOK_MS = 5;

/** Resolves when a store has so many blocks more, or `isOver`. */
export const moreBlocks = async (
  directory: string,
  blocks: number,
  isOver: () => boolean,
): Promise<void> => {
  const reader = openReader({ directory, readersMax: 8 });
  const height = (): number => {
    const snapshot = reader.begin();
    const { height: now } = snapshot;
    snapshot.done();
    return now;
  };
  const goal = height() + blocks;
  while (!isOver() && height() < goal) await wait(LOOK_MS);
  await reader.close();
};
