import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inTemporaryDirectory } from './temporary.js';

/** As built: a child process runs it as it is. */
const BUILT = new URL('../dist/temporary.js', import.meta.url).href;
const WAITS = `import { inTemporaryDirectory } from '${BUILT}';
  await inTemporaryDirectory('test', directory => {
    console.log(directory);
    return new Promise(resolve => setTimeout(resolve, 600_000));
  });`;

test('temporary directory: used, failed in -> the result, the reason; removed', async () => {
  const seen: string[] = [];
  const use = async (directory: string): Promise<number> => {
    seen.push(directory);
    await writeFile(path.join(directory, 'file'), 'text');
    return 7;
  };
  expect(await inTemporaryDirectory('test', use)).toBe(7);
  const failing = inTemporaryDirectory('test', async directory => {
    await use(directory);
    throw Error('no room');
  });
  await expect(failing).rejects.toThrow('no room');
  expect(seen.map(directory => existsSync(directory))).toEqual([false, false]);
});

test.each(['SIGINT', 'SIGTERM'] as const)('temporary directory: %s -> removed', async signal => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', WAITS]);
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  const directory = printed.toString('utf8').trim();
  expect(existsSync(directory)).toBe(true);
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([null, signal]);
  expect(existsSync(directory)).toBe(false);
});
