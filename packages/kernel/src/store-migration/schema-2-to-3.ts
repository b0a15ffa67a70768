/**
 * From schema 2 (until commit 70d9e68) to schema 3. No row is written anew: what is new stands at
 * the end of rows, or in rows of its own, and is not there until a vat on this release's image
 * makes it. A release of schema 2 could not read it, hence the number.
 *
 * | row | 2 | 3 |
 * | --- | --- | --- |
 * | kernel `10`, objects | 5 values | and the interface, if one was told |
 * | vat `40`, imports | 4 values | and the interface, if one was told |
 * | transcripts | | deliveries end with caps and interfaces; syscall `allege` |
 * | bundles, scripts | ids of the sha256 | of archives with all hashes: the sha512 of the map |
 */
import type { MigrationStep } from './steps.js';

export const schema2To3: MigrationStep = {
  from: 2,
  to: 3,
  what: 'interfaces of objects, caps of bundles in deliveries, ids of archives as in SwingSet',
  apply() {
    // The number alone.
  },
};
