/** A kernel that does what a model of watches says: the first store, and the blocks. */
import { fileURLToPath } from 'node:url';
import { bundleVat, openKernel, type Kernel } from '@heirloom/kernel';
import { FIRST_RELEASE, type Heard, type Release, type WatchCall } from './watches.js';

const vatFile = (name: string): string =>
  fileURLToPath(new URL(`../../../vats/${name}`, import.meta.url));

const options = { spareThreads: 0, threads: 1, maxVatsOnline: 2, log: () => undefined } as const;

export const openWatches = (directory: string): Promise<Kernel> =>
  openKernel({ ...options, directory, blocks: 'host' });

const parametersOf = (kernel: Kernel, release: Release): object => ({
  ...{ ...release, methods: [...release.methods] },
  holder: kernel.vat('holder').root,
});

/** Makes a store with a shop and a holder of promises. Gives its height. */
export const beginWatches = async (directory: string): Promise<number> => {
  const parameters = { gc: 'consensus' } as const;
  const kernel = await openKernel({ ...options, directory, parameters });
  const install = async (name: string): Promise<string> =>
    kernel.installBundle(await bundleVat(vatFile(name)));
  const holder = await install('promises/holder.js');
  await kernel.createVat({ name: 'holder', bundleId: holder });
  const bundleId = await install('upgrade/watching-shop.js');
  const vatParameters = parametersOf(kernel, FIRST_RELEASE);
  await kernel.createVat({ name: 'shop', bundleId, vatParameters });
  await kernel.idle();
  const { height } = kernel;
  await kernel.close();
  return height;
};

const send = (kernel: Kernel, vat: string, method: string, ...args: unknown[]): Promise<unknown> =>
  kernel.send(kernel.vat(vat).root, method, args).result;

/** Queues a call. */
const start = (kernel: Kernel, call: WatchCall): Promise<unknown> => {
  switch (call.op) {
    case 'watch':
      return send(kernel, 'shop', 'watch', call.name, call.watches);
    case 'watchOwn':
      return send(kernel, 'shop', 'watchOwn', call.watches);
    case 'settle': {
      const { name, how, deep } = call;
      if (!deep) return send(kernel, 'holder', 'settle', name, how, name);
      // What it becomes mentions another promise, which never settles.
      return send(kernel, 'holder', 'settleWith', name, how, [`beside ${name}`]);
    }
    case 'upgrade': {
      const { vatId, bundleId } = kernel.vat('shop');
      const vatParameters = parametersOf(kernel, call.release);
      const upgraded = kernel.upgradeVat(vatId, { bundleId, vatParameters });
      // A release that does not start is meant not to.
      return call.release.starts ? upgraded : upgraded.then(
        () => Promise.reject(Error('a release has started that cannot')),
        () => undefined,
      );
    }
  }
};

/** What the shop says that its watches were told, in a block of its own or in the present one. */
export const heardIn = async (kernel: Kernel): Promise<Heard> => {
  const heard = send(kernel, 'shop', 'heard');
  heard.catch(() => undefined); // it is awaited below, once the block is durable
  await kernel.run();
  await kernel.commit();
  return (await heard) as Heard;
};

/** Runs a block and commits it; the calls of a run are queued together. */
export const runWatches = async (
  kernel: Kernel,
  runs: readonly (readonly WatchCall[])[],
): Promise<Heard> => {
  const answers: Promise<unknown>[] = [];
  for (const calls of runs) {
    for (const call of calls) {
      const answer = start(kernel, call);
      answer.catch(() => undefined); // as above
      answers.push(answer);
    }
    await kernel.run();
  }
  const heard = await heardIn(kernel);
  await Promise.all(answers);
  return heard;
};
