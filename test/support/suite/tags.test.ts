import { expect, test } from 'vitest';
import { mentionsTags } from './tags.js';

test.each([
  "test('...', { tags: ['thorough'] }, () => {})",
  "testBatch(batch, ['thorough']);",
  'const SIZED = { tags: "sized" };',
  ' * @module-tag sized',
])('tags: %s -> the file is one of npm run test:rest', source => {
  expect(mentionsTags(source)).toBe(true);
});

test.each(['// a thorough look', "import { amount } from './amounts.js';"])(
  'tags: %s -> none',
  source => {
    expect(mentionsTags(source)).toBe(false);
  },
);
