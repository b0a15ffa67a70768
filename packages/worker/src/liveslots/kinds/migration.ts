/**
 * Record migration: the state of an older version of a kind becomes one of the present version.
 *
 * Theory of operation. A row says under which version of its kind the state was written. Whoever
 * first touches a state of an older version runs the kind's `migrate` on it, within the crank; the
 * crank then writes the row as it writes any state that changed. `migrate` is pure (purity.ts): it
 * is given the old state, and what it returns is checked as a new instance's state is.
 *
 * Invariant: a migration that fails changes nothing. The row stays as it is, for later code.
 */
import { VatFault } from '../../protocol/faults.js';
import { isRecord } from '../../values.js';
import { Fail, noteOrigin, q, wordsOf } from '../contract/fail.js';
import { styleOf } from '../contract/patterns.js';
import { Unavailable } from '../objects/stored-values.js';
import type { Kind } from './kind.js';
import type { Layout } from './state.js';

export type Migrate = (oldState: Readonly<Record<string, unknown>>, oldVersion: number) => unknown;

/** A state as its row has it. */
interface OldState {
  readonly version: number;
  readonly names: readonly string[];
  readonly values: readonly unknown[];
}

export type Migration =
  | {
      readonly ok: true;
      readonly layout: Layout;
      readonly values: unknown[];
      /** Of the encoded state. */
      readonly bytes: number;
    }
  | {
      readonly ok: false;
      readonly version: number;
      readonly reason: string;
      /** What was thrown. */
      readonly thrown: unknown;
    };

interface NewState {
  readonly names: readonly string[];
  readonly values: unknown[];
  readonly bytes: number;
}

/** What vat code gets to see: hardened, and nobody else's. */
const recordFor = (kind: Kind, { names, values }: OldState): Readonly<Record<string, unknown>> => {
  const entries = names.map((name, i): [string, unknown] => {
    const value = values[i];
    return [name, Unavailable.isOn(value) ? value.value() : value];
  });
  return kind.core.context.hardening.bornHardened(Object.fromEntries(entries));
};

/** Throws unless `given` may be the state of an instance. */
const checked = (kind: Kind, given: unknown): NewState => {
  const { codec, hardening } = kind.core.context;
  hardening.harden(given);
  if (!isRecord(given) || styleOf(given) !== 'copyRecord') {
    throw Fail`migrate must return a copyRecord, not ${q(given)}`;
  }
  const { names, values } = kind.checkedState(given);
  // A new instance may lack a property and fail when it is read; here there is no one to blame.
  const { shape } = kind;
  if (shape !== undefined) for (const name of shape.names) shape.check(name, given[name]);
  const { body } = codec.encode(hardening.bornHardened([...values]));
  return { names, values, bytes: body.length };
};

const newStateOf = (kind: Kind, old: OldState): NewState => {
  const { version } = old;
  if (version > kind.version) throw Error('the state is of a later version than the kind');
  const { migrate } = kind;
  if (migrate === undefined) throw Error('the kind has no migrate');
  const record = recordFor(kind, old);
  return kind.core.purity.run(() => checked(kind, migrate(record, version)));
};

/** The state of an instance in the kind's present version. Throws only what ends the crank. */
export const migrated = (kind: Kind, old: OldState): Migration => {
  try {
    const { names, values, bytes } = newStateOf(kind, old);
    return { ok: true, layout: kind.layoutFor(names), values, bytes };
  } catch (error) {
    if (VatFault.isOn(error)) throw error;
    const { version } = old;
    const reason = wordsOf(error, ask => kind.core.purity.run(ask));
    return { ok: false, version, reason, thrown: error };
  }
};

/** What a call is rejected with that touches a state which cannot be migrated. */
export const migrationError = (
  kind: Kind,
  instance: number,
  { version, reason, thrown }: Extract<Migration, { ok: false }>,
): Error => {
  const ref = kind.scope.refOf(kind.number, instance);
  const what = `durable kind "${kind.tag}", instance ${instance} (${ref})`;
  const how = `cannot be migrated from version ${version} to ${kind.version}`;
  return noteOrigin(Error(`${what}, ${how}: ${reason}`), thrown);
};
