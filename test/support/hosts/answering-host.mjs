/** Answers calls of `caller.js` and kills itself in the middle of one. Says which calls it got. */
import { readFile } from 'node:fs/promises';
import { openKernel } from '@heirloom/kernel';

const [directory, bundle, goal, dieAt] = process.argv.slice(2);
let count = 0;
let told;
const say = message => new Promise(resolve => process.send(message, resolve));

/** One at a time; before every third call a block goes by, so that some answers are durable. */
let before = Promise.resolve();
const oracle = {
  ask: ({ call }, n) => {
    before = before.then(async () => {
      await say({ call });
      count += 1;
      if (count % 3 === 0) await kernel.call(kernel.vat('caller').root, 'getLog');
      if (count === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
      return `answer to ${n}`;
    });
    return before;
  },
};
const kernel = await openKernel({ directory, spareThreads: 0, hostObjects: { oracle } });
if (!kernel.vats().some(({ name }) => name === 'caller')) {
  const bundleId = await kernel.installBundle(JSON.parse(await readFile(bundle, 'utf8')));
  const vatParameters = { target: kernel.hostObject('oracle') };
  const { root } = await kernel.createVat({ name: 'caller', bundleId, vatParameters });
  await kernel.call(root, 'callAll', ['ask', Number(goal)]);
}
const { root } = kernel.vat('caller');
do {
  told = await kernel.call(root, 'getLog');
} while (told.length < Number(goal));
await say({ done: told });
await kernel.close();
process.disconnect();
