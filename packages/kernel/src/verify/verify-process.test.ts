/** A verification in a process that ends: a finding, whatever it ends by. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { verifyInProcess } from './verify-process.js';

const directory = mkdtempSync(join(tmpdir(), 'heirloom-verify-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** What runs instead of the verification. */
const entry = (name: string, code: string): string => {
  const file = join(directory, `${name}.mjs`);
  writeFileSync(file, code);
  return file;
};
const TELL = `const tell = (...message) => new Promise(done => process.send(message, done));`;

test('a process that LMDB ends -> a finding that says by what, and amid what', async () => {
  const tells = `${TELL} await tell('progress', 1, 2, 'rows');`;
  const code = `${tells} process.kill(process.pid, 'SIGSEGV');`;
  const seen: unknown[] = [];
  const progress = (...told: unknown[]): void => void seen.push(told);
  const report = await verifyInProcess({ directory, progress }, entry('dies', code));
  expect(seen).toEqual([[1, 2, 'rows']]);
  expect(report).toMatchObject({ ok: false, height: null, blockHash: null, vats: [] });
  expect(report.damage).toEqual([
    {
      table: null,
      key: null,
      why: 'the process that reads the store ended (SIGSEGV) while it looked at the rows',
    },
  ]);
});

test('a process that aborts with a word -> the word is in the finding', async () => {
  const code = `console.error('mdb.c:1: Assertion failed'); process.abort();`;
  const { damage } = await verifyInProcess({ directory }, entry('aborts', code));
  expect(damage[0]?.why).toContain('(SIGABRT)');
  expect(damage[0]?.why).toContain('mdb.c:1: Assertion failed');
});

test('an error of the verification -> the same error here', async () => {
  const code = `${TELL} await tell('error', 'STORE_LOCKED', 'open'); process.exit(0);`;
  const verifying = verifyInProcess({ directory }, entry('locked', code));
  await expect(verifying).rejects.toMatchObject({ name: 'HostError', code: 'STORE_LOCKED' });
  const other = `${TELL} await tell('error', 'UNKNOWN_VAT', 'none'); process.exit(0);`;
  const unknown = verifyInProcess({ directory }, entry('unknown', other));
  await expect(unknown).rejects.toMatchObject({ name: 'KernelError', code: 'UNKNOWN_VAT' });
});

test('a process that another has killed -> nothing is said of the store', async () => {
  const code = `process.kill(process.pid, 'SIGKILL');`;
  const verifying = verifyInProcess({ directory }, entry('killed', code));
  await expect(verifying).rejects.toMatchObject({ name: 'HostError', code: 'STORE_IO' });
});

test('a progress that throws -> its error here, and the process is gone', async () => {
  const code = `${TELL} await tell('progress', 1, 2, 'rows'); setInterval(() => {}, 1000);`;
  const progress = (): never => {
    throw new RangeError('too far');
  };
  const verifying = verifyInProcess({ directory, progress }, entry('lives', code));
  await expect(verifying).rejects.toThrow(new RangeError('too far'));
});
