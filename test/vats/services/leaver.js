import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** Exits when it is told, or at once when its parameters say so. */
export const buildRootObject = ({ exitVat, exitVatWithFailure }, parameters = {}) => {
  const exits = { well: exitVat, badly: exitVatWithFailure };
  const { how, info } = parameters;
  if (how !== undefined) exits[how](info);
  let calls = 0;
  return Far('leaver', {
    countCalls: () => (calls += 1),
    open: () => new Promise(() => {}),
    makeThing: () => Far('thing', { ping: () => 'pong' }),
    /** A message leaves before the exit, and one after it. */
    leave: (exit, reason, target, method, before, after) => {
      E.sendOnly(target)[method](...before);
      exits[exit](reason);
      E.sendOnly(target)[method](...after);
      return 'left';
    },
    leaveTwice: (first, second) => {
      exits[first](first);
      exits[second](second);
    },
    leaveLater: async (exit, target) => {
      await E(target).make('any');
      exits[exit]('later');
    },
    /** Of what is called behind an exit. */
    speak: () => console.error('still here'),
    spin: () => {
      for (;;);
    },
    leaveWithSymbol: exit => exits[exit](Symbol('unique')),
    leaveWithText: (exit, length) => exits[exit]('x'.repeat(length)),
  });
};
