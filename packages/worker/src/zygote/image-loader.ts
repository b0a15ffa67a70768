/**
 * Compiles and runs an image script, with V8's code cache where there is one that fits.
 *
 * The script is a function expression that takes `require` and returns the exports of
 * image-main.ts. Running it locks the realm down, so it is done once in a thread or child process
 * of its own.
 */
import { createRequire } from 'node:module';
import type { Script } from 'node:vm';
import type { ImageHost, ImageInstance } from '../contracts/vat-environment.js';
import { compileScript } from './compile-script.js';

export interface ImageExports {
  startImage(host: ImageHost): ImageInstance;
}

type ImageFactory = (require: (name: string) => unknown) => ImageExports;

const nodeRequire = createRequire(import.meta.url);

/** All that an image may load: node's builtins, by their `node:` name. */
const requireBuiltin = (name: string): unknown => {
  if (!name.startsWith('node:')) throw new Error(`image: ${name} is no builtin`);
  return nodeRequire(name);
};

export const compileImage = (source: string, codeCache: Uint8Array | undefined): Script =>
  compileScript('heirloom-image.js', source, codeCache);

/** Evaluates the image and locks this realm down. */
export const runImage = (script: Script): ImageExports => {
  const factory: ImageFactory = script.runInThisContext();
  return factory(requireBuiltin);
};
