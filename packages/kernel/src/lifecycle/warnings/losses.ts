/** What others lose with an incarnation, and what its own code will never hear. */
import type { Steps } from '@heirloom/store';
import {
  isAllocatedByVat,
  isVatNumber,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { getPromise } from '../../objects/counts.js';
import { methodName } from '../../objects/kernel-data.js';
import { interfaceOf } from '../../objects/object-interfaces.js';
import { alarmTimeOf, ranges, waiterOf } from '../../state/kernel-keys.js';
import type { KernelState } from '../../state/kernel-state.js';
import type { KRef } from '../../state/krefs.js';
import { HOST_SUBSCRIBES, KERNEL_DECIDES } from '../../state/parties.js';
import { ItemType } from '../../state/queue-items.js';
import { runningVats } from '../../state/running-vats.js';
import { PromiseState } from '../../state/schema.js';
import { watchesIn } from '../termination.js';
import { holdersOf, vatName } from './holders-named.js';
import { listed, plural, type UpgradeWarning } from './warning.js';

/** How often it is looked up who holds something: in all, and of how many exports of each group. */
interface Asked {
  readonly lookups: number;
  /** At least. */
  readonly ofEach: number;
}

const ASKED_USUALLY: Asked = { lookups: 5_000, ofEach: 1 };
/** Interfaces of whose exports holders are asked after: one more than are told. */
const GROUPS_LOOKED_AT_MAX = 21;

const ALLEGED = 'Alleged: ';

const shortInterface = (state: KernelState, kref: KRef): string => {
  const name = interfaceOf(state, kref) ?? '';
  return name.startsWith(ALLEGED) ? name.slice(ALLEGED.length) : name;
};

const into = <K, V>(map: Map<K, V[]>, key: K, value: V): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

/** How many exports of each of so many groups are looked at, each with all vats. */
const exportsLookedAt = (groups: number, vats: number, { lookups, ofEach }: Asked): number =>
  Math.max(ofEach, Math.floor(lookups / ((vats + 1) * Math.min(groups, GROUPS_LOOKED_AT_MAX))));

/** `vrefs`: the exports that end with the incarnation. By interface, with who holds the first. */
export function* lostExports(
  state: KernelState,
  vat: VatNumber,
  vrefs: readonly VRef[],
  asked = ASKED_USUALLY,
): Steps<UpgradeWarning[]> {
  const { byVRef } = state.clist(vat);
  const groups = new Map<string, KRef[]>();
  for (const vref of vrefs) {
    const kref = byVRef.need(vref);
    into(groups, shortInterface(state, kref), kref);
    yield;
  }
  const warnings: UpgradeWarning[] = [];
  const others = runningVats(state).filter(other => other !== vat);
  const most = exportsLookedAt(groups.size, others.length, asked);
  for (const [name, krefs] of groups) {
    const holders = new Set<string>();
    const isLookedAt = warnings.length < GROUPS_LOOKED_AT_MAX;
    for (const kref of isLookedAt ? krefs.slice(0, most) : []) {
      for (const holder of holdersOf(state, others, kref)) holders.add(holder);
      yield;
    }
    const nobody = isLookedAt && most > 0 ? 'data that is on its way' : 'others';
    const who = holders.size === 0 ? nobody : listed([...holders]);
    const what = `${plural(krefs.length, 'object')} ${JSON.stringify(name)}`;
    const text =
      `${what}, held by ${who}, will answer "vat terminated": ` +
      'make it an instance of a durable kind, or name it with nameExport and reconnect it';
    warnings.push({ code: 'EXPORT_LOST', subject: name, text, count: krefs.length });
  }
  return warnings;
}

/** Named exports that the start has not reconnected. */
export const lostNames = (names: readonly string[]): UpgradeWarning[] =>
  names.map(name => {
    const text =
      `the named export "${name}" is not reconnected: its holders' calls will answer "vat ` +
      'terminated". Call reconnectExport in the start';
    return { code: 'EXPORT_LOST', subject: `name ${name}`, text, count: 1 };
  });

/** What each promise is the answer to, of messages that wait on the queue. */
function* waitingMethods(
  state: KernelState,
  promises: ReadonlySet<KRef>,
): Steps<Map<KRef, string>> {
  const methods = new Map<KRef, string>();
  for (const { item } of state.queue.entries()) {
    yield;
    if (item.type !== ItemType.send || item.result === undefined) continue;
    if (!promises.has(item.result)) continue;
    const name = methodName(item.body, item.slots);
    if (typeof name === 'string') methods.set(item.result, name);
  }
  return methods;
}

/** The times for which the clock is to settle promises. */
function* alarmTimes(
  state: KernelState,
  promises: ReadonlySet<KRef>,
  alarmsMax: number,
): Steps<Map<KRef, number>> {
  const times = new Map<KRef, number>();
  const isOfKernel = (promise: KRef): boolean =>
    getPromise(state, promise).decider === KERNEL_DECIDES;
  if (![...promises].some(isOfKernel)) return times;
  let left = alarmsMax;
  for (const key of state.services.alarms.scan(ranges.alarms)) {
    yield;
    if (left === 0) return times;
    left -= 1;
    const waiter = waiterOf(key);
    if (promises.has(waiter)) times.set(waiter, alarmTimeOf(key));
  }
  return times;
}

/** Results of the vat's own sends that it will not be told of: a drain would wait for them. */
function* unheardPromises(
  state: KernelState,
  vat: VatNumber,
  promises: readonly KRef[],
): Steps<KRef[]> {
  const { byKRef } = state.clist(vat);
  const kept = watchesIn(state, state.vats.need(vat).spaces);
  const unheard: KRef[] = [];
  for (const promise of promises) {
    yield;
    const [vref] = byKRef.need(promise);
    const { state: settled, decider } = getPromise(state, promise);
    if (settled === PromiseState.unresolved && decider === vat) continue;
    if (!isAllocatedByVat(vref) || kept.isWatched(vref) || kept.isDurable(vref)) continue;
    unheard.push(promise);
  }
  return unheard;
}

const NOT_WATCHED =
  'the code behind its await or then is forgotten: watch the promise with VatData.watchPromise, ' +
  'or let the upgrade drain';

/** How far other tables than the vat's are looked through for what is said of a promise. */
interface Sources {
  /** The run queue: for the messages that promises are the answers to. */
  readonly asksMethods: boolean;
  /** Alarms of all vats, the next ones first. */
  readonly alarmsMax: number;
}

const ALL_SOURCES: Sources = { asksMethods: true, alarmsMax: Infinity };

/** `promises`: all that the vat has. */
export function* unheardAnswers(
  state: KernelState,
  vat: VatNumber,
  promises: readonly KRef[],
  { asksMethods, alarmsMax } = ALL_SOURCES,
): Steps<UpgradeWarning[]> {
  const unheard = new Set(yield* unheardPromises(state, vat, promises));
  const times = yield* alarmTimes(state, unheard, alarmsMax);
  const isAsked = asksMethods && unheard.size > 0;
  const methods = isAsked ? yield* waitingMethods(state, unheard) : new Map();
  const groups = new Map<string, { readonly subject: string; count: number }>();
  for (const promise of unheard) {
    if (times.has(promise)) continue;
    const { state: settled, decider } = getPromise(state, promise);
    const method: unknown = methods.get(promise);
    const asked = typeof method === 'string' ? `the answer to ${method}` : 'an answer';
    const from = isVatNumber(decider) ? ` of ${vatName(state, decider)}` : '';
    const is = settled === PromiseState.unresolved ? '' : ', which is on its way';
    const what = `${asked}${from}${is}`;
    const group = groups.get(what) ?? { subject: `an answer${from}`, count: 0 };
    group.count += 1;
    groups.set(what, group);
    yield;
  }
  const warnings = [...groups].map(([what, { subject, count }]): UpgradeWarning => {
    const often = count === 1 ? '' : `, ${plural(count, 'time')}`;
    const text = `the vat waits for ${what}${often}, and ${NOT_WATCHED}`;
    return { code: 'PROMISE_NOT_WATCHED', subject, text, count };
  });
  if (times.size === 0) return warnings;
  const [first] = [...times.values()].sort((a, b) => a - b);
  const text =
    `the vat waits for the clock (wakeAt), ${plural(times.size, 'time')}, first for ` +
    `${first ?? 0}, and ${NOT_WATCHED}`;
  return [...warnings, { code: 'ALARM_LOST', subject: 'wakeAt', text, count: times.size }];
}

/** `rejected`: promises that the vat decides. Who waits for them. */
export function* lostAnswers(
  state: KernelState,
  vat: VatNumber,
  rejected: readonly KRef[],
): Steps<UpgradeWarning[]> {
  const groups = new Map<string, KRef[]>();
  for (const promise of rejected) {
    yield;
    const { subscribers } = getPromise(state, promise);
    for (const subscriber of subscribers) {
      if (subscriber === vat) continue;
      const who = isVatNumber(subscriber) ? vatName(state, subscriber) : 'the host';
      into(groups, subscriber === HOST_SUBSCRIBES ? 'the host' : who, promise);
    }
  }
  return [...groups].map(([who, krefs]): UpgradeWarning => {
    const what = plural(krefs.length, 'promise');
    const text =
      `${who} waits for ${what} of the vat, which will be rejected with "vatUpgraded": ` +
      'answer with durable promises, let the upgrade drain, or see that it asks again';
    return { code: 'ANSWER_LOST', subject: who, text, count: krefs.length };
  });
}
