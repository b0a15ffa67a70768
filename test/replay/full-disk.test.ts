/** A full disk: the commit fails, the host is told so, reopening shows the block before. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { VatReference } from '@heirloom/kernel';
import { expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const SCRIPT = fileURLToPath(new URL('../support/hosts/disk-filling-host.mjs', import.meta.url));
/** With SIGXFSZ ignored, a write past this many KiB fails as on a full disk. */
const LIMITED = 'trap "" XFSZ; ulimit -f 6000; exec "$0" "$@"';

interface Event {
  readonly height?: number;
  readonly blockHash?: string;
  readonly code?: string;
}

test('commit: disk full -> HostError to every call, reopening shows the last block', async () => {
  const directory = await freshDirectory();
  const bundle = join(await freshDirectory(), 'bundle.json');
  await writeFile(bundle, JSON.stringify(await fixture('bank.js')));
  const args = ['-c', LIMITED, process.execPath, SCRIPT, directory, bundle];
  const { stdout } = await promisify(execFile)('/bin/sh', args);
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Event);
  expect(events.filter(event => 'unhandled' in event)).toEqual([]);
  const blocks = events.filter(event => event.height !== undefined);
  expect(blocks.length).toBeGreaterThan(1);
  expect(events.slice(blocks.length)).toEqual([
    { name: 'HostError', code: 'COMMIT_FAILED' },
    { sameError: true },
  ]);
  const kernel = await kernelOver({ directory });
  const { height, blockHash } = blocks.at(-1)!;
  expect(kernel.height).toBe(height);
  expect(kernel.blockHash).toBe(blockHash);
  const names = (await kernel.call(kernel.vat('bank').root, 'getNames')) as string[];
  expect(names).toHaveLength(50 * blocks.length);
  const made = await kernel.call(kernel.vat('bank').root, 'makePurse', ['after', 1n]);
  expect((made as VatReference).type).toBe('object');
});
