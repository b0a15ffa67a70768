/**
 * The timer service: wakes handlers and settles promises at block times, over the kernel's clock.
 *
 * Events are durable objects under a key of (time, number); the vat asks the clock for a promise of
 * the earliest time only and watches it, so that an upgrade loses no event. Promises that callers
 * wait for (`wakeAt`, `delay`, `getUpdateSince`) are RAM: an upgrade rejects them.
 */
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';
import { provide, provideKind, provideKinds, provideStore } from './durable.js';

const TIME_DIGITS = 15;
const NUMBER_DIGITS = 15;
/** Of the clock. */
const TIME_MAX = 2n ** 48n - 1n;

const isHandler = value => typeof value === 'object' && value !== null;

/** Times as callers give them: bigints, numbers, or records with the brand. */
const makeTimes = brand => {
  const read = (value, field) => {
    if (typeof value === 'bigint' || typeof value === 'number') {
      const time = BigInt(value);
      if (time < 0n) throw RangeError('Must be non-negative');
      return time;
    }
    if (typeof value !== 'object' || value === null || typeof value[field] !== 'bigint') {
      throw TypeError(`a time is a bigint or a record with ${field}`);
    }
    if (value.timerBrand !== brand) throw Error('TimerBrands must match');
    return read(value[field], field);
  };
  return {
    absOf: value => read(value, 'absValue'),
    relOf: value => read(value, 'relValue'),
    stamp: absValue => harden({ timerBrand: brand, absValue }),
  };
};

/** The first of `start`, `start + interval`, ... that is not before `now`, or after `now`. */
const nextMultiple = (start, interval, now, after) => {
  if (now < start || (now === start && !after)) return start;
  return start + ((now - start) / interval + 1n) * interval;
};

const keyOf = (time, number) =>
  `${String(time).padStart(TIME_DIGITS, '0')}/${String(number).padStart(NUMBER_DIGITS, '0')}`;
const timeOf = key => BigInt(key.slice(0, TIME_DIGITS));

/** Has `fire` called with the time when the earliest is due: the clock is asked for that alone. */
const makeAlarm = (baggage, clock, { earliest, fire }) => {
  provide(baggage, 'armed', () => undefined);
  const alarm = {};
  const arm = () => {
    const next = earliest();
    const armed = baggage.get('armed');
    if (next === undefined || (armed !== undefined && armed <= next)) return;
    baggage.set('armed', next);
    VatData.watchPromise(E(clock).wakeAt(next), alarm.watcher);
  };
  const wakeUp = now => {
    const armed = baggage.get('armed');
    if (armed !== undefined && armed <= now) baggage.set('armed', undefined);
    fire(now);
    arm();
  };
  const handle = provide(baggage, 'alarm kind', () => VatData.makeKindHandle('alarm'));
  alarm.watcher = VatData.providePromiseWatcher(handle, wakeUp);
  return arm;
};

/** What is to happen when: durable events, and in RAM the promises that callers wait for. */
const makeSchedule = (baggage, clock, stamp) => {
  const events = provideStore(baggage, 'schedule');
  const waits = new Map();
  provide(baggage, 'number', () => 0);
  const newKey = time => {
    if (time > TIME_MAX) throw RangeError(`no time is past ${TIME_MAX}`);
    const number = baggage.get('number') + 1;
    baggage.set('number', number);
    return keyOf(time, number);
  };
  /** In order, durable events only as far as they are due. */
  const dueKeys = now => {
    const due = [];
    for (const key of events.keys()) {
      if (timeOf(key) > now) break;
      due.push(key);
    }
    for (const key of waits.keys()) if (timeOf(key) <= now) due.push(key);
    return due.sort();
  };
  const fire = now => {
    for (const key of dueKeys(now)) {
      const wait = waits.get(key);
      waits.delete(key);
      if (wait !== undefined) wait.resolve(stamp(now));
      else if (events.has(key)) {
        const event = events.get(key);
        events.delete(key);
        event.fire(now);
      }
    }
  };
  const earliest = () => {
    const [first] = events.keys();
    const keys = [...waits.keys(), ...(first === undefined ? [] : [first])];
    return keys.length === 0 ? undefined : timeOf(keys.sort()[0]);
  };
  const arm = makeAlarm(baggage, clock, { earliest, fire });
  return {
    add: (time, event) => {
      const key = newKey(time);
      events.init(key, event);
      arm();
      return key;
    },
    remove: key => {
      if (events.has(key)) events.delete(key);
    },
    /** A promise for `time`, and how to give it up. */
    wait: time => {
      const key = newKey(time);
      const promise = new Promise((resolve, reject) => waits.set(key, { resolve, reject }));
      arm();
      const cancel = () => {
        const wait = waits.get(key);
        waits.delete(key);
        wait?.reject(Error('TimerCancelled'));
      };
      return { promise, cancel };
    },
  };
};

