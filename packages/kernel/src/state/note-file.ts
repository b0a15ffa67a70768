/** The file that a running note is kept in, beside the store. */
import fs from 'node:fs';
import path from 'node:path';

export const NOTE_FILE = 'heirloom-running';

/** It survives the process; nothing more is asked of it. */
export interface NoteFile {
  /** All of it; empty if nothing was written yet. */
  read(): Buffer;
  /** Writes over its beginning. What lies behind stays. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Errors: those of the system. */
export const openNoteFile = (directory: string): NoteFile => {
  const file = path.join(directory, NOTE_FILE);
  const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT);
  return {
    read: () => fs.readFileSync(fd),
    write: bytes => void fs.writeSync(fd, bytes, 0, bytes.length, 0),
    close: () => fs.closeSync(fd),
  };
};
