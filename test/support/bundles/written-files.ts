/** Files of a test, by their paths below a directory: written, or those of a package. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export type Files = Readonly<Record<string, string>>;

export const writeFiles = async (directory: string, files: Files): Promise<void> => {
  for (const [file, text] of Object.entries(files)) {
    const at = path.join(directory, file);
    await mkdir(path.dirname(at), { recursive: true });
    await writeFile(at, text);
  }
};

/** A package in node_modules; `fields` of its package.json. */
export const packageFiles = (name: string, fields: object, files: Files): Files =>
  Object.fromEntries([
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', ...fields })],
    ...Object.entries(files).map(([file, text]) => [`node_modules/${name}/${file}`, text]),
  ]);
