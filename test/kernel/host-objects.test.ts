/**
 * Host objects, in place of devices (section 1.11 of README.md): calls go out, answers come in,
 * each once.
 */
import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostCallContext, HostObject, Kernel, VatReference } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../support/suite/random.js';
import { amount } from '../support/suite/amounts.js';
import { fixture, freshDirectory, install, kernelOver } from '../support/kernels/fresh-kernels.js';
import { preparedStore } from '../support/stores/prepared-stores.js';

let directory: string;
beforeEach(async () => {
  directory = await freshDirectory();
});

const relayOf = (kernel: Kernel): VatReference => kernel.vat('relay').root;
const relayStore = preparedStore(async place => {
  const kernel = await kernelOver({ directory: place });
  const bundleId = await install(kernel, 'relay.js');
  await kernel.createVat({ name: 'relay', bundleId });
  await kernel.close();
});
/** A kernel with the vat `relay`. */
const withRelay = async (hostObjects: Record<string, HostObject | null>): Promise<Kernel> => {
  directory = await relayStore();
  return kernelOver({ directory, hostObjects });
};
/** `E(host object)[method](...args)` by the relay vat. */
const viaRelay = (kernel: Kernel, name: string, method: string, ...args: unknown[]) =>
  kernel.call(relayOf(kernel), 'forward', [kernel.hostObject(name), method, args]);

describe('calls', () => {
  test('a call -> made after its block is durable; the answer is the result', async () => {
    const seen: HostCallContext[] = [];
    const kernel = await withRelay({
      sums: {
        add: (context, a: number, b: number) => {
          expect(kernel.blockHashAt(context.height)).toBe(kernel.blockHash);
          seen.push(context);
          return a + b;
        },
      },
    });
    expect(await viaRelay(kernel, 'sums', 'add', 1, 2)).toBe(3);
    expect(await viaRelay(kernel, 'sums', 'add', 3, 4)).toBe(7);
    expect(seen.map(({ call }) => call)).toEqual([1, 2]);
  });

  test('an answer that takes its time -> awaited; what is thrown -> the rejection', async () => {
    const kernel = await withRelay({
      slow: {
        later: async (_context, value) => {
          await new Promise(resolve => setImmediate(resolve));
          return [value];
        },
        never: () => {
          throw RangeError('not here');
        },
        odd: () => Promise.reject(Object.assign(Error('odd'), { name: 'OddError' })),
        unpassable: () => new Map(),
      },
    });
    expect(await viaRelay(kernel, 'slow', 'later', 1n)).toEqual([1n]);
    await expect(viaRelay(kernel, 'slow', 'never')).rejects.toEqual(RangeError('not here'));
    await expect(viaRelay(kernel, 'slow', 'odd')).rejects.toThrow('odd');
    await expect(viaRelay(kernel, 'slow', 'unpassable')).rejects.toThrow('cannot be passed');
    const missing = viaRelay(kernel, 'slow', 'constructor');
    await expect(missing).rejects.toThrow('host object slow has no method "constructor"');
  });

  test('thrown: what no look survives, or is too long -> a rejection all the same', async () => {
    const hostile = (): never => {
      throw RangeError('Out of memory');
    };
    const traps = { get: hostile, getPrototypeOf: hostile, getOwnPropertyDescriptor: hostile };
    const thrown: readonly unknown[] = [
      new Proxy(Error('x'), traps),
      new Proxy({}, { ...traps, ownKeys: hostile }),
      Object.defineProperty(Error(), 'message', { get: hostile }),
      Object.assign(Error(), { message: Symbol('s') }),
      { toString: hostile },
      Error('x'.repeat(11_000_000)),
    ];
    const kernel = await withRelay({
      hostile: {
        throws: (_context, i: number) => {
          throw thrown[i];
        },
        answers: (_context, i: number) => thrown[i],
      },
    });
    for (const i of thrown.keys()) {
      await expect(viaRelay(kernel, 'hostile', 'throws', i)).rejects.toBeInstanceOf(Error);
      await viaRelay(kernel, 'hostile', 'answers', i).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Error);
      });
    }
    await expect(viaRelay(kernel, 'hostile', 'throws', 5)).rejects.toThrow(/^x{10000}$/);
  });

  test('references -> opaque; the host calls back, answers with them, by identity', async () => {
    const kernel = await withRelay({
      mirror: {
        reflect: (_context, thing: VatReference) => thing,
        ask: (_context, thing: VatReference, value) => kernel.call(thing, 'echo', [value]),
      },
    });
    const echo = (await kernel.call(relayOf(kernel), 'makeEcho')) as VatReference;
    expect(await viaRelay(kernel, 'mirror', 'reflect', echo)).toBe(echo);
    expect(await viaRelay(kernel, 'mirror', 'ask', echo, 'hello')).toBe('hello');
    const self = kernel.hostObject('mirror');
    expect(await viaRelay(kernel, 'mirror', 'reflect', self)).toBe(self);
    expect(await kernel.call(self, 'reflect', [echo])).toBe(echo);
  });

  test('an answer that is an object -> messages that wait on it go there', async () => {
    const kernel = await withRelay({ mirror: { reflect: (_context, thing: unknown) => thing } });
    const mirror = kernel.hostObject('mirror');
    const args = [mirror, 'reflect', relayOf(kernel), 'getLog'];
    expect(await kernel.call(relayOf(kernel), 'pipeline', args)).toEqual([]);
  });

  test('an answer that is a promise -> refused: the result is rejected', async () => {
    const reflect = (_context: unknown, [thing]: unknown[]) => thing;
    const kernel = await withRelay({ mirror: { reflect } });
    const bundleId = await install(kernel, 'promises/holder.js');
    const { root } = await kernel.createVat({ name: 'holder', bundleId });
    const { promise } = (await kernel.call(root, 'make', ['p'])) as { promise: VatReference };
    const answering = viaRelay(kernel, 'mirror', 'reflect', [promise]);
    await expect(answering).rejects.toThrow('a call cannot be answered with a promise');
  });

  test('calls of one vat -> made in the order of sending', async () => {
    const order: unknown[] = [];
    const kernel = await withRelay({ log: { note: (_context, n) => void order.push(n) } });
    const sends = Array.from({ length: 50 }, (_value, n) => viaRelay(kernel, 'log', 'note', n));
    await Promise.all(sends);
    expect(order).toEqual(Array.from({ length: 50 }, (_value, n) => n));
  });
});

