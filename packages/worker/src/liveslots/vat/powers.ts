/**
 * What vat code is given besides the intrinsics: the `VatData` global, and `vatPowers`.
 *
 * Before the thread knows its vat (rules.md#u4) the properties of `VatData` can be read; calling
 * one spoils the preparation, whatever vat code does with the exception.
 */
import { isTooLarge } from '@heirloom/store/codec';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { Hardening } from '../../contracts/hardening.js';
import { Syscall } from '../../protocol/opcodes.js';
import type { Purity } from '../objects/purity.js';
import type { VatCodec } from '../promises/codec.js';
import type { Promises } from '../promises/promises.js';

type AnyFunction = (...args: unknown[]) => unknown;

interface Binding {
  isBound(): boolean;
  /** A preparation called what needs a vat. */
  spoil(): void;
}

interface GuardVatDataOptions {
  readonly vatData: object;
  readonly crank: CrankSink;
  readonly binding: Binding;
  readonly hardening: Hardening;
  readonly purity: Purity;
}

interface Surroundings {
  readonly crank: CrankSink;
  readonly purity: Purity;
}

/** A power that the crank hears of when it ends in a fault, and that no pure code has. */
const noted = ({ crank, purity }: Surroundings, name: string, call: AnyFunction): AnyFunction => {
  const methods = {
    [name](...args: unknown[]): unknown {
      try {
        purity.assertOff(name);
        return call(...args);
      } catch (error) {
        crank.note(error);
        throw error;
      }
    },
  };
  return methods[name]!;
};

/** The `VatData` that vat code sees: the same names, each guarded. */
export const guardVatData = (options: GuardVatDataOptions): object => {
  const { vatData, binding, hardening } = options;
  const guard = (name: string, call: AnyFunction): AnyFunction => {
    const told = noted(options, name, call);
    const methods = {
      [name](...args: unknown[]): unknown {
        if (!binding.isBound()) {
          binding.spoil();
          throw Error(`VatData.${name} is not available before the vat starts`);
        }
        return told(...args);
      },
    };
    return methods[name]!;
  };
  const entries = Object.entries(vatData).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'function' ? guard(name, value as AnyFunction) : value,
  ]);
  return hardening.harden(Object.fromEntries(entries) as object);
};

interface VatPowersOptions {
  readonly crank: CrankSink;
  readonly codec: VatCodec;
  readonly promises: Promises;
  readonly hardening: Hardening;
  readonly purity: Purity;
  /** The guarded `VatData` and the globals that go with it. */
  readonly vatData: object;
  readonly globals: Readonly<Record<string, unknown>>;
  /** Further members. */
  readonly powers: Readonly<Record<string, AnyFunction>>;
  /** Of an emergency upgrade. */
  readonly estate: Readonly<Record<string, AnyFunction>> | undefined;
}

export const makeVatPowers = (options: VatPowersOptions): object => {
  const { crank, codec, promises, hardening, vatData, globals, powers, estate } = options;
  const exit = (isFailure: boolean, info: unknown): void => {
    let encoded;
    let isOversized = false;
    try {
      encoded = codec.encodeForWire(hardening.harden(info));
    } catch (error) {
      crank.note(error);
      if (!isTooLarge(error)) throw error;
      encoded = codec.encodeForWire(hardening.harden(Error(error.message)));
      isOversized = true;
    }
    crank.syscall([Syscall.exit, isFailure || isOversized, encoded.body, encoded.slots]);
    promises.mentioned(encoded.slots);
  };
  const allNoted = (calls: Readonly<Record<string, AnyFunction>>): Record<string, AnyFunction> =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [name, noted(options, name, call)]),
    );
  return hardening.harden({
    ...allNoted(powers),
    ...(estate === undefined ? {} : { estate: allNoted(estate) }),
    exitVat: noted(options, 'exitVat', completion => exit(false, completion)),
    exitVatWithFailure: noted(options, 'exitVatWithFailure', reason => exit(true, reason)),
    VatData: vatData,
    WeakMap: globals['WeakMap'],
    WeakSet: globals['WeakSet'],
  });
};
