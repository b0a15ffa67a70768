// A reader steered by messages: [name, ...arguments] in, the answer out.
import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '../dist/index.js';

const { directory } = workerData;
let reader;
let snapshot;
const text = (bytes) => (bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1'));
const commands = {
  open: () => {
    reader = openReader({ directory, readersMax: 70 });
    return 'open';
  },
  begin: () => {
    snapshot = reader.begin();
    return snapshot.height;
  },
  get: (table, key) => text(snapshot.get(table, key)),
  keysAfter: (...range) => snapshot.keysAfter(...range),
  done: () => snapshot.done(),
  /** One whole batch without a turn between: height and rows. */
  batch: (keys) => {
    snapshot = reader.begin();
    const rows = keys.map(([table, key]) => text(snapshot.get(table, key)));
    const answer = [snapshot.height, ...rows];
    snapshot.done();
    return answer;
  },
  close: () => reader.close(),
};
parentPort.on('message', async ([name, ...rest]) => {
  try {
    parentPort.postMessage({ answer: await commands[name](...rest) });
  } catch (error) {
    parentPort.postMessage({ error: `${error.code ?? error.name}: ${error.message}` });
  }
});
