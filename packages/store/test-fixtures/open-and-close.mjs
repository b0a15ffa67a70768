// Opens and closes a store again and again, as a kernel that commits a block or as a reader.
// Says how many times it did, or what went wrong.
import { heightAfter, openReader, Store } from '../dist/index.js';

const [directory, as, times] = process.argv.slice(2);

const asKernel = async () => {
  const store = await Store.open({ directory, readersMax: 70 });
  await store.commit({ height: heightAfter(store.head.height), changes: [], unhashed: [] });
  await store.close();
};

const asReader = async () => {
  const reader = openReader({ directory, readersMax: 8 });
  reader.begin().done();
  await reader.close();
};

let done = 0;
try {
  for (; done < Number(times); done += 1) await (as === 'kernel' ? asKernel() : asReader());
  process.stdout.write(`${as} ${done}\n`);
} catch (error) {
  process.stdout.write(`${as} ${done} ${error.message}\n`);
}
