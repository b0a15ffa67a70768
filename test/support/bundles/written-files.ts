/** Files of a test, below a directory: by their paths. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const writeFiles = async (
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const [file, text] of Object.entries(files)) {
    const at = path.join(directory, file);
    await mkdir(path.dirname(at), { recursive: true });
    await writeFile(at, text);
  }
};
