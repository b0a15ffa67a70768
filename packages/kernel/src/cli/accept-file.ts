/**
 * Files of warnings that are accepted, kept with the code of a vat:
 *
 *     { "accept": [{ "code": "VERSION_RAISED", "subject": "Card 0-1", "why": "we go on" }] }
 *
 * An entry with a `vat` is for the vat of that name alone.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KernelError } from '../base/kernel-errors.js';
import { checkAccepted, type AcceptedWarning } from '../lifecycle/warnings/accepted.js';

export const ACCEPT_FILE = 'heirloom.accept.json';

const bad = (file: string, why: string): never => {
  throw new KernelError('BAD_ARGUMENT', `${file}: ${why}`);
};

const parsed = async (file: string): Promise<unknown> => {
  const text = await readFile(file, 'utf8').catch((error: unknown) =>
    bad(file, `cannot be read: ${String(error)}`),
  );
  try {
    return JSON.parse(text);
  } catch (error) {
    return bad(file, `is no JSON: ${String(error)}`);
  }
};

const vatOf = (file: string, entry: unknown, at: number): string | undefined => {
  const vat: unknown = typeof entry === 'object' && entry !== null && Reflect.get(entry, 'vat');
  if (vat === undefined || vat === false) return undefined;
  return typeof vat === 'string' ? vat : bad(file, `accept[${at}]: vat must be the name of a vat`);
};

/** What of the file is for the vat. Errors: KernelError BAD_ARGUMENT, BAD_OPTION. */
export const readAcceptFile = async (file: string, name: string): Promise<AcceptedWarning[]> => {
  const given = await parsed(file);
  const isRight = typeof given === 'object' && given !== null && 'accept' in given;
  if (!isRight || Object.keys(given).length !== 1 || !Array.isArray(given.accept)) {
    return bad(file, 'must be { "accept": [{ "code": ..., "subject": ... }, ...] } and no more');
  }
  const entries: readonly unknown[] = given.accept;
  const accepts = checkAccepted(`${file}: accept`, entries, ['vat']);
  const isHere = (entry: unknown, at: number): boolean =>
    [undefined, name].includes(vatOf(file, entry, at));
  return accepts.filter((_accept, at) => isHere(entries[at], at));
};

/** The file beside the code, if there is one. */
export const acceptFileBeside = (path: string): string | undefined => {
  const file = join(dirname(path), ACCEPT_FILE);
  return existsSync(file) ? file : undefined;
};
