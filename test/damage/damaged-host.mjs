/**
 * A host over a store that may be damaged: reads every row, then opens it and lives on with its
 * vats. Its last line of stdout is JSON: what the rows are, what vats said, or why it was refused.
 *
 *     node damaged-host.mjs DIRECTORY
 */
import { createHash } from 'node:crypto';
import { openKernel } from '@heirloom/kernel';
import { Store, TABLE_NAMES } from '@heirloom/store';

const [, , directory] = process.argv;
const SCAN_ROWS = 1000;
/** Of the purses, those that get a deposit. */
const TOUCHED_EVERY = 5;

const digestOf = store => {
  const hash = createHash('sha256');
  for (const table of TABLE_NAMES) {
    for (let after = ''; ;) {
      const keys = store.keysAfter(table, after, '\xff'.repeat(1978), SCAN_ROWS);
      for (const key of keys) {
        const value = store.get(table, key);
        hash.update(`${table} ${key.length} ${value.length} `).update(key, 'latin1').update(value);
      }
      if (keys.length === 0) break;
      after = keys.at(-1);
    }
  }
  return hash.digest('hex');
};

const readRows = async () => {
  const store = await Store.open({ directory, readersMax: 128 });
  try {
    return digestOf(store);
  } catch (error) {
    if (error.code !== 'STORE_CORRUPT') throw error;
    return `damaged: ${error.message}`;
  } finally {
    await store.close();
  }
};

const liveOn = async () => {
  const kernel = await openKernel({ directory, spareThreads: 0, log: () => undefined });
  try {
    const said = [];
    const { root: bank, vatId, bundleId } = kernel.vat('bank');
    const names = await kernel.call(bank, 'getNames');
    said.push(names);
    for (const name of names.filter((_name, i) => i % TOUCHED_EVERY === 0)) {
      const purse = await kernel.call(bank, 'getPurse', [name]);
      said.push(String(await kernel.call(purse, 'deposit', [1n])));
    }
    said.push(await kernel.call(kernel.vat('relay').root, 'getLog').then(log => log.length));
    said.push(await kernel.call(kernel.vat('branch').root, 'getNames'));
    said.push(String(await kernel.call(kernel.bound('first'), 'getBalance')));
    await kernel.upgradeVat(vatId, { bundleId, vatParameters: { version: 2n } });
    said.push(String(await kernel.call(bank, 'getVersion')));
    await kernel.idle();
    return said;
  } finally {
    await kernel.close();
  }
};

let rows;
try {
  rows = await readRows();
  console.log(JSON.stringify({ rows, said: await liveOn() }));
} catch (error) {
  const { code = null, message } = error;
  console.log(JSON.stringify({ rows, error: { code, message, stack: error.stack } }));
  process.exitCode = 1;
}
