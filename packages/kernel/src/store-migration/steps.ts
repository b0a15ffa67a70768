/**
 * The steps from older schemas to the present one.
 *
 * Invariants: a step spells the rows of both schemas itself and uses no codec of the kernel, which
 * go with the present schema; it decides by rows alone, so that replicas migrate alike. One more
 * schema is one more step at the end.
 */
import { SCHEMA_VERSION } from '@heirloom/store';
import type { MigrationRows } from './migration-rows.js';
import { schema1To2 } from './schema-1-to-2.js';
import { schema2To3 } from './schema-2-to-3.js';
import { schema3To4 } from './schema-3-to-4.js';

export interface MigrationStep {
  readonly from: number;
  readonly to: number;
  /** What changes, for the report: one line. */
  readonly what: string;
  apply(rows: MigrationRows): void;
}

const STEPS: readonly MigrationStep[] = [schema1To2, schema2To3, schema3To4];

/** The steps from a schema to ours, in order. Undefined: there is no way. */
export const stepsFrom = (schema: number): readonly MigrationStep[] | undefined => {
  const first = STEPS.findIndex(({ from }) => from === schema);
  if (schema === SCHEMA_VERSION) return [];
  return first === -1 ? undefined : STEPS.slice(first);
};
