/** The Node releases of versions.json: where `npm run nodes` has put their binaries. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @type {Readonly<Record<string, string>>} By line: `22`. */
export const VERSIONS = JSON.parse(readFileSync(new URL('versions.json', import.meta.url), 'utf8'));

const platform = process.platform === 'win32' ? 'win' : process.platform;
/** npm's package of the binary of this platform. */
export const PACKAGE = `node-${platform}-${process.arch}`;

export const PLACE = fileURLToPath(new URL('../../.nodes/', import.meta.url));

/** The directory to put before PATH. */
export const binOf = line => `${PLACE}${line}/node_modules/${PACKAGE}/bin`;

/** @returns {string[]} The lines that are there, oldest first. */
export const fetched = () =>
  Object.keys(VERSIONS).filter(line => existsSync(`${binOf(line)}/node`));
