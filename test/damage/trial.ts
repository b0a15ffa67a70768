/**
 * One damage: is it told or harmless, does nothing end without a word, does `verify` name it?
 *
 * A damage is *harmless* if every row is as it was. Where one is not, `verify` must name it, by
 * table and key or by page, and a host that lives on must be refused with STORE_CORRUPT that does
 * the same, or come upon none of it.
 */
import { spawn } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyStore, type StoreVerification } from '@heirloom/kernel';
import { damageFile } from './damaged-file.js';

/** What became of a host. */
interface HostEnd {
  readonly rows?: string;
  readonly said?: unknown;
  readonly error?: { readonly code: string | null; readonly message: string };
}

/** A store, and what a host finds in it as long as it is sound. */
interface Sample {
  readonly directory: string;
  readonly host: string;
  readonly sound: HostEnd;
}

export type Outcome = 'harmless' | 'refused' | 'not come upon' | 'wrong';

export interface Trial {
  readonly seed: number;
  readonly what: string;
  readonly outcome: Outcome;
  /** What verify names first. */
  readonly named: string | null;
  /** What is wrong; or how it was refused. */
  readonly why: string | null;
}

const runHost = (host: string, directory: string): Promise<HostEnd | string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [host, directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const line = texts.stdout.trim().split('\n').at(-1) ?? '';
      if (line.startsWith('{')) resolve(JSON.parse(line) as HostEnd);
      const how = `the host ended (${signal ?? code}) without a word`;
      if (!line.startsWith('{')) resolve(`${how}: ${texts.stderr.slice(-300)}`);
    });
  });

/** The sample over a store that was made: it is lived through once, in a copy. */
export const sampleOf = async (directory: string, root: URL): Promise<Sample> => {
  const host = fileURLToPath(new URL('test/damage/damaged-host.mjs', root));
  const copy = `${directory}-sound`;
  await cp(directory, copy, { recursive: true });
  const sound = await runHost(host, copy);
  await rm(copy, { recursive: true });
  if (typeof sound === 'string' || sound.error !== undefined) {
    throw new Error(`the sound store: ${JSON.stringify(sound)}`);
  }
  return { directory, host, sound };
};

const NAMED = /\btable [a-z]+(, key [0-9a-f]+)?\b|\bpage \d+\b|no readable data file/;

const judge = (
  { sound }: Sample,
  verified: StoreVerification | string,
  end: HostEnd | string,
): readonly [Outcome, string | null] => {
  if (typeof verified === 'string') return ['wrong', `verify: ${verified}`];
  const ended = verified.damage.find(({ why }) => why.includes('the process that reads'));
  if (ended !== undefined) return ['wrong', ended.why];
  if (typeof end === 'string') return ['wrong', end];
  const { error, rows, said } = end;
  if (error !== undefined) {
    const how = `${error.code}: ${error.message}`;
    const isTold = error.code === 'STORE_CORRUPT' && NAMED.test(error.message);
    if (!isTold) return ['wrong', `the host was refused otherwise: ${how}`];
    return verified.ok ? ['wrong', `verify found nothing; the host: ${how}`] : ['refused', how];
  }
  const isWarned = verified.warnings.length > 0;
  if (!isWarned && JSON.stringify(said) !== JSON.stringify(sound.said)) {
    return ['wrong', 'the host has lived on with other data'];
  }
  if (rows === sound.rows) {
    return verified.ok ? ['harmless', null] : ['harmless', 'every row is as it was'];
  }
  return isWarned || !verified.ok
    ? ['not come upon', rows ?? null]
    : ['wrong', `verify found nothing; the rows: ${rows}`];
};

const nameOf = ({ damage, audit, vats }: StoreVerification): string | null => {
  const [first] = damage;
  if (first !== undefined) {
    const { table, key, why } = first;
    return `${table ?? '-'} ${key === null ? '-' : key.slice(0, 40)}: ${why}`;
  }
  const [finding] = audit.findings;
  return finding?.text ?? vats.find(vat => !vat.ok)?.reason ?? null;
};

interface Workplace {
  /** For the copy. */
  readonly directory: string;
  /** `verify` in a process of its own, as the command line has it. */
  readonly inProcess: boolean;
}

/** Damages a copy of the sample by a seed, and looks what becomes of it. */
export const runTrial = async (
  sample: Sample,
  seed: number,
  { directory, inProcess }: Workplace,
): Promise<Trial> => {
  const copy = join(directory, `seed-${seed}`);
  await cp(sample.directory, copy, { recursive: true });
  try {
    const what = damageFile(join(copy, 'data.mdb'), seed);
    const verified = await verifyStore({ directory: copy, inProcess }).catch(
      (error: unknown) => String(error),
    );
    const end = await runHost(sample.host, copy);
    const [outcome, why] = judge(sample, verified, end);
    const named = typeof verified === 'string' ? verified : nameOf(verified);
    return { seed, what, outcome, named, why };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
};
