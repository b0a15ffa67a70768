/** What objects of liveslots inherit from that can be passed, as `Remotable` of endo makes it. */
import { PASS_STYLE } from '@endo/pass-style';

/** To be hardened by the caller. `iface`: as `getInterfaceOf` gives it. */
export const farPrototype = (iface: string): object =>
  Object.create(Object.prototype, {
    [PASS_STYLE]: { value: 'remotable' },
    [Symbol.toStringTag]: { value: iface },
  });
