/**
 * `npm run example -- NAME`: runs `examples/NAME/host.mjs`.
 *
 * Exit codes: what the example gives; 1 when there is no such example.
 */
import { existsSync, readdirSync } from 'node:fs';

const here = new URL('.', import.meta.url);
const hostOf = name => new URL(`${name}/host.mjs`, here);
const names = readdirSync(here, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && existsSync(hostOf(entry.name)))
  .map(entry => entry.name)
  .sort();

const [name] = process.argv.slice(2);
if (name !== undefined && names.includes(name)) {
  await import(hostOf(name).href);
} else {
  const problem = name === undefined ? 'which example?' : `there is no example "${name}".`;
  process.stderr.write(`example: ${problem} The examples: ${names.join(', ')}\n`);
  process.exitCode = 1;
}
