/**
 * What imports are called: the interface that a presence shows.
 *
 * A delivery tells it of imports that are new to the vat, and the row of the import keeps it from
 * the end of that crank on. So it stays for as long as the vat knows the import, whatever V8 has
 * collected, whichever incarnation it is; what a row says, nothing told later changes.
 */
import { rowImportRef } from '@heirloom/store/keys';
import type { RowStore } from '../../contracts/row-store.js';
import type { Interfaces } from '../../protocol/interfaces.js';
import { parseVRef, type VRef } from '../../protocol/refs.js';
import { unpackRow } from '../rows/frames.js';

export class ImportInterfaces {
  readonly #rows: Pick<RowStore, 'get'>;
  /** By the delivery of this crank. */
  readonly #told = new Map<VRef, string>();

  constructor(rows: Pick<RowStore, 'get'>) {
    this.#rows = rows;
  }

  introduced(interfaces: Interfaces): void {
    for (const [vref, spelled] of interfaces) this.#told.set(vref, spelled);
  }

  /** Of an import without a row: as it is spelled, empty if nothing was told. */
  told(vref: VRef): string {
    return this.#told.get(vref) ?? '';
  }

  /** Of an import: as it is spelled, empty if it has none. */
  of(vref: VRef): string {
    const parsed = parseVRef(vref);
    if (parsed?.type !== 'import') return '';
    const bytes = this.#rows.get(rowImportRef(parsed.n));
    if (bytes === undefined) return this.told(vref);
    const [, , , , spelled = ''] = unpackRow('importRef', bytes);
    return spelled;
  }

  endCrank(): void {
    if (this.#told.size > 0) this.#told.clear();
  }
}