describe('who has which host object', () => {
  test('an unknown name, a bad one -> KernelError', async () => {
    const kernel = await withRelay({});
    expect(() => kernel.hostObject('x')).toThrow('no host object "x": register it first');
    await expect(kernel.registerHostObject('a b')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  });

  test('registered later -> calls that were made before are carried out', async () => {
    const kernel = await withRelay({ late: null });
    const calling = viaRelay(kernel, 'late', 'get');
    await kernel.idle();
    expect(kernel.hostCalls()).toEqual([{ call: 1, object: 'late', method: 'get', args: [] }]);
    expect(await kernel.registerHostObject('late', { get: () => 'at last' })).toBe(
      kernel.hostObject('late'),
    );
    expect(await calling).toBe('at last');
    expect(kernel.hostCalls()).toEqual([]);
  });

  test('as vatParameters, after an upgrade and a restart -> the same object', async () => {
    const hostObjects = { sums: { add: (_context: unknown, a: number, b: number) => a + b } };
    let kernel = await kernelOver({ directory, hostObjects });
    const bundleId = await install(kernel, 'services/caller.js');
    const vatParameters = { target: kernel.hostObject('sums') };
    const { vatId, root } = await kernel.createVat({ name: 'caller', bundleId, vatParameters });
    expect(await kernel.call(root, 'call', ['add', 1, 2])).toBe(3);
    await kernel.upgradeVat(vatId, { bundleId });
    expect(await kernel.call(root, 'call', ['add', 2, 2])).toBe(4);
    await kernel.close();
    kernel = await kernelOver({ directory, hostObjects });
    expect(await kernel.call(kernel.vat('caller').root, 'call', ['add', 3, 2])).toBe(5);
  });
});

describe('a host that owns its blocks', () => {
  const open = (hostObjects: Record<string, HostObject | null>) =>
    kernelOver({ directory, hostObjects, blocks: 'host' });
  const settle = async (kernel: Kernel): Promise<void> => {
    await kernel.run();
    await kernel.commit();
  };

  test('answers of an implementation -> taken when the next run begins', async () => {
    await (await withRelay({})).close();
    const kernel = await open({});
    const calls: number[] = [];
    void kernel.registerHostObject('x', { get: ({ call }) => calls.push(call) });
    const forward = [kernel.hostObject('x'), 'get', []];
    const { result } = kernel.send(relayOf(kernel), 'forward', forward);
    await kernel.run();
    expect(calls).toEqual([]);
    await kernel.commit();
    expect(calls).toEqual([1]);
    const before = kernel.lastInput;
    await new Promise(resolve => setImmediate(resolve));
    expect(kernel.lastInput).toBe(before);
    await settle(kernel);
    expect(kernel.lastInput).toBe(before + 1);
    expect(await result).toBe(1);
  });

  test('answerHostCall -> an input; unknown, too early, twice -> BAD_ARGUMENT', async () => {
    await (await withRelay({ x: null })).close();
    const kernel = await open({});
    const bad = /waits for no answer/;
    const answer = (call: number) => () => kernel.answerHostCall(call, { value: 1 });
    const forward = [kernel.hostObject('x'), 'get', [1n]];
    const { result } = kernel.send(relayOf(kernel), 'forward', forward);
    await kernel.run();
    expect(kernel.hostCalls()).toEqual([]);
    expect(answer(1)).toThrow(bad);
    await kernel.commit();
    expect(kernel.hostCalls()).toEqual([{ call: 1, object: 'x', method: 'get', args: [1n] }]);
    const answered = kernel.answerHostCall(1, { reason: Error('no') });
    expect(answer(1)).toThrow(bad);
    expect(answer(7)).toThrow(bad);
    await settle(kernel);
    await answered;
    await expect(result).rejects.toEqual(Error('no'));
  });

  test('an answer, then a commit without a run -> once, and whole all the time', async () => {
    await (await withRelay({ x: null })).close();
    const kernel = await open({});
    const forward = [kernel.hostObject('x'), 'get', []];
    const { result } = kernel.send(relayOf(kernel), 'forward', forward);
    await settle(kernel);
    const answered = kernel.answerHostCall(1, { value: 7 });
    const isWhole = { findings: [], hostCalls: [] };
    const now = () => ({ findings: kernel.audit().findings, hostCalls: kernel.hostCalls() });
    expect(now()).toEqual(isWhole);
    expect(() => kernel.answerHostCall(1, { value: 8 })).toThrow(/waits for no answer/);
    await kernel.commit();
    await answered;
    expect(now()).toEqual(isWhole);
    await settle(kernel);
    expect(await result).toBe(7);
  });

  test('replicas that take the same answers at the same place -> the same hashes', async () => {
    const hashes: string[][] = [];
    for (const threads of [1, 4]) {
      directory = await freshDirectory();
      const kernel = await open({ oracle: null });
      const made = kernel.installBundle(await fixture('relay.js'));
      await settle(kernel);
      const created = kernel.createVat({ name: 'relay', bundleId: await made });
      await settle(kernel);
      await created;
      const mine = [];
      for (let block = 0; block < 10; block += 1) {
        for (const { call, args } of kernel.hostCalls()) {
          if (call % 3 === block % 3) void kernel.answerHostCall(call, { value: args });
        }
        const forward = [kernel.hostObject('oracle'), 'ask', [block]];
        kernel.send(relayOf(kernel), 'forward', forward);
        if (threads === 4 && block === 5) {
          // What a host looks at, and a restart, change nothing.
          kernel.hostCalls();
        }
        await settle(kernel);
        mine.push(kernel.blockHash);
      }
      hashes.push(mine);
      expect(kernel.hostCalls().length).toBeGreaterThan(0);
    }
    expect(hashes[1]).toEqual(hashes[0]);
  });

  test('an older store: names are not registered by opening it', async () => {
    await (await withRelay({})).close();
    const kernel = await open({ y: null });
    expect(() => kernel.hostObject('y')).toThrow('register it first');
  });
});

describe('crashes', () => {
  test('closed before the answer -> called again with its number, answered once', async () => {
    const calls: number[] = [];
    const waits: HostObject = {
      get: ({ call }) => {
        calls.push(call);
        return new Promise(() => {});
      },
    };
    let kernel = await kernelOver({ directory, hostObjects: { slow: waits } });
    const bundleId = await install(kernel, 'promises/watcher.js');
    const { root } = await kernel.createVat({ name: 'watcher', bundleId });
    await kernel.call(root, 'watchSend', [kernel.hostObject('slow'), 'get', [], 'w']);
    await kernel.idle();
    await kernel.close();
    const answers: HostObject = { get: ({ call }) => `answer ${calls.push(call)}` };
    kernel = await kernelOver({ directory, hostObjects: { slow: answers } });
    const watcher = kernel.vat('watcher');
    // An upgrade in between takes nothing from a result that is watched.
    await kernel.upgradeVat(watcher.vatId, { bundleId, vatParameters: { version: 2 } });
    expect(calls).toEqual([1, 1]);
    expect(await kernel.call(watcher.root, 'getLog')).toEqual([[1, 'fulfilled', 'answer 2', 'w']]);
    await kernel.close();
    kernel = await kernelOver({ directory, hostObjects: { slow: answers } });
    expect(calls).toEqual([1, 1]);
    expect(await kernel.call(kernel.vat('watcher').root, 'getLog')).toHaveLength(1);
  });

  const again = 'killed again and again in the middle of calls -> each answer arrives once';
  test(again, { tags: ['sized'] }, async () => {
    const seed = Number(process.env['HEIRLOOM_SEED'] ?? 7);
    const random = seededRandom(seed);
    const script = fileURLToPath(new URL('../support/hosts/answering-host.mjs', import.meta.url));
    const bundle = join(await freshDirectory(), 'bundle.json');
    await writeFile(bundle, JSON.stringify(await fixture('services/caller.js')));
    const started = new Map<number, number>();
    const goal = amount({ quick: 8, thorough: 40 });
    let final: unknown;
    for (let life = 0; final === undefined && life < 60; life += 1) {
      const dieAt = 1 + random.below(12);
      final = await new Promise((resolve, reject) => {
        const child = fork(script, [directory, bundle, String(goal), String(dieAt)]);
        let done: unknown;
        child.on('message', (message: { call?: number; done?: unknown }) => {
          const { call } = message;
          if (call !== undefined) started.set(call, (started.get(call) ?? 0) + 1);
          else done = message.done;
        });
        child.on('error', reject);
        child.on('exit', () => resolve(done));
      });
    }
    expect({ seed, final }).toEqual({
      seed,
      final: Array.from({ length: goal }, (_value, n) => [n, `answer to ${n}`]),
    });
    // Some were made again, as the same call.
    expect([...started.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: goal }, (_value, n) => n + 1),
    );
    expect(Math.max(...started.values())).toBeGreaterThan(1);
  });
});
