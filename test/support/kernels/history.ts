/** A history that two kernels can live through alike: inputs by number, one block each. */
import type { Kernel, VatReference } from '@heirloom/kernel';
import { fixture } from './fresh-kernels.js';

const root = (kernel: Kernel, name: string): VatReference => kernel.vat(name).root;

const ignore = (work: Promise<unknown>): void => {
  work.catch(() => undefined);
};

/** By name, the fixture of each vat. */
const VATS = { bank: 'bank.js', holder: 'promises/holder.js', relay: 'relay.js' };

/** Makes the vats. `kernel` owns no blocks. */
export const beginHistory = async (kernel: Kernel): Promise<void> => {
  for (const [name, file] of Object.entries(VATS)) {
    const installed = kernel.installBundle(await fixture(file));
    await kernel.commit();
    ignore(kernel.createVat({ name, bundleId: await installed }));
    await kernel.run();
    await kernel.commit();
  }
};

/**
 * The inputs of one block: messages, pipelines into promises that settle two blocks later or never,
 * upgrades, creations, ends of vats.
 */
export const giveInputs = (kernel: Kernel, step: number): void => {
  const [bank, holder, relay] = ['bank', 'holder', 'relay'].map(name => root(kernel, name));
  kernel.send(relay!, 'forward', [bank, 'makePurse', [`purse${step}`, BigInt(step)]]);
  kernel.send(relay!, 'pipeline', [bank, 'getPurse', `purse${step - 1}`, 'getBalance']);
  kernel.send(relay!, 'pipeline', [holder, 'result', `gate${step}`, 'anything']);
  kernel.send(relay!, 'send', [`step${step}`, holder, 'result', [`never${step}`]]);
  kernel.send(holder!, 'settle', [`gate${step - 2}`, 'resolve', BigInt(step)]);
  const { bundleId } = kernel.vat('bank');
  const vatParameters = { version: step, friend: relay };
  if (step % 3 === 0) {
    ignore(kernel.upgradeVat(kernel.vat('bank').vatId, { bundleId, vatParameters }));
  }
  if (step % 4 === 0) {
    ignore(kernel.createVat({ name: `extra${step}`, bundleId, vatParameters }));
  }
  const old = kernel.vats().find(({ name }) => name === `extra${step - 4}`);
  if (old !== undefined) ignore(kernel.terminateVat(old.vatId));
};

/** One block of one or two waves, which leave things on the queue. Resolves to its hash. */
export const runBlock = async (kernel: Kernel, step: number): Promise<string> => {
  giveInputs(kernel, step);
  await kernel.run({ waves: 1 + (step % 2) });
  return kernel.commit();
};

export const runBlocks = async (
  kernel: Kernel,
  from: number,
  to: number,
): Promise<readonly string[]> => {
  const hashes: string[] = [];
  for (let step = from; step <= to; step += 1) hashes.push(await runBlock(kernel, step));
  return hashes;
};
