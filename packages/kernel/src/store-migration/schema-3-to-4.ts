/**
 * From schema 3 (until commit 3075dd4) to schema 4. No row is written anew: a release of schema 3
 * could not read what is new, hence the number.
 *
 * | row | 3 | 4 |
 * | --- | --- | --- |
 * | meta `engine` | its name | the same until an engine is adopted, then what it shows |
 * | kernel `33`, `64` | | vats without a start, and what waits for them |
 * | kernel `60`, pins | 1 | and 2 for each name that the host has bound |
 * | kernel `63` | | names that the host has bound |
 */
import type { MigrationStep } from './steps.js';

export const schema3To4: MigrationStep = {
  from: 3,
  to: 4,
  what: 'references that the host has bound to names, what the engine shows, vats that wait',
  apply() {
    // The number alone.
  },
};
