/**
 * Which vats have states of versions (docs/upgrade/migration.md): the others are sent no `migrate`,
 * which images that know no versions do not take.
 */
import { ROW_KIND_PREFIX } from '@heirloom/store';
import { describeKind, type VatNumber } from '@heirloom/worker';
import type { KernelState } from '../state/kernel-state.js';

const isVersioned = (row: Uint8Array): boolean => {
  try {
    return describeKind(row).version > 0;
  } catch (error) {
    if (error instanceof Error) return false; // only a worker gone wrong has written it
    throw error;
  }
};

/** Has the vat a durable kind whose states have another version than 0? */
export const hasVersions = ({ vats, rows }: KernelState, vat: VatNumber): boolean => {
  const { spaces } = vats.need(vat);
  return rows.keysWith(spaces, ROW_KIND_PREFIX).some(key => isVersioned(rows.need(spaces, key)));
};
