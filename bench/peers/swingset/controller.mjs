/**
 * SwingSet, on disk, with the vats of bench/vats: a bank in a dynamic vat, a driver that boots.
 *
 * Settings are those a deployment would take: the local worker (vats in the kernel's own thread,
 * its fastest) and a collection every 1,000 deliveries, as on Agoric's chain. The package's own
 * default collects after every delivery and is about 20 times slower.
 */
import './console-to-stderr.mjs';
import '@endo/init';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { kunser } from '@agoric/kmarshal';
import { initSwingStore } from '@agoric/swing-store';
import { buildVatController } from '@agoric/swingset-vat';

const REAP_INTERVAL = 1000;

const vatFile = name => fileURLToPath(new URL(`../../vats/${name}`, import.meta.url));

const CONFIG = {
  defaultManagerType: 'local',
  defaultReapInterval: REAP_INTERVAL,
  defaultReapGCKrefs: 'never',
  bootstrap: 'driver',
  vats: { driver: { sourceSpec: vatFile('vat-driver.js') } },
  bundles: { bank: { sourceSpec: vatFile('vat-bank.js') } },
};

/** Boots both vats in a fresh directory; `close` removes it. */
export const openController = async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'heirloom-bench-swingset-'));
  const { hostStorage, kernelStorage } = initSwingStore(directory);
  const controller = await buildVatController(CONFIG, [], { kernelStorage });
  controller.pinVatRoot('driver');
  await controller.run();
  await hostStorage.commit();

  return {
    /**
     * Sends to the driver, runs the queue empty and commits: what a caller waits for.
     * Throws what the vat threw. `ms` is the wall time, `cranks` the count of cranks run.
     */
    async call(method, args) {
      const started = performance.now();
      const kpid = controller.queueToVatRoot('driver', method, args);
      const cranks = await controller.run();
      await hostStorage.commit();
      const ms = performance.now() - started;
      const result = kunser(controller.kpResolution(kpid));
      if (controller.kpStatus(kpid) !== 'fulfilled') throw Error(`${method}: ${result}`);
      return { ms, cranks, result };
    },
    async close() {
      await controller.shutdown();
      await hostStorage.close();
      await rm(directory, { recursive: true });
    },
  };
};
