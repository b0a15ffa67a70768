/** What a woven script may be: its size. */
import { expect, test } from 'vitest';
import { checkScript } from './script-bundle.js';

const SCRIPT_BYTES_MAX = 15_000_000;

test('a woven script: 15,000,000 bytes -> past it BAD_BUNDLE', () => {
  const script = ' '.repeat(SCRIPT_BYTES_MAX);
  expect(() => checkScript(script)).not.toThrow();
  const refused = { code: 'BAD_BUNDLE', message: expect.stringContaining('woven script') };
  expect(() => checkScript(`${script} `)).toThrow(expect.objectContaining(refused));
});
