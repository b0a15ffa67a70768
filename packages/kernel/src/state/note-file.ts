/** The file that a running note is kept in, beside the store. */
import fs from 'node:fs';
import path from 'node:path';

export const NOTE_FILE = 'heirloom-running';

/** Bytes of a file that are read: what is longer was written by nobody of ours. */
const READ_BYTES_MAX = 16 * 2 ** 20;

/** It survives the process; nothing more is asked of it. */
export interface NoteFile {
  /** All of it, as far as a note can be long; empty if nothing was written yet. */
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
    read: () => {
      const bytes = Buffer.alloc(Math.min(fs.fstatSync(fd).size, READ_BYTES_MAX));
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, 0));
    },
    write: bytes => void fs.writeSync(fd, bytes, 0, bytes.length, 0),
    close: () => fs.closeSync(fd),
  };
};
