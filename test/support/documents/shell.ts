/** Lines as a reader types them at the root of the repository, each in a shell of its own. */
import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandOutcome } from '../hosts/command-line.js';
import { ROOT } from './documents.js';

/** Where npm and npx find the programs of packages: `heirloom` is among them. */
const PROGRAMS = fileURLToPath(new URL('node_modules/.bin', ROOT));

/** One word of a line, whatever is in it. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs a line to its end, with the environment that npm gives to a script. */
export const runLine = (
  line: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandOutcome> =>
  new Promise((resolve, reject) => {
    const path = `${PROGRAMS}${delimiter}${process.env['PATH'] ?? ''}`;
    const child = spawn(line, {
      shell: true,
      cwd: fileURLToPath(ROOT),
      env: { ...process.env, PATH: path, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    }
    child.on('error', reject);
    child.on('close', status => resolve({ status, ...texts }));
  });
