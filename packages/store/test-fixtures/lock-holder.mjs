// Opens the store once the file `go` exists (or at once), says so, and holds it until stdin ends.
import fs from 'node:fs';
import { Store } from '../dist/index.js';

const [directory, go] = process.argv.slice(2);
process.stdout.write('ready\n');
while (go !== undefined && !fs.existsSync(go)) { /* spin: all contenders start together */ }
try {
  const store = await Store.open({ directory, readersMax: 70 });
  process.stdout.write(`open ${process.pid}\n`);
  process.stdin.resume();
  process.stdin.on('end', () => store.close().then(() => process.exit(0)));
} catch (error) {
  process.stdout.write(`${error.code} ${error.message}\n`);
  process.exit(0);
}
