/** Text as UTF-8, which is how it stands in frames and files. */

export const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/** Reads what `utf8` gives; other bytes become U+FFFD. */
export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
