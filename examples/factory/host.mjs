import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openKernel } from '@heirloom/kernel';

const directory = await mkdtemp(join(tmpdir(), 'heirloom-factory-'));
const config = fileURLToPath(new URL('config.json', import.meta.url));
const shown = new Set();
let told;
const screen = {
  /** A call whose answer was lost comes again, with its number. */
  show: ({ call }, text) => {
    if (!shown.has(call)) console.log(text);
    shown.add(call);
    told();
  },
};
const open = () => openKernel({ directory, config, hostObjects: { screen } });

let kernel = await open();
await kernel.bootstrapResult;
for (const time of [10, 25, 30]) {
  const telling = new Promise(resolve => (told = resolve));
  await kernel.beginBlock({ time });
  await telling;
  if (time === 25) {
    await kernel.close(); // the timer, the repeater and the factory are still there
    kernel = await open();
  }
}
await kernel.close();
await rm(directory, { recursive: true });
