/**
 * Deliveries and syscalls in words.
 *
 * Bodies are data of vats: of a message only the method's name is looked at, and what does not
 * decode has none. References stand as the vat calls them.
 */
import { PassableCodec } from '@heirloom/store';
import {
  Delivery,
  readDelivery,
  Syscall,
  type Resolution,
  type SyscallTuple,
} from '@heirloom/worker';
import type { LogValue } from './log-records.js';

export type Description = { readonly event: string } & Readonly<Record<string, LogValue>>;

class Named {}

const codec = new PassableCodec({
  slotOf: () => undefined,
  valueOf: () => Object.freeze(new Named()),
  isHardened: () => true,
  bornHardened: value => value,
});

/** The method of a message; null when the body is none that `E` would send. */
const methodOf = (body: Uint8Array, slots: readonly string[]): string | null => {
  let call: unknown;
  try {
    call = codec.decode(body, slots);
  } catch {
    return null; // a worker may send any bytes: the kernel does not look at them either
  }
  const method: unknown = Array.isArray(call) ? call[0] : undefined;
  if (typeof method === 'string') return method;
  return typeof method === 'symbol' ? String(method) : null;
};

/** Why a promise was rejected: the text of an error, or null when it is none. */
export const describeReason = (body: Uint8Array, slots: readonly unknown[]): string | null => {
  try {
    const reason = codec.decode(body, slots.map(String));
    return reason instanceof Error ? `${reason.name}: ${reason.message}` : null;
  } catch {
    return null; // as above
  }
};

const settlements = (resolutions: readonly Resolution[]): Readonly<Record<string, LogValue>> => ({
  promises: resolutions.map(([vpid]) => vpid),
  rejected: resolutions.filter(([, rejected]) => rejected).map(([vpid]) => vpid),
  bytes: resolutions.reduce((sum, [, , body]) => sum + body.length, 0),
});

const message = (
  target: string,
  body: Uint8Array,
  slots: readonly string[],
  result: string | null,
): Readonly<Record<string, LogValue>> => ({
  target,
  method: methodOf(body, slots),
  bytes: body.length,
  slots: [...slots],
  result,
});

export const describeDelivery = (packed: Uint8Array): Description => {
  const tuple = readDelivery(packed);
  switch (tuple[0]) {
    case Delivery.startVat:
      return { event: 'startVat', bytes: tuple[1].length, slots: [...tuple[2]] };
    case Delivery.message: {
      const [, target, body, slots, result] = tuple;
      return { event: 'message', ...message(target, body, slots, result) };
    }
    case Delivery.notify:
      return { event: 'notify', ...settlements(tuple[1]) };
    case Delivery.dropExports:
      return { event: 'dropExports', slots: [...tuple[1]] };
    case Delivery.retireExports:
      return { event: 'retireExports', slots: [...tuple[1]] };
    case Delivery.retireImports:
      return { event: 'retireImports', slots: [...tuple[1]] };
    case Delivery.reap:
      return { event: 'reap' };
    case Delivery.sweep:
      return { event: 'sweep' };
    case Delivery.migrate:
      return { event: 'migrate', isFirst: tuple[2] };
    case Delivery.fork: {
      const [, parameters, slots, exports] = tuple;
      const given = { slots: [...slots], exports: [...exports] };
      return { event: 'fork', bytes: parameters.length, ...given };
    }
    default:
      throw TypeError(`unknown delivery ${String(tuple satisfies never)}`);
  }
};

export const describeSyscall = (syscall: SyscallTuple): Description => {
  switch (syscall[0]) {
    case Syscall.send: {
      const [, target, body, slots, result] = syscall;
      return { event: 'send', ...message(target, body, slots, result) };
    }
    case Syscall.subscribe:
      return { event: 'subscribe', promise: syscall[1] };
    case Syscall.keep:
      return { event: 'keep', promise: syscall[1] };
    case Syscall.resolve:
      return { event: 'resolve', ...settlements(syscall[1]) };
    case Syscall.exit:
      return { event: 'exit', isFailure: syscall[1], bytes: syscall[2].length };
    case Syscall.dropImports:
      return { event: 'dropImports', slots: [...syscall[1]] };
    case Syscall.retireImports:
      return { event: 'retireImports', slots: [...syscall[1]] };
    case Syscall.retireExports:
      return { event: 'retireExports', slots: [...syscall[1]] };
    case Syscall.abandonExports:
      return { event: 'abandonExports', slots: [...syscall[1]] };
    case Syscall.dismissKind:
      return { event: 'dismissKind', kind: syscall[1], tag: syscall[2] };
    case Syscall.allege:
      return { event: 'allege', interfaces: syscall[1].map(([vref, name]) => [vref, name]) };
    default:
      throw TypeError(`unknown syscall ${String(syscall satisfies never)}`);
  }
};
