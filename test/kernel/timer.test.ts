/** The timer service over block time (section 1.12 of README.md). */
import { BUILT_IN_VATS, type Kernel, type VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

let directory: string;
let kernel: Kernel;

const open = async (): Promise<void> => {
  kernel = await kernelOver({ directory });
};
const sleeper = (): VatReference => kernel.vat('sleeper').root;
const call = (method: string, ...args: unknown[]) => kernel.call(sleeper(), method, args);
/** `E(thing)[method](...args)` by the sleeper; `$x` in arguments is its thing or token `x`. */
const tell = (thing: string, method: string | symbol, args: unknown[] = [], as?: string) =>
  call('tell', thing, method, args, ...(as === undefined ? [] : [as]));
const listen = (as: string, thing: string, method: string, ...args: unknown[]) =>
  call('listen', as, thing, method, args);
const log = () => call('getLog');
/** A block at a time, and whatever follows from it. */
const at = async (...times: number[]): Promise<void> => {
  for (const time of times) {
    await kernel.beginBlock({ time });
    await call('getLog');
    await kernel.idle();
  }
};
const restart = async (): Promise<void> => {
  await kernel.close();
  await open();
};
const upgradeTimer = async (): Promise<void> => {
  const { vatId, bundleId } = kernel.vat('timer');
  await kernel.upgradeVat(vatId, { bundleId });
};

/** What the timer checks before anything else, and what others have shown by then. */
const THOROUGH = { tags: ['thorough'] };

/** The same vats as those of a configuration with `timer: true`: configuration.test.ts. */
const setStage = preparedStore(async place => {
  directory = place;
  await open();
  const { clock } = kernel.services;
  const bundleId = await kernel.installBundle(await bundleOf(BUILT_IN_VATS.timer));
  await kernel.createVat({ name: 'timer', bundleId, vatParameters: { clock } });
  const sleeper = await install(kernel, 'services/sleeper.js');
  await kernel.createVat({ name: 'sleeper', bundleId: sleeper });
  await call('keep', 'timer', kernel.vat('timer').root);
  await call('keep', 'clock', kernel.services.clock);
  await call('makeHandler', 'h');
  await at(100);
  await kernel.close();
});

beforeEach(async () => {
  directory = await setStage();
  await open();
});

describe('block time', () => {
  test('beginBlock: less than before, no natural number -> refused', () => {
    const back = () => kernel.beginBlock({ time: 99 });
    expect(back).toThrow('block time cannot go back: 99 after 100');
    for (const time of [-1, 1.5, 2 ** 48, Number.NaN]) {
      expect(() => kernel.beginBlock({ time })).toThrow('block time must be a natural number');
    }
  });

  test('the clock: getTime, wakeAt -> the time of the block; alarms in order', async () => {
    expect(await tell('clock', 'getTime')).toBe(100n);
    expect(await tell('clock', 'wakeAt', [50n])).toBe(100n);
    await listen('b', 'clock', 'wakeAt', 120n);
    await listen('a', 'clock', 'wakeAt', 110n);
    await listen('c', 'clock', 'wakeAt', 121n);
    await at(109);
    expect(await log()).toEqual([]);
    await restart();
    await at(120);
    expect(await kernel.call(kernel.services.clock, 'getTime')).toBe(120n);
    await at(130);
    expect(await log()).toEqual([
      ['a', 120n],
      ['b', 120n],
      ['c', 130n],
    ]);
  });

  test('a call behind the time of its block -> alarms are told before it', async () => {
    await listen('a', 'clock', 'wakeAt', 120n);
    await kernel.idle();
    void kernel.beginBlock({ time: 120 });
    expect(await log()).toEqual([['a', 120n]]);
  });

  test('getCurrentTimestamp, getClock -> branded', async () => {
    const brand = await tell('timer', 'getTimerBrand');
    const now = { absValue: 100n, timerBrand: brand };
    expect(await tell('timer', 'getCurrentTimestamp')).toEqual(now);
    await tell('timer', 'getClock', [], 'face');
    expect(await tell('face', 'getCurrentTimestamp')).toEqual(now);
    await tell('timer', 'getTimerBrand', [], 'brand');
    await call('keep', 'timer2', kernel.vat('timer').root);
    expect(await tell('brand', 'isMyTimerService', ['$timer2'])).toBe(true);
    expect(await tell('brand', 'isMyTimerService', ['$clock'])).toBe(false);
    expect(await tell('brand', 'isMyClock', ['$face'])).toBe(true);
  });
});

describe('waking once', () => {
  test('setWakeup -> the handler is told the actual time, once; past: at once', async () => {
    expect(await tell('timer', 'setWakeup', [105n, '$h'])).toBe(105n);
    await tell('timer', 'setWakeup', [7n, '$h']);
    await at(100);
    expect(await log()).toEqual([['h', 100n]]);
    await at(104, 111, 112);
    expect(await log()).toEqual([
      ['h', 100n],
      ['h', 111n],
    ]);
  });

  test('wakeAt, delay -> promises of the actual time', async () => {
    await listen('at', 'timer', 'wakeAt', 110n);
    await listen('after', 'timer', 'delay', 5n);
    await listen('never', 'timer', 'delay', -1n);
    await at(105, 115);
    const reason = RangeError('Must be non-negative');
    expect(await log()).toEqual([
      ['never', reason],
      ['after', 105n],
      ['at', 115n],
    ]);
  });

  test('times with another brand -> refused; with the right one -> taken', THOROUGH, async () => {
    const timerBrand = await tell('timer', 'getTimerBrand');
    const wrong = { absValue: 1n, timerBrand: sleeper() };
    await expect(tell('timer', 'setWakeup', [wrong, '$h'])).rejects.toThrow(
      'TimerBrands must match',
    );
    await tell('timer', 'setWakeup', [{ absValue: 101n, timerBrand }, '$h']);
    await at(101);
    expect(await log()).toEqual([['h', 101n]]);
  });

  test('a time past what the clock has -> refused, and the timer goes on', THOROUGH, async () => {
    await expect(tell('timer', 'setWakeup', [2n ** 48n, '$h'])).rejects.toThrow('no time is past');
    await tell('timer', 'setWakeup', [101n, '$h']);
    await at(101);
    expect(await log()).toEqual([['h', 101n]]);
  });
});

describe('repeating', () => {
  test('repeatAfter -> at multiples of the start, without drift; late ones once', async () => {
    await tell('timer', 'repeatAfter', [5n, 10n, '$h']);
    await at(104, 105, 110, 117, 148, 150, 155);
    expect(await log()).toEqual([
      ['h', 105n],
      ['h', 117n],
      ['h', 148n],
      ['h', 155n],
    ]);
  });

  test('a handler that rejects -> not woken again; disable, schedule -> woken again', async () => {
    await call('makeHandler', 'bad', 1);
    await tell('timer', 'makeRepeater', [0n, 10n], 'repeater');
    await tell('repeater', 'schedule', ['$bad']);
    await at(100, 110, 120);
    expect(await log()).toEqual([['bad', 100n]]);
    await expect(tell('repeater', 'schedule', ['$h'])).rejects.toThrow(
      'repeater already scheduled',
    );
    await tell('repeater', 'disable');
    await expect(tell('repeater', 'schedule', [7])).rejects.toThrow(
      'bad repeater.schedule() handler',
    );
    await tell('repeater', 'schedule', ['$h']);
    await at(121, 130);
    await tell('repeater', 'disable');
    await at(140);
    expect(await log()).toEqual([
      ['bad', 100n],
      ['h', 130n],
    ]);
  });

  test('makeNotifier -> the latest multiple and its ordinal', async () => {
    await tell('timer', 'makeNotifier', [5n, 10n, '$token'], 'notifier');
    await listen('first', 'notifier', 'getUpdateSince');
    await at(105, 127);
    const brand = await tell('timer', 'getTimerBrand');
    const stamp = (absValue: bigint) => ({ absValue, timerBrand: brand });
    expect(await log()).toEqual([['first', { value: stamp(105n), updateCount: 1n }]]);
    const update = await tell('notifier', 'getUpdateSince', [1n]);
    expect(update).toEqual({ value: stamp(125n), updateCount: 3n });
    await listen('next', 'notifier', 'getUpdateSince', 3n);
    await tell('timer', 'cancel', ['$token']);
    expect(((await log()) as unknown[])[1]).toEqual([
      'next',
      { value: stamp(127n), updateCount: undefined },
    ]);
  });
});

describe('cancelling', () => {
  test('one token for many -> none of them happens, promises reject', async () => {
    await tell('timer', 'setWakeup', [105n, '$h', '$token']);
    await tell('timer', 'repeatAfter', [5n, 10n, '$h', '$token']);
    await listen('at', 'timer', 'wakeAt', 105n, '$token');
    await tell('timer', 'cancel', ['$unknown']);
    await tell('timer', 'cancel', ['$token']);
    await at(110, 120);
    expect(await log()).toEqual([['at', Error('TimerCancelled')]]);
    await tell('timer', 'cancel', ['$token']);
  });

  test('a token after its event -> nothing is left to cancel', THOROUGH, async () => {
    await tell('timer', 'setWakeup', [105n, '$h', '$token']);
    await at(105);
    await tell('timer', 'cancel', ['$token']);
    expect(await log()).toEqual([['h', 105n]]);
  });
});

describe('what survives', () => {
  test('restart and upgrade -> handlers and repeaters go on, each wake once', async () => {
    await tell('timer', 'setWakeup', [110n, '$h']);
    await tell('timer', 'repeatAfter', [1n, 20n, '$h']);
    await upgradeTimer();
    await restart();
    await at(101);
    await upgradeTimer();
    await at(110);
    await upgradeTimer();
    await at(125);
    await restart();
    await at(141);
    expect(await log()).toEqual([
      ['h', 101n],
      ['h', 110n],
      ['h', 125n],
      ['h', 141n],
    ]);
  });

  test('cancel after an upgrade -> events of the code before go', async () => {
    await tell('timer', 'setWakeup', [105n, '$h', '$token']);
    await upgradeTimer();
    await tell('timer', 'cancel', ['$token']);
    await at(110);
    expect(await log()).toEqual([]);
  });

  test('an iterator whose next() waits -> upgrade: rejected, then it goes on', async () => {
    await tell('timer', 'makeNotifier', [5n, 10n], 'notifier');
    await tell('notifier', Symbol.asyncIterator, [], 'iterator');
    await listen('first', 'iterator', 'next');
    await at(106);
    await listen('second', 'iterator', 'next');
    const again = tell('iterator', 'next');
    await expect(again).rejects.toThrow('dislikes overlapping next()');
    await upgradeTimer();
    await listen('third', 'iterator', 'next');
    await at(120);
    const brand = await tell('timer', 'getTimerBrand');
    const step = (absValue: bigint) => ({ value: { absValue, timerBrand: brand }, done: false });
    const reason = { name: 'vatUpgraded', upgradeMessage: 'vat upgraded', incarnationNumber: 0 };
    expect(await log()).toEqual([
      ['first', step(105n)],
      ['second', reason],
      ['third', step(115n)],
    ]);
  });

  test('promises for callers -> restart: kept; upgrade: rejected', async () => {
    await listen('kept', 'timer', 'wakeAt', 105n);
    await restart();
    await at(105);
    await listen('lost', 'timer', 'wakeAt', 110n);
    await upgradeTimer();
    await at(110);
    const reason = { name: 'vatUpgraded', upgradeMessage: 'vat upgraded', incarnationNumber: 0 };
    expect(await log()).toEqual([
      ['kept', 105n],
      ['lost', reason],
    ]);
  });

  const asAny = 'the timer as any vat -> made from its bundle, with the clock as parameter';
  test(asAny, THOROUGH, async () => {
    const bundleId = await kernel.installBundle(await bundleOf(BUILT_IN_VATS.timer));
    const { clock } = kernel.services;
    const { root } = await kernel.createVat({ name: 't2', bundleId, vatParameters: { clock } });
    expect(await kernel.call(root, 'getCurrentTimestamp')).toMatchObject({ absValue: 100n });
  });
});
