import { Script } from 'node:vm';

/**
 * Compiles a script with V8's code cache of it, if there is one; V8 ignores one that does not fit.
 * Without `importModuleDynamically`, `import()` inside the script is an error.
 */
export const compileScript = (
  filename: string,
  source: string,
  codeCache: Uint8Array | undefined,
): Script =>
  new Script(source, {
    filename,
    ...(codeCache === undefined ? {} : { cachedData: codeCache }),
  });
