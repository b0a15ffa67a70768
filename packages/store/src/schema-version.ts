/** Which layout of the tables a store has, and what this release makes of another one. */
import { HostError } from './host-error.js';

/**
 * The layout of docs/tables.md. Raised when an older release could not read what we write, or we
 * what it wrote: docs/upgrade/store-migration.md.
 */
export const SCHEMA_VERSION = 4;

export interface SchemaChoice {
  /** Opens a store of an older schema too: to migrate it, nothing else. Default: no. */
  readonly olderSchemas?: boolean;
}

/** Errors: HostError STORE_SCHEMA says what to do about another schema than ours. */
export function assertSchema(
  directory: string, schema: number | undefined, { olderSchemas = false }: SchemaChoice,
): asserts schema is number {
  if (schema === undefined) {
    throw new HostError('STORE_CORRUPT', `${directory} has no schema row. Restore a backup.`);
  }
  if (schema === SCHEMA_VERSION || (olderSchemas && schema < SCHEMA_VERSION)) return;
  const help = schema < SCHEMA_VERSION
    ? `Migrate it: heirloom migrate-store ${directory}`
    : 'Open it with the release that wrote it, or a newer one';
  throw new HostError(
    'STORE_SCHEMA',
    `${directory} has schema ${schema}; this release reads ${SCHEMA_VERSION}. ${help}. Nothing ` +
      `was changed.`,
  );
}
