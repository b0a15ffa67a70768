#!/usr/bin/env node
/**
 * `heirloom`: runs the compiled command line. It is not compiled itself, so that npm finds it at
 * `npm ci`; in a clone that nobody has built yet it says in one line what to type.
 */
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);

if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('heirloom: not built yet; to build it, type: npm run build\n');
  process.exitCode = 1;
}
