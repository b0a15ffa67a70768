/** The zygote image whose workers follow scripts (@heirloom/worker/scripted). */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freshDirectory } from '../kernels/fresh-kernels.js';

export interface ScriptedImage {
  readonly id: string;
  readonly source: string;
}

const worker = fileURLToPath(new URL('../../../packages/worker', import.meta.url));

export const buildScriptedImage = async (): Promise<ScriptedImage> => {
  const out = await freshDirectory();
  const script = join(worker, 'scripts/build-image.mjs');
  const supervisor = join(worker, 'src/testing/scripted-supervisor.ts');
  await promisify(execFile)(process.execPath, [script, '--out', out, '--supervisor', supervisor]);
  const source = await readFile(join(out, 'image.js'), 'utf8');
  return { id: createHash('sha256').update(source).digest('hex'), source };
};