/** Which events and waits go when a token is used to cancel. */
const makeTokens = baggage => {
  const durable = provideStore(baggage, 'tokens');
  const fleeting = new Map();
  return {
    add: (token, event) => {
      if (token === undefined) return;
      if (!isHandler(token)) throw TypeError('a cancel token is an object');
      if (durable.has(token)) durable.set(token, harden([...durable.get(token), event]));
      else durable.init(token, harden([event]));
    },
    remove: (token, event) => {
      if (token === undefined || !durable.has(token)) return;
      const rest = durable.get(token).filter(other => other !== event);
      if (rest.length === 0) durable.delete(token);
      else durable.set(token, harden(rest));
    },
    /** Has `cancel` called, unless `promise` settles before. */
    addWait: (token, { promise, cancel }) => {
      if (token === undefined) return promise;
      if (!isHandler(token)) throw TypeError('a cancel token is an object');
      const cancels = fleeting.get(token) ?? new Set();
      fleeting.set(token, cancels.add(cancel));
      const forget = () => {
        cancels.delete(cancel);
        if (cancels.size === 0) fleeting.delete(token);
      };
      promise.then(forget, forget);
      return promise;
    },
    cancel: (token, now) => {
      const cancels = fleeting.get(token) ?? new Set();
      fleeting.delete(token);
      for (const cancel of cancels) cancel();
      if (!durable.has(token)) return;
      const events = durable.get(token);
      durable.delete(token);
      for (const event of events) event.cancel(now);
    },
  };
};

/** A handler that is woken once. */
const defineWakeup = (baggage, { stamp, schedule, tokens }) => {
  const make = provideKind(baggage, 'wakeup', (handler, token) => ({ handler, token, key: '' }), {
    begin: ({ state, self }, time) => {
      tokens.add(state.token, self);
      state.key = schedule.add(time, self);
    },
    fire: ({ state, self }, now) => {
      tokens.remove(state.token, self);
      E(state.handler)
        .wake(stamp(now))
        .catch(() => undefined); // its caller's business
    },
    cancel: ({ state }) => schedule.remove(state.key),
  });
  return (time, handler, token) => make(handler, token).begin(time);
};

/**
 * A handler that is woken at multiples. While it works it is not woken; the next multiple is
 * reckoned from when it is done. If it rejects it is not woken again.
 */
const defineRepeat = (baggage, { stamp, schedule, tokens, clock }) => {
  const watchers = {};
  const init = (start, interval, handler, token) => ({
    ...{ start, interval, handler, token },
    ...{ key: '', ended: false },
  });
  const make = provideKind(baggage, 'repeat', init, {
    begin: ({ state, self }) => {
      tokens.add(state.token, self);
      VatData.watchPromise(E(clock).getTime(), watchers.timed, self, false);
    },
    next: ({ state, self }, now, after) => {
      if (state.ended) return;
      const { start, interval } = state;
      state.key = schedule.add(nextMultiple(start, interval, now, after), self);
    },
    fire: ({ state, self }, now) =>
      VatData.watchPromise(E(state.handler).wake(stamp(now)), watchers.worked, self),
    cancel: ({ state }) => {
      state.ended = true;
      schedule.remove(state.key);
    },
    end: ({ state, self }) => {
      tokens.remove(state.token, self);
      self.cancel();
    },
  });
  const watch = (tag, onFulfilled, onRejected) =>
    VatData.providePromiseWatcher(
      provide(baggage, `${tag} kind`, () => VatData.makeKindHandle(tag)),
      onFulfilled,
      onRejected,
    );
  watchers.timed = watch('timed', (now, event, after) => event.next(now, after));
  watchers.worked = watch(
    'worked',
    (_result, event) => VatData.watchPromise(E(clock).getTime(), watchers.timed, event, true),
    (_reason, event) => event.end(),
  );
  return make;
};

const defineRepeater = (baggage, makeRepeat) =>
  provideKind(
    baggage,
    'Repeater',
    (start, interval, token) => ({ start, interval, token, event: undefined }),
    {
      schedule: ({ state }, handler) => {
        if (state.event !== undefined) throw Error('repeater already scheduled');
        if (!isHandler(handler)) throw Error('bad repeater.schedule() handler');
        state.event = makeRepeat(state.start, state.interval, handler, state.token);
        state.event.begin();
      },
      disable: ({ state }) => {
        state.event?.end();
        state.event = undefined;
      },
    },
  );

