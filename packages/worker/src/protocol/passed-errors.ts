/**
 * How a worker's text speaks of an error that it knows nothing of, since another vat may have
 * thrown it: by its canonical bytes. The kernel may know where that was.
 */
import { createHash } from 'node:crypto';

const PREFIX = 'at passed error ';

/** Stands for the places of the error with these bytes. */
export const passedMark = (body: Uint8Array): string =>
  `${PREFIX}${createHash('sha256').update(body).digest('hex')}`;

/** A line of such a mark: how far it is indented, and the mark. */
export const PASSED_LINE = new RegExp(`\\n( *)(${PREFIX}[0-9a-f]{64})(?=\\n|$)`, 'g');
