/**
 * Random steps: the code of one operation in the vat, and what the model says that it gives.
 *
 * `expected` is compared with what `attempt` in the vat makes of the operation's outcome: a refusal
 * is `['refused', what]`, an object `['ref', id, facet]`.
 */
import { find, FIELDS, isSet, isStore, isWeak, remove, selected, STORES } from './things.js';
import { codeOf, patternOf, primitiveOf, same } from './values.js';
import type { Random } from '../../support/suite/random.js';
import type { Thing, Things, ThingType } from './things.js';
import type { Value } from './values.js';

export interface Step {
  readonly code: string;
  readonly expected: unknown;
}
type Maker = (random: Random, things: Things) => Step | undefined;

const refused = (what: string) => ['refused', what];
const list = (values: readonly unknown[]) => ['list', ...values];

const valueOf = (random: Random, things: Things): Value => {
  const ref = random.chance(0.3) ? things.refOf(random) : undefined;
  const value = ref ?? primitiveOf(random);
  if (random.chance(0.75)) return value;
  return ['list', value, primitiveOf(random), ['list', value]];
};

const keyOf = (random: Random, things: Things, { entries }: Thing): Value => {
  const known = random.chance(0.5) ? entries[random.below(Math.max(1, entries.length))] : undefined;
  if (known !== undefined) return known.key;
  return (random.chance(0.3) ? things.refOf(random) : undefined) ?? primitiveOf(random);
};

const TYPES: readonly ThingType[] = ['one', 'kit', 'far', ...STORES, ...STORES];

const make: Maker = (random, things) => {
  const type = TYPES[random.below(TYPES.length)]!;
  const isDurable = type !== 'far' && random.chance(0.6);
  const values = FIELDS.map(() => valueOf(random, things));
  const how = `'${type}', ${isDurable}, [${values.map(codeOf).join(', ')}]`;
  const isKind = type === 'one' || type === 'kit';
  if (isKind && isDurable && !values.every(value => things.isDurable(value))) {
    return { code: `make(0, ${how})`, expected: refused('not durable') };
  }
  const thing = things.add(type, isDurable);
  if (isKind) FIELDS.forEach((name, i) => thing.state.set(name, values[i]));
  return { code: `make(${thing.id}, ${how})`, expected: undefined };
};

const kinds = (thing: Thing): boolean => thing.state.size > 0;

const setField: Maker = (random, things) => {
  const thing = things.pick(random, kinds);
  if (thing === undefined) return undefined;
  const name = FIELDS[random.below(FIELDS.length)]!;
  const value = valueOf(random, things);
  const isLegal = !thing.isDurable || things.isDurable(value);
  if (isLegal) thing.state.set(name, value);
  const code = `o(${thing.id}, 'a').set('${name}', ${codeOf(value)})`;
  return { code, expected: isLegal ? undefined : refused('not durable') };
};

const readState = (thing: Thing): Step => ({
  code: `['p', 'q', 'r'].map(name => o(${thing.id}, 'b').get(name))`,
  expected: list(FIELDS.map(name => thing.state.get(name))),
});

/** Of map stores: `init` or `set`, whichever may be right. */
const put: Maker = (random, things) => {
  const thing = things.pick(random, isStore);
  if (thing === undefined) return undefined;
  const [key, value] = [keyOf(random, things, thing), valueOf(random, things)];
  const entry = find(thing, key);
  const mayHold = (it: Value): boolean => !thing.isDurable || things.isDurable(it);
  const step = (call: string, expected: unknown): Step =>
    ({ code: `o(${thing.id}).${call}`, expected });
  if (isSet(thing)) {
    if (entry === undefined && !mayHold(key)) {
      return step(`add(${codeOf(key)})`, refused('not durable'));
    }
    if (entry === undefined) thing.entries.push({ key, value: null });
    return step(`add(${codeOf(key)})`, undefined);
  }
  const isInit = random.chance(entry === undefined ? 0.8 : 0.2);
  const call = `${isInit ? 'init' : 'set'}(${codeOf(key)}, ${codeOf(value)})`;
  if (isInit && entry !== undefined) return step(call, refused('already registered'));
  if (!mayHold(value)) return step(call, refused('not durable'));
  if (!isInit && entry === undefined) return step(call, refused('not found'));
  if (!mayHold(key)) return step(call, refused('not durable'));
  if (entry === undefined) thing.entries.push({ key, value });
  else entry.value = value;
  return step(call, undefined);
};

const addAll: Maker = (random, things) => {
  const thing = things.pick(random, isStore);
  if (thing === undefined) return undefined;
  const count = random.below(5);
  const pairs = Array.from({ length: count }, (_, i) => [primitiveOf(random), i] as const);
  for (const [key, value] of pairs) {
    const entry = find(thing, key);
    if (entry === undefined) thing.entries.push({ key, value: isSet(thing) ? null : value });
    else if (!isSet(thing)) entry.value = value;
  }
  const spelled = pairs.map(([key, value]) =>
    isSet(thing) ? codeOf(key) : `[${codeOf(key)}, ${value}]`);
  return { code: `o(${thing.id}).addAll([${spelled.join(', ')}])`, expected: undefined };
};

const drop: Maker = (random, things) => {
  const thing = things.pick(random, isStore);
  if (thing === undefined) return undefined;
  const key = keyOf(random, things, thing);
  const isThere = find(thing, key) !== undefined;
  remove(thing, key);
  const code = `o(${thing.id}).delete(${codeOf(key)})`;
  return { code, expected: isThere ? undefined : refused('not found') };
};

