/**
 * Warnings that people know of and accept, by code and subject: they are listed aside and count for
 * no verdict (docs/upgrade/dry-run.md).
 */
import { KernelError } from '../../base/kernel-errors.js';
import { isWarningCode, WARNING_CODES, type UpgradeWarning } from './warning.js';

export interface AcceptedWarning {
  readonly code: UpgradeWarning['code'];
  /** As the warning has it, letter by letter. */
  readonly subject: string;
  /** For whoever reads it. */
  readonly why?: string | undefined;
}

/** What a dry run makes of what is accepted. */
export interface Acceptance {
  /** Warnings that are accepted. */
  readonly accepted: readonly UpgradeWarning[];
  /** What is accepted and has not occurred, though it could have. */
  readonly unneeded: readonly AcceptedWarning[];
}

const FIELDS: readonly string[] = ['code', 'subject', 'why'];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fail = (what: string, why: string): never => {
  throw new KernelError('BAD_OPTION', `${what}: ${why}`);
};

const checkEntry = (what: string, entry: unknown, more: readonly string[]): AcceptedWarning => {
  const known = [...FIELDS, ...more];
  if (!isRecord(entry)) return fail(what, 'it is a record of code and subject');
  const unknown = Object.keys(entry).find(field => !known.includes(field));
  if (unknown !== undefined) fail(what, `unknown field ${unknown}; fields: ${known.join(', ')}`);
  const { code, subject, why } = entry;
  if (!isWarningCode(code)) {
    const given = typeof code === 'string' ? JSON.stringify(code) : 'no text';
    return fail(what, `code is ${given}; codes: ${WARNING_CODES.join(', ')}`);
  }
  if (typeof subject !== 'string') return fail(what, 'subject must be the text of a warning');
  if (why !== undefined && typeof why !== 'string') return fail(what, 'why must be a text');
  return { code, subject, ...(why === undefined ? {} : { why }) };
};

/** `more`: fields that an entry may have besides. Errors: KernelError BAD_OPTION. */
export const checkAccepted = (
  what: string,
  given: unknown,
  more: readonly string[] = [],
): AcceptedWarning[] => {
  if (!Array.isArray(given)) return fail(what, 'it is a list of { code, subject }');
  const list: readonly unknown[] = given;
  return list.map((entry, i) => checkEntry(`${what}[${i}]`, entry, more));
};

const isOf =
  ({ code, subject }: UpgradeWarning) =>
  (one: AcceptedWarning): boolean =>
    one.code === code && one.subject === subject;

/** `canTell`: of a code, whether it would have been found. */
export const accepting = (
  warnings: readonly UpgradeWarning[],
  accepts: readonly AcceptedWarning[],
  canTell: (code: UpgradeWarning['code']) => boolean,
): Acceptance & { readonly left: readonly UpgradeWarning[] } => {
  const isAccepted = (warning: UpgradeWarning): boolean => accepts.some(isOf(warning));
  return {
    left: warnings.filter(warning => !isAccepted(warning)),
    accepted: warnings.filter(isAccepted),
    unneeded: accepts.filter(
      one => canTell(one.code) && !warnings.some(warning => isOf(warning)(one)),
    ),
  };
};
