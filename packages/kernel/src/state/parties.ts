/**
 * Who owns an object, decides a promise, or is told of its settlement: a vat, or a sentinel that
 * stands for somebody else. The sentinels of the three are of different types, though their numbers
 * are alike: none is taken for another, and none for a vat.
 *
 * `isVatNumber` says whether it is a vat. The numbers are stored: they stay as they are.
 */
import type { Brand } from '@heirloom/store';
import type { VatNumber } from '@heirloom/worker';

type OwnerSentinel = Brand<number, 'OwnerSentinel'>;
/** Who answers messages to an object. */
export type Owner = VatNumber | OwnerSentinel;
const nonOwner = (n: number): OwnerSentinel => n as OwnerSentinel;
/** Nobody owns the object any more. */
export const NOBODY_OWNS = nonOwner(0);
/** An object of the host, of the kernel itself. */
export const HOST_OWNS = nonOwner(-1);
export const KERNEL_OWNS = nonOwner(-2);
/** Nobody answers, the object's kind was dismissed. Its name is the kind's tag. */
export const REVOKED = nonOwner(-3);

type DeciderSentinel = Brand<number, 'DeciderSentinel'>;
/** Who may settle a promise. */
export type Decider = VatNumber | DeciderSentinel;
const nonVat = (n: number): DeciderSentinel => n as DeciderSentinel;
/** The promise has settled, or a message that would settle it is queued. */
export const NOBODY_DECIDES = nonVat(0);
export const KERNEL_DECIDES = nonVat(-1);
/** For the result of a call of a host object. */
export const HOST_DECIDES = nonVat(-2);

type SubscriberSentinel = Brand<number, 'SubscriberSentinel'>;
/** Who is told of a settlement. */
export type Subscriber = VatNumber | SubscriberSentinel;
export const HOST_SUBSCRIBES = -1 as SubscriberSentinel;
