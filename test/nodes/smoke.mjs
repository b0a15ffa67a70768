/** `npm run smoke`: the smoke suite (mode `smoke` of vitest.config.ts) under each of `.nodes`. */
import { spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';
import { binOf, fetched, VERSIONS } from './nodes.mjs';

const lines = fetched();
const missing = Object.keys(VERSIONS).filter(line => !lines.includes(line));
if (missing.length > 0) {
  console.error(`Node ${missing.join(', ')} is missing: npm run nodes fetches it`);
  process.exit(1);
}
for (const line of lines) {
  console.log(`\n== smoke suite on Node ${VERSIONS[line]}`);
  const env = { ...process.env, PATH: `${binOf(line)}${delimiter}${process.env.PATH}` };
  const more = process.argv.slice(2);
  const run = ['node_modules/vitest/vitest.mjs', 'run', '--mode', 'smoke', ...more];
  const { status } = spawnSync(`${binOf(line)}/node`, run, { stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}
