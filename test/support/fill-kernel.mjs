/** Makes purses with long names until the disk is full. Prints one JSON line per event. */
import { readFileSync } from 'node:fs';
import { openKernel } from '@heirloom/kernel';

const [directory, bundleFile] = process.argv.slice(2);
const say = event => process.stdout.write(`${JSON.stringify(event)}\n`);
process.on('unhandledRejection', error => say({ unhandled: String(error) }));

const CALLS_MAX = 10_000;
const NAME = 'x'.repeat(150);
const kernel = await openKernel({ directory, spareThreads: 0 });
let failure;
try {
  const bundleId = await kernel.installBundle(JSON.parse(readFileSync(bundleFile, 'utf8')));
  const { root } = await kernel.createVat({ name: 'bank', bundleId });
  for (let i = 0; i < CALLS_MAX; i += 1) {
    const calls = Array.from({ length: 50 }, (_, n) =>
      kernel.call(root, 'makePurse', [`${i}.${n}.${NAME}`, 1n]),
    );
    const results = await Promise.allSettled(calls);
    const failed = results.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    say({ height: kernel.height, blockHash: kernel.blockHash });
  }
} catch (error) {
  failure = error;
  say({ name: error.name, code: error.code });
}
const run = await kernel.run().catch(error => error);
say({ sameError: run === failure });
await kernel.close();
