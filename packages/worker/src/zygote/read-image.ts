/** The image that this release of the package was built with (scripts/build-image.mjs). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Image {
  /** sha256 of the source's UTF-8 bytes, hex. */
  readonly id: string;
  readonly source: string;
}

/** Errors: when the package was not built, or the image is not what the build wrote. */
export const readImage = (): Image => {
  const bytes = readFileSync(new URL('../image.js', import.meta.url));
  const text = readFileSync(new URL('../image.json', import.meta.url), 'utf8');
  const built: { readonly id: unknown } = JSON.parse(text);
  const id = createHash('sha256').update(bytes).digest('hex');
  assert.equal(id, built.id, 'image.js is not as built');
  return { id, source: bytes.toString('utf8') };
};
