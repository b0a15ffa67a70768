// Commits blocks of more rows than are written at a stretch. With `stops`, the last one stops amid
// its rows: 'stays' waits to be killed, 'exits' exits with code 3. Prints a line when it is there.
import { packFrame, Store } from '../dist/index.js';

const [directory, stops] = process.argv.slice(2);
const store = await Store.open({ directory, readersMax: 70 });
const say = (line) => process.stdout.write(`${line}\n`);
const blockOf = (height, drive) => ({
  height,
  changes: Array.from({ length: 20_000 }, (_, n) => (
    { table: 'kernel', key: `row${n}`, value: packFrame([height, n]) })),
  unhashed: [],
  drive,
});
const turn = () => new Promise((resolve) => setImmediate(resolve));
const atOnce = async (steps) => {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
};

await store.commit(blockOf(store.head.height + 1, atOnce));
let drives = 0;
const stopping = async (steps) => {
  drives += 1;
  if (drives === 1) return atOnce(steps); // order and hash; then rows are written
  for (let n = 0; n < 5; n += 1) {
    if (steps.next().done) throw Error('the rows are not written in steps');
    await turn();
  }
  say(`amid block ${store.head.height + 1}`);
  if (stops === 'exits') process.exit(3);
  return new Promise(() => setInterval(() => undefined, 1_000));
};
await store.commit(blockOf(store.head.height + 1, stopping));
