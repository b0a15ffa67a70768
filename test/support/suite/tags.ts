/**
 * The tags of tests, for every vitest configuration of this repository.
 *
 * `test('...', { tags: ['thorough'] }, ...)`, the same for `describe`, or `@module-tag sized` in
 * the comment at the head of a file.
 */
import type { TestTagDefinition } from 'vitest/config';

export const TAGS: TestTagDefinition[] = [
  { name: 'thorough', description: 'runs in npm run test:all only' },
  { name: 'sized', description: 'checks more of the same in npm run test:all' },
];

/** Does the source of a test file give a tag to any of its tests, in whatever way? */
export const mentionsTags = (source: string): boolean =>
  /@module-tag (?:thorough|sized)\b|(['"`])(?:thorough|sized)\1/.test(source);
