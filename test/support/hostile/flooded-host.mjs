/**
 * A host of its own, with little memory: its hostile vat does what each order says. Writes a line
 * for how each ended.
 *
 *     node --max-old-space-size=MIB flooded-host.mjs DIRECTORY ORDERS ISOLATION
 *
 * ORDERS is JSON: a list of pairs, a title and an order as hostile-supervisor.ts takes it, or the
 * code that the vat runs.
 */
import { openKernel } from '@heirloom/kernel';

const [directory, orders, isolation] = process.argv.slice(2);
const HEAP_MIB = 512;
/** Code never ends by itself. */
const LOOP_MS = 1_000;

const say = (title, what) => process.stdout.write(`${title}: ${what}\n`);

for (const [title, order] of JSON.parse(orders)) {
  const name = title.replaceAll(' ', '-');
  let longest = 0;
  let fault = '';
  const log = ({ level, text }) => {
    if (level === 'fault') fault ||= text.split(':', 1)[0];
    longest = Math.max(longest, text.length);
  };
  const deliveryTimeoutMs = typeof order === 'string' ? LOOP_MS : Infinity;
  const options = { directory, isolation, heapMiBMax: HEAP_MIB, log, deliveryTimeoutMs };
  const kernel = await openKernel(options);
  const bundleId = kernel.vat('innocent').bundleId;
  const { root } = await kernel.createVat({ name, bundleId });
  const code = typeof order === 'string' ? order : 'console.log(`!${args[0]}`)';
  try {
    await kernel.call(root, 'run', [code, [JSON.stringify(order)]]);
    say(title, 'done');
  } catch (error) {
    say(title, error.code ?? fault);
  }
  if (longest > 70_000) say(title, `a line of ${longest}`);
  await kernel.close();
  const again = await openKernel({ ...options, deliveryTimeoutMs: Infinity });
  const answer = await again.call(again.vat('innocent').root, 'run', ['6 * 7']);
  if (answer !== 42) say(title, `the innocent vat answers ${answer}`);
  if (again.vats().some(vat => vat.name === name)) {
    await again.terminateVat(again.vat(name).vatId);
  }
  await again.close();
}
say('end', 'alive');
