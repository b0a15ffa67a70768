/** The documents of the repository that tell people what to type, and where to read on. */
import { readdirSync, readFileSync } from 'node:fs';

export const ROOT = new URL('../../../', import.meta.url);

export const readDocument = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** Without what is installed below. */
export const filesUnder = (directory: string): string[] =>
  readdirSync(new URL(directory, ROOT), { encoding: 'utf8', recursive: true })
    .map(path => `${directory}/${path}`)
    .filter(path => !path.includes('/node_modules/'))
    .sort();

/** Paths from the root of the repository. */
export const documentPaths = (): string[] => [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'],
  ...filesUnder('docs').filter(path => path.endsWith('.md')),
  ...filesUnder('test').filter(path => path.endsWith('/README.md')),
];
