/** A hostile vat beside a bank and another vat; what must be whole when it has done its worst. */
import type { Kernel, KernelLogEntry, VatReference } from '@heirloom/kernel';
import { expect } from 'vitest';
import { auditStore } from './audit.js';
import { freshDirectory, install, kernelOver } from './kernels.js';

export interface Scene {
  readonly directory: string;
  readonly kernel: Kernel;
  readonly log: readonly KernelLogEntry[];
  readonly hostile: VatReference;
  /** Runs a snippet in the hostile vat; it knows `$.bank`, `$.purse`, `$.other`. */
  run(code: string): Promise<unknown>;
}

export const scene = async (): Promise<Scene> => {
  const directory = await freshDirectory();
  const log: KernelLogEntry[] = [];
  const kernel = await kernelOver({ directory, log: entry => log.push(entry) });
  const bank = await kernel.createVat({ name: 'bank', bundleId: await install(kernel, 'bank.js') });
  const purse = await kernel.call(bank.root, 'makePurse', ['a', 1n]);
  const bundleId = await install(kernel, 'workbench.js');
  const other = await kernel.createVat({ name: 'other', bundleId });
  const { root } = await kernel.createVat({ name: 'hostile', bundleId });
  const run = (code: string, args: readonly unknown[] = []): Promise<unknown> =>
    kernel.call(root, 'run', [code, args]);
  await run('[$.bank, $.purse, $.other] = args; 1', [bank.root, purse, other.root]);
  return { directory, kernel, log, hostile: root, run };
};

/** The bank has what it had, the store counts right, every vat that is left can be replayed. */
export const expectIntact = async ({ directory, kernel }: Scene, vats: string[]): Promise<void> => {
  await kernel.close();
  expect(await auditStore(directory)).toEqual([]);
  const again = await kernelOver({ directory });
  expect(again.vats().map(({ name, replayable }) => [name, replayable])).toEqual(
    vats.map(name => [name, true]),
  );
  const bank = again.vat('bank').root;
  const purse = (await again.call(bank, 'getPurse', ['a'])) as VatReference;
  expect(await again.call(purse, 'deposit', [1n])).toBe(2n);
  expect(await again.call(again.vat('other').root, 'run', ['6 * 7'])).toBe(42);
};
