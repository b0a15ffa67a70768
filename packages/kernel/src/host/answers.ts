/** What the kernel itself answers to lifecycle inputs, as the host gets it. */
import assert from 'node:assert/strict';
import type { EngineAdoption } from './engine-input.js';
import type { CreatedVat, ForkedVat, UpgradeResult } from './kernel-types.js';

const hasFields = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every(name => Object.hasOwn(value, name));

const isCreatedVat = (value: unknown): value is CreatedVat => hasFields(value, ['vatId', 'root']);
const isForkedVat = (value: unknown): value is ForkedVat =>
  isCreatedVat(value) && hasFields(value, ['exports']);
const isUpgradeResult = (value: unknown): value is UpgradeResult =>
  hasFields(value, ['incarnationNumber']);

const isEngineAdoption = (value: unknown): value is EngineAdoption =>
  hasFields(value, ['restarted', 'strandedCount', 'stranded']);

/** Of `lifecycle/engine-adoption.ts`. */
export const engineAdoption = (value: unknown): EngineAdoption => {
  assert(isEngineAdoption(value), 'an adoption is answered with what became of the vats');
  return value;
};

/** Of `lifecycle/items.ts`, createVat. */
export const createdVat = (value: unknown): CreatedVat => {
  assert(isCreatedVat(value), 'a creation is answered with the new vat');
  return value;
};

/** Of `lifecycle/fork.ts`. */
export const forkedVat = (value: unknown): ForkedVat => {
  assert(isForkedVat(value), 'a fork is answered with the new vat and its exports');
  return value;
};

/** Of `lifecycle/upgrade.ts` and `lifecycle/replay-upgrade.ts`. */
export const upgradeResult = (value: unknown): UpgradeResult => {
  assert(isUpgradeResult(value), 'an upgrade is answered with the number of the incarnation');
  return value;
};
