/** A kernel that does what a ledger says: the store that is begun with, and the blocks. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel, type Kernel, type VatReference } from '@heirloom/kernel';
import { FIRST_VAT_NAME, type Ledger, type LedgerCall, type PlannedCall } from './ledger.js';

const VAT_FILE = fileURLToPath(new URL('../../../vats/upgrade/purse-ledger.js', import.meta.url));

/** The vat and its fork are online: what takes time is the threads of vats, once an opening. */
const options = { spareThreads: 0, threads: 1, maxVatsOnline: 2, log: () => undefined } as const;

export const openLedger = (directory: string): Promise<Kernel> =>
  openKernel({ ...options, directory, blocks: 'host' });

/** Makes a store with a vat that has no purses yet. Gives its height. */
export const beginLedger = async (directory: string): Promise<number> => {
  const parameters = { gc: 'consensus' } as const;
  const kernel = await openKernel({ ...options, directory, parameters });
  const bundleId = await kernel.installBundle(await bundleVat(VAT_FILE));
  await kernel.createVat({ name: FIRST_VAT_NAME, bundleId, vatParameters: { version: 0 } });
  await kernel.idle();
  const { height } = kernel;
  await kernel.close();
  return height;
};

const nameOf = (purse: number): string => `purse${purse}`;

/** What the host was told of and has given no name: one thing at most. */
const unnamed = (kernel: Kernel): VatReference => {
  const { references, details } = kernel.references({ limit: 100 });
  const found = references.filter((_, i) => {
    const { told, names, iface } = details[i]!;
    return told && names.length === 0 && iface === 'Alleged: Purse';
  });
  assert.equal(found.length, 1, 'references without a name');
  return found[0]!;
};

const send = (kernel: Kernel, vat: string, method: string, ...args: unknown[]): Promise<unknown> =>
  kernel.send(kernel.vat(vat).root, method, args).result;

const start = (kernel: Kernel, call: LedgerCall): Promise<unknown> => {
  switch (call.op) {
    case 'open':
    case 'give':
      return send(kernel, FIRST_VAT_NAME, call.op, call.purse).then(() => null);
    case 'keep': {
      const purse = unnamed(kernel);
      const bound = kernel.bind(nameOf(call.purse), purse);
      return Promise.all([bound, kernel.release(purse)]).then(() => null);
    }
    case 'drop':
      return kernel.unbind(nameOf(call.purse)).then(() => null);
    case 'pay':
      return kernel.send(kernel.bound(nameOf(call.purse))!, 'deposit', [call.amount]).result;
    case 'deposit':
      return send(kernel, call.vat, 'deposit', call.purse, call.amount);
    case 'upgrade': {
      const { vatId, bundleId } = kernel.vat(call.vat);
      const vatParameters = { version: call.version };
      return kernel.upgradeVat(vatId, { bundleId, vatParameters }).then(() => null);
    }
    case 'fork':
      return kernel.forkVat(kernel.vat(FIRST_VAT_NAME).vatId, { name: call.vat }).then(() => null);
    case 'end':
      return kernel.terminateVat(kernel.vat(call.vat).vatId).then(() => null);
    case 'balances':
      return send(kernel, call.vat, 'balances');
  }
};

/** Runs a block and commits it. Gives what each call has answered, null where that says nothing. */
export const runBlock = async (
  kernel: Kernel,
  calls: readonly PlannedCall[],
): Promise<readonly unknown[]> => {
  const answers: Promise<unknown>[] = [];
  for (const { call } of calls) {
    const answer = start(kernel, call);
    answer.catch(() => undefined); // it is awaited below, once the block is durable
    answers.push(answer);
    await kernel.run();
  }
  await kernel.commit();
  return Promise.all(answers);
};

/** Does the host hold what the ledger says? Errors: an AssertionError that names what differs. */
export const compareHeld = (kernel: Kernel, ledger: Ledger): void => {
  const names = kernel.bindings().map(({ name }) => name);
  assert.deepEqual(names.sort(), ledger.kept.map(nameOf).sort(), 'names that are bound');
  if (ledger.told !== undefined) unnamed(kernel);
};
