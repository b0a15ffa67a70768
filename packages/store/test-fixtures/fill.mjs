// Commits blocks of 200 KB until one fails. Prints one JSON line per event. With a number of rows,
// a block has as many small ones, and is written with turns for others.
import { Store } from '../dist/index.js';

const [directory, blocksMax, rowsPerBlock] = process.argv.slice(2);
const [rows, bytes] = rowsPerBlock === undefined ? [100, 2000] : [Number(rowsPerBlock), 20];
let turns = 0;
const drive = async (steps) => {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
    turns += 1;
  }
};
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
process.on('unhandledRejection', (error) => say({ unhandled: String(error) }));

const store = await Store.open({ directory, readersMax: 70 });
const row = (height, n) => ({
  table: 'kernel', key: `${height}/${n}`, value: new Uint8Array(bytes).fill(height),
});
let failure;
for (let height = store.head.height + 1; failure === undefined; height += 1) {
  if (height > Number(blocksMax)) break;
  const changes = Array.from({ length: rows }, (_, n) => row(height, n));
  try {
    const driven = rowsPerBlock === undefined ? {} : { drive };
    await store.commit({ height, changes, unhashed: [], ...driven });
    say({ committed: height });
  } catch (error) {
    failure = error;
  }
}
if (failure !== undefined) {
  say({ code: failure.code, cause: String(failure.cause?.message), message: failure.message });
  const calls = {
    get: () => store.get('kernel', '1/1'),
    keysAfter: () => store.keysAfter('kernel', '', '9', 10),
    head: () => store.head,
    commit: () => store.commit({ height: 1, changes: [], unhashed: [] }),
  };
  for (const [name, call] of Object.entries(calls)) {
    try {
      await call();
      say({ name, same: false });
    } catch (error) {
      say({ name, same: error === failure });
    }
  }
}
await store.close();
say({ closed: true, turns });
