/** How a part of liveslots takes deliveries; vat/dispatch.ts hands them out. */
import type { DeliveryTuple } from '../../protocol/to-worker.js';

/** The rest of a delivery, to be run when the vat is quiescent. */
export type Continuation = () => Continuation | undefined;

export type DeliveryOpcode = DeliveryTuple[0];

export type DeliveryOf<Op extends DeliveryOpcode> = Extract<
  DeliveryTuple,
  readonly [Op, ...unknown[]]
>;

export type DeliveryHandler<Op extends DeliveryOpcode> = (
  delivery: DeliveryOf<Op>,
) => Continuation | undefined;

export interface DeliveryHandlers {
  /** One handler for each opcode: the last one that was given. */
  register<Op extends DeliveryOpcode>(opcode: Op, handler: DeliveryHandler<Op>): void;
}
