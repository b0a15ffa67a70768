/**
 * How much of the same a test checks: less in `npm test`, more in `npm run test:all`.
 *
 * A test whose size depends on this carries the tag `sized`, so that `npm run test:rest` runs it
 * again; a test that only `npm run test:all` runs at all carries the tag `thorough`. The modes are
 * those of vitest.config.ts.
 */

/** Set by vitest.config.ts in every mode but that of `npm test`. */
export const isThorough = process.env['HEIRLOOM_THOROUGH'] === '1';

interface Amounts<T> {
  readonly quick: T;
  readonly thorough: T;
}

/** The amount of this run. */
export const amount = <T>({ quick, thorough }: Amounts<T>): T => (isThorough ? thorough : quick);
