// Commits block after block and acknowledges each on stdout, until it is killed.
// Every block rewrites 200 rows of three tables to its height and keeps five transcript rows.
import fs from 'node:fs';
import { packFrame, Store } from '../dist/index.js';

const store = await Store.open({ directory: process.argv[2], readersMax: 70 });
for (let height = store.head.height + 1; ; height += 1) {
  const changes = [];
  for (const table of ['kernel', 'vatstore', 'preimage']) {
    for (let n = 0; n < 200; n += 1) {
      const filler = new Uint8Array((height * 31 + n) % 400);
      changes.push({ table, key: `row${n}`, value: packFrame([height, filler]) });
    }
  }
  changes.push({ table: 'transcript', key: `t${height}`, value: packFrame([height]) });
  if (height > 5) {
    changes.push({ table: 'transcript', key: `t${height - 5}`, value: undefined });
  }
  await store.commit({ height, changes, unhashed: [] });
  fs.writeSync(1, `${height}\n`);
}
