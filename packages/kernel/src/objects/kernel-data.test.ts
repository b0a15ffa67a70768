/** What the kernel makes of a vat's data for texts, and what it leaves unread. */
import { expect, test } from 'vitest';
import { describeData, kernelData } from './kernel-data.js';

const LIMIT = 256 * 1024;
/** Of the header of a long string. */
const HEADER_BYTES = 5;

test('kernel data: as many bytes as a text is made of, and one more', () => {
  const text = 'x'.repeat(LIMIT - HEADER_BYTES);
  expect(describeData(kernelData(text))).toBe(text);
  expect(describeData(kernelData(`${text}x`))).toBe('(data of 262145 bytes)');
});

test('kernel data: no data at all -> said so', () => {
  expect(describeData({ body: Uint8Array.of(0xc1), slots: [] })).toBe('(no data)');
});
