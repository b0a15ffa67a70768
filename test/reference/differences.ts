/** The facts in which Heirloom differs from SwingSet's liveslots, by title, and what that does. */
const TAKES_FOREIGN_FACETS = 'takes facets of another kind, or fails without a word';
const REDACTS_NAMES = 'hides names of kinds and properties as (a string)';
const CONSTRUCTORS = 'has constructors of other names that ignore their argument';

export const DIFFERENCES: Readonly<Record<string, string>> = {
  'method: on an instance of another kind -> refused': TAKES_FOREIGN_FACETS,
  'amplifier: anything else -> refused': TAKES_FOREIGN_FACETS,
  'instance tester: a single-facet kind -> its instances only': TAKES_FOREIGN_FACETS,
  'instance tester: a kit -> any of its facets': TAKES_FOREIGN_FACETS,
  'handle: its kind defined twice -> refused, the tag quoted by the Multi variant': REDACTS_NAMES,
  'state: what is not -> refused by init, the property named': REDACTS_NAMES,
  'state: what is not -> refused by setters, the old value kept': REDACTS_NAMES,
  'state: several references -> the first that is not durable is counted out': REDACTS_NAMES,
  'stateShape: one that mentions what is not durable -> refused, the kind still undefined':
    REDACTS_NAMES,
  'handle: its tag no string -> refused; the empty one -> taken': 'takes any tag',
  'setter and init: their values -> hardened': 'takes nothing that is not hardened',
  'arguments and results of sends, values of stores, state -> hardened on the way':
    'takes nothing for state, and for init of a store, that is not hardened',
  'what canBeDurable is asked about -> must be hardened by the asker': 'refuses with an Error',
  'passStyleOf and harden -> the endowments of the vat, in child compartments too':
    'has this from its supervisors, which do not run here',
  'iterators: iterable once, frozen': 'leaves iterators unfrozen',
  'patterns: what is none -> refused': 'complains at the first step of an iteration',
  'patterns: a remotable that is no key -> nothing': 'fails: no ordinal',
  'valueShape: of a set -> no effect': 'matches it with null',
  'no source at all -> not iterable': 'fails as the engine does',
  'keys: byte arrays -> refused as what is no scalar, though they are scalars to endo':
    'fails, `has` too: encodePassable(byteArray) not yet implemented',
  'the constructors -> named, frozen, the same in vatPowers and child compartments': CONSTRUCTORS,
  'the constructors: without new -> TypeError; subclasses -> work': CONSTRUCTORS,
};
