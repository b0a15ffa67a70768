/**
 * Where the state of a kernel goes, sync by sync, and what a kill amid a sync leaves there.
 *
 *   store-3                           the store that the kernel began with
 *   store-3.47.export.partial-...     block 47 is being exported
 *   store-3.47.export                 it is exported, whole
 *   store-3.47.partial-...            it is being imported, and the export is still there
 *   store-3.47                        the store that the kernel goes on in
 *
 * Names do not grow with the syncs: a file system refuses long ones.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { inspectDirectory } from '@heirloom/store';

type SyncRemains = 'nothing' | 'half an export' | 'an export' | 'half a store' | 'a store';

const beginningOf = (directory: string): string => directory.replace(/\.\d+$/, '');

/** The place of the state of block `height`. */
export const placeAfter = (directory: string, height: number): string =>
  `${beginningOf(directory)}.${height}`;

export const exportOf = (place: string): string => `${place}.export`;

/**
 * What a sync to a place has left. Errors: an AssertionError, or the HostError of
 * `inspectDirectory`, when something has the name of a whole store and is none.
 */
export const remainsOf = (place: string): SyncRemains => {
  const state = inspectDirectory(place);
  if (state !== 'absent') {
    assert.equal(state, 'store', `${place} has the name of a whole store`);
    return 'a store';
  }
  const names = readdirSync(dirname(place));
  const isThere = (start: string): boolean =>
    names.some(name => name.startsWith(basename(start)));
  if (isThere(`${place}.partial-`)) return 'half a store';
  if (names.includes(basename(exportOf(place)))) return 'an export';
  return isThere(`${exportOf(place)}.partial-`) ? 'half an export' : 'nothing';
};

/** Removes all places of a kernel but the one where it is. */
export const removeAllBut = async (directory: string): Promise<void> => {
  const own = basename(beginningOf(directory));
  for (const name of readdirSync(dirname(directory))) {
    if (name === basename(directory)) continue;
    if (name !== own && !name.startsWith(`${own}.`)) continue;
    await rm(join(dirname(directory), name), { recursive: true });
  }
};
