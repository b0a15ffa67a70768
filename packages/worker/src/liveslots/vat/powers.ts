/**
 * What vat code is given besides the intrinsics: the `VatData` global, and `vatPowers`.
 *
 * Before the thread knows its vat (rules.md#u4) the properties of `VatData` can be read; calling
 * one spoils the preparation, whatever vat code does with the exception.
 */
import { isTooLarge } from '@heirloom/store/codec';
import { check } from '../../check.js';
import type { CrankSink } from '../../contracts/crank-sink.js';
import type { Hardening } from '../../contracts/hardening.js';
import { Syscall } from '../../protocol/opcodes.js';
import type { Purity } from '../objects/purity.js';
import type { VatCodec } from '../promises/codec.js';
import type { Promises } from '../promises/promises.js';

/** What its parameters may be, only vat code could say, which calls it. */
type AnyFunction = (...args: never[]) => unknown;

const { apply } = Reflect;

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function';

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
  const { [name]: method } = {
    [name](...args: unknown[]): unknown {
      try {
        purity.assertOff(name);
        return apply(call, undefined, args);
      } catch (error) {
        crank.note(error);
        throw error;
      }
    },
  };
  check(method !== undefined, 'a method of that name');
  return method;
};

/** The `VatData` that vat code sees: the same names, each guarded. */
export const guardVatData = (options: GuardVatDataOptions): object => {
  const { vatData, binding, hardening } = options;
  const guard = (name: string, call: AnyFunction): AnyFunction => {
    const told = noted(options, name, call);
    const { [name]: method } = {
      [name](...args: unknown[]): unknown {
        if (!binding.isBound()) {
          binding.spoil();
          throw Error(`VatData.${name} is not available before the vat starts`);
        }
        return apply(told, undefined, args);
      },
    };
    check(method !== undefined, 'a method of that name');
    return method;
  };
  const entries = Object.entries(vatData).map(([name, value]: [string, unknown]) => [
    name,
    isFunction(value) ? guard(name, value) : value,
  ]);
  return hardening.harden<object>(Object.fromEntries(entries));
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
    if (isFailure) crank.thrown('', info, encoded.body);
    promises.mentioned(encoded.slots);
  };
  const allNoted = (calls: Readonly<Record<string, AnyFunction>>): Record<string, AnyFunction> =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [name, noted(options, name, call)]),
    );
  return hardening.harden({
    ...allNoted(powers),
    ...(estate === undefined ? {} : { estate: allNoted(estate) }),
    exitVat: noted(options, 'exitVat', (it: unknown) => exit(false, it)),
    exitVatWithFailure: noted(options, 'exitVatWithFailure', (it: unknown) => exit(true, it)),
    VatData: vatData,
    WeakMap: globals['WeakMap'],
    WeakSet: globals['WeakSet'],
  });
};
