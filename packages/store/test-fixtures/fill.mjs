// Commits blocks of 200 KB until one fails. Prints one JSON line per event.
import { Store } from '../dist/index.js';

const [directory, blocksMax] = process.argv.slice(2);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
process.on('unhandledRejection', (error) => say({ unhandled: String(error) }));

const store = await Store.open({ directory, readersMax: 70 });
const row = (height, n) => ({
  table: 'kernel', key: `${height}/${n}`, value: new Uint8Array(2000).fill(height),
});
let failure;
for (let height = store.head.height + 1; failure === undefined; height += 1) {
  if (height > Number(blocksMax)) break;
  const changes = Array.from({ length: 100 }, (_, n) => row(height, n));
  try {
    await store.commit({ height, changes, unhashed: [] });
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
say({ closed: true });