/** The latest multiple that is past, as an update. */
const defineNotifier = (baggage, { stamp, schedule, tokens, clock }) => {
  const latest = ({ start, interval }, now) => {
    if (now < start) return undefined;
    const count = (now - start) / interval;
    return harden({ value: stamp(start + count * interval), updateCount: count + 1n });
  };
  /** Iterators whose `next` waits: in RAM, as its promise is, which an upgrade rejects. */
  const waiting = new Set();
  const makeIterator = provideKind(baggage, 'iterator', notifier => ({ notifier, count: 0n }), {
    next: async ({ state, self }) => {
      if (waiting.has(self)) throw Error('timer iterator dislikes overlapping next()');
      waiting.add(self);
      try {
        // Earlier code left no count behind when it was upgraded while `next` waited.
        const { value, updateCount } = await state.notifier.getUpdateSince(state.count);
        if (updateCount !== undefined) state.count = updateCount;
        return harden({ value, done: updateCount === undefined });
      } finally {
        waiting.delete(self);
      }
    },
  });
  const make = provideKinds(
    baggage,
    'Notifier',
    (start, interval, token) => ({ start, interval, token, end: undefined }),
    {
      notifier: {
        getUpdateSince: async ({ state }, count) => {
          for (;;) {
            if (state.end !== undefined) {
              return harden({ value: stamp(state.end), updateCount: undefined });
            }
            const now = await E(clock).getTime();
            const update = latest(state, now);
            if (update !== undefined && update.updateCount !== count) return update;
            const { start, interval, token } = state;
            const wait = schedule.wait(nextMultiple(start, interval, now, true));
            await tokens.addWait(token, wait).catch(() => undefined); // cancelled: see `end`
          }
        },
        [Symbol.asyncIterator]: ({ facets }) => makeIterator(facets.notifier),
      },
      /** Stays here. */
      control: {
        cancel: ({ state }, now) => {
          state.end = now;
        },
      },
    },
  );
  return (start, interval, token) => {
    const { notifier, control } = make(start, interval, token);
    tokens.add(token, control);
    return notifier;
  };
};

const makeService = (times, parts) => {
  const { absOf, relOf, stamp } = times;
  const { clock, schedule, tokens, makeWakeup, makeRepeat, makeRepeater, makeNotifier } = parts;
  const getNow = () => E(clock).getTime();
  const startOf = async delay => (await getNow()) + delay;
  const checkInterval = interval => {
    const every = relOf(interval);
    if (every === 0n) throw RangeError('interval must be positive');
    return every;
  };
  const waitUntil = (time, token) => tokens.addWait(token, schedule.wait(time));
  return {
    getCurrentTimestamp: async () => stamp(await getNow()),
    setWakeup: (when, handler, token) => {
      if (!isHandler(handler)) throw TypeError('bad setWakeup() handler');
      makeWakeup(absOf(when), handler, token);
      return when;
    },
    wakeAt: (when, token) => waitUntil(absOf(when), token),
    delay: async (delay, token) => {
      const start = await startOf(relOf(delay));
      return waitUntil(start, token);
    },
    makeRepeater: async (delay, interval, token) => {
      const every = checkInterval(interval);
      return makeRepeater(await startOf(relOf(delay)), every, token);
    },
    repeatAfter: async (delay, interval, handler, token) => {
      if (!isHandler(handler)) throw TypeError('bad repeatAfter() handler');
      const every = checkInterval(interval);
      makeRepeat(await startOf(relOf(delay)), every, handler, token).begin();
    },
    makeNotifier: async (delay, interval, token) => {
      const every = checkInterval(interval);
      return makeNotifier(await startOf(relOf(delay)), every, token);
    },
    cancel: async token => tokens.cancel(token, await getNow()),
  };
};

export const buildRootObject = (_vatPowers, parameters, baggage) => {
  const clock = provide(baggage, 'clock', () => parameters.clock);
  const faces = {};
  const makeBrand = provideKind(baggage, 'TimerBrand', () => ({}), {
    isMyClock: (_context, alleged) => alleged === baggage.get('clockFace'),
    isMyTimerService: (_context, alleged) => alleged === faces.service,
  });
  const brand = provide(baggage, 'brand', makeBrand);
  const times = makeTimes(brand);
  const { stamp } = times;
  const schedule = makeSchedule(baggage, clock, stamp);
  const parts = { stamp, clock, schedule, tokens: makeTokens(baggage) };
  const makeRepeat = defineRepeat(baggage, parts);
  const makeWakeup = defineWakeup(baggage, parts);
  const makeRepeater = defineRepeater(baggage, makeRepeat);
  const makeNotifier = defineNotifier(baggage, parts);
  const makeClockFace = provideKind(baggage, 'Clock', () => ({}), {
    getCurrentTimestamp: async () => stamp(await E(clock).getTime()),
    getTimerBrand: () => brand,
  });
  const clockFace = provide(baggage, 'clockFace', makeClockFace);
  faces.service = Far('TimerService', {
    ...makeService(times, { ...parts, makeRepeat, makeWakeup, makeRepeater, makeNotifier }),
    getClock: () => clockFace,
    getTimerBrand: () => brand,
  });
  return faces.service;
};
