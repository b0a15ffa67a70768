/**
 * Writes what the engine of this Node shows to the image that was built (docs/engines.md):
 *
 *     node scripts/observe-image.mjs
 *
 * dist/engine.json: `{ build, imageId, observations }`. A kernel believes it where build and image
 * are its own, so that a fresh store need not wait until somebody has looked. Comes after `tsc -b`
 * and build-image.mjs.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dist = new URL('../dist/', import.meta.url);
const { engineNames, observeEngine } = await import(new URL('zygote/engine-observer.js', dist));
const { readImage } = await import(new URL('zygote/read-image.js', dist));
const image = readImage();
const { build } = engineNames();
const observations = await observeEngine(image);
const text = JSON.stringify({ build, imageId: image.id, observations });
writeFileSync(fileURLToPath(new URL('engine.json', dist)), `${text}\n`);
