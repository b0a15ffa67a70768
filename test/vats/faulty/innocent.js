import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const PARTS_MAX = 5;

/** All that an error says, with its causes, or of what sort another thing is. */
const told = (thing, parts = PARTS_MAX) => {
  if (!(thing instanceof Error)) return typeof thing;
  if (parts === 0) return '..';
  const own = `${thing.name}: ${thing.message}`;
  const cause = 'cause' in thing ? [`cause ${told(thing.cause, parts - 1)}`] : [];
  const errors = 'errors' in thing ? thing.errors.map(error => told(error, parts - 1)) : [];
  return [own, ...cause, ...errors].join('; ');
};

/** Catches, throws again, catches that. */
const again = thing => {
  try {
    try {
      throw thing;
    } catch (first) {
      throw first;
    }
  } catch (second) {
    return told(second);
  }
};

const heard = async promise => {
  try {
    return `fulfilled ${again(await promise)}`;
  } catch (error) {
    return `rejected ${again(error)}`;
  }
};

/** An honest vat that looks at whatever it is given, as careless code does. */
export const buildRootObject = (_vatPowers, _parameters, baggage) => {
  if (!baggage.has('kept')) baggage.init('kept', undefined);
  let held;
  return Far('innocent', {
    answer: () => 42,
    /** What the call of another's object is rejected with. */
    ask: target => heard(E(target).price()),
    hear: heard,
    catch: again,
    /** As its own rejection. */
    rethrow: thing => {
      try {
        throw thing;
      } catch (error) {
        throw error;
      }
    },
    pass: thing => thing,
    /** Of what sort the balance of another vat's purse is. */
    weigh: purse => E(purse).getBalance().then(balance => typeof balance),
    settle: promises => Promise.allSettled(promises).then(list =>
      list.map(({ status, reason }) => `${status} ${told(reason)}`).join(),
    ),
    keep: thing => baggage.set('kept', thing),
    /** In the heap, as data that is not durable must be. */
    hold: thing => {
      held = thing;
      return typeof held;
    },
    tell: () => again(baggage.get('kept')),
  });
};