const look: Maker = (random, things) => {
  const thing = things.pick(random, isStore);
  if (thing === undefined) return undefined;
  const key = keyOf(random, things, thing);
  const entry = find(thing, key);
  const [store, spelled] = [`o(${thing.id})`, codeOf(key)];
  if (isSet(thing) || random.chance(0.3)) {
    return { code: `${store}.has(${spelled})`, expected: entry !== undefined };
  }
  const expected = entry === undefined ? refused('not found') : entry.value;
  return { code: `${store}.get(${spelled})`, expected };
};

const strong = (thing: Thing): boolean => isStore(thing) && !isWeak(thing);

/** keys, values, entries, getSize, snapshot or clear, with patterns. */
const select: Maker = (random, things) => {
  const thing = things.pick(random, strong);
  if (thing === undefined) return undefined;
  const keys = patternOf(random, thing.entries.map(({ key }) => key));
  const values = isSet(thing) ? undefined : patternOf(random, thing.entries.map(e => e.value));
  const found = selected(thing, keys, values);
  const patterns = values === undefined ? keys.code : `${keys.code}, ${values.code}`;
  const call = (name: string): string => `o(${thing.id}).${name}(${patterns})`;
  const keysFound = found.map(({ key }) => key);
  switch (random.below(6)) {
    case 0:
      return { code: `[...${call('keys')}]`, expected: list(keysFound) };
    case 1: {
      const expected = isSet(thing) ? keysFound : found.map(({ value }) => value);
      return { code: `[...${call('values')}]`, expected: list(expected) };
    }
    case 2:
      if (isSet(thing)) return undefined;
      return {
        code: `[...${call('entries')}]`,
        expected: list(found.map(({ key, value }) => list([key, value]))),
      };
    case 3:
      return { code: call('getSize'), expected: found.length };
    case 4: {
      const payload = `${call('snapshot')}.payload`;
      return { code: isSet(thing) ? `${payload}.length` : `${payload}.keys.length`,
        expected: found.length };
    }
    default:
      if (!random.chance(0.3)) return undefined;
      for (const { key } of found) remove(thing, key);
      return { code: call('clear'), expected: undefined };
  }
};

/** One step of an iteration, then a key deleted or added, then the rest. */
const walk: Maker = (random, things) => {
  const thing = things.pick(random, it => strong(it) && it.entries.length > 1);
  if (thing === undefined) return undefined;
  const order = selected(thing, { code: '', matches: () => true }).map(({ key }) => key);
  const store = `o(${thing.id})`;
  const begun = `const keys = ${store}.keys(); const first = keys.next().value;`;
  if (random.chance(0.3)) {
    thing.entries.push({ key: things.takeName(), value: null });
    const added = codeOf(thing.entries.at(-1)!.key);
    const change = isSet(thing) ? `${store}.add(${added})` : `${store}.init(${added}, null)`;
    return { code: `(() => { ${begun} ${change}; return keys.next(); })()`,
      expected: refused('cannot be added') };
  }
  const gone = order[random.below(order.length)]!;
  remove(thing, gone);
  const rest = order.slice(1).filter(key => !same(key, gone));
  return {
    code: `(() => { ${begun} ${store}.delete(${codeOf(gone)}); return [first, ...keys]; })()`,
    expected: list([order[0], ...rest]),
  };
};

/** Strongly held or let go: what is read later is the same, made again or not. */
const hold: Maker = (random, things) => {
  const ref = things.refOf(random);
  if (ref === undefined) return undefined;
  const isHeld = random.chance(0.5);
  return { code: `hold(${ref[1]}, ${isHeld})`, expected: undefined };
};

const read: Maker = (random, things) => {
  const thing = things.pick(random, kinds);
  return thing === undefined ? undefined : readState(thing);
};

const MAKERS: readonly (readonly [weight: number, maker: Maker])[] = [
  [3, make], [4, setField], [3, read], [8, put], [2, addAll], [3, drop], [4, look], [5, select],
  [2, walk], [1, hold],
];
const TOTAL = MAKERS.reduce((sum, [weight]) => sum + weight, 0);

export const nextStep = (random: Random, things: Things): Step | undefined => {
  let n = random.below(TOTAL);
  for (const [weight, maker] of MAKERS) {
    if (n < weight) return maker(random, things);
    n -= weight;
  }
  throw Error('the weights do not add up');
};

/** Reads all that there is. */
export const readAll = (things: Things): readonly Step[] =>
  things.all().flatMap((thing): Step[] => {
    if (kinds(thing)) return [readState(thing)];
    if (!isStore(thing)) return [];
    const everything = selected(thing, { code: '', matches: () => true });
    if (isWeak(thing)) {
      return everything.map(({ key, value }) => ({
        code: `o(${thing.id}).${isSet(thing) ? 'has' : 'get'}(${codeOf(key)})`,
        expected: isSet(thing) ? true : value,
      }));
    }
    const keys = everything.map(({ key }) => key);
    const steps = [
      { code: `[...o(${thing.id}).keys()]`, expected: list(keys) },
      { code: `o(${thing.id}).getSize()`, expected: keys.length },
    ];
    if (isSet(thing)) return steps;
    const values = everything.map(({ value }) => value);
    return [...steps, { code: `[...o(${thing.id}).values()]`, expected: list(values) }];
  });
