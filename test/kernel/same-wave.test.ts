/** What falls into one wave, or into a run that goes on: who hears what, and in which order. */
import type { Kernel, KernelOptions, VatReference } from '@heirloom/kernel';
import { describe, expect, test } from 'vitest';
import { fixture, freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const settled = async <T>(kernel: Kernel, work: Promise<T>): Promise<T> => {
  await kernel.run();
  await kernel.commit();
  return work;
};

interface Scene {
  readonly kernel: Kernel;
  readonly bundleId: string;
  root(vat: string): VatReference;
  /** Queues a snippet for a workbench. */
  send(vat: string, code: string, args?: readonly unknown[]): Promise<unknown>;
  /** Runs it, and commits. */
  run(vat: string, code: string, args?: readonly unknown[]): Promise<unknown>;
}

/** Workbenches of these names, in a kernel whose blocks are the host's. */
const sceneOf = async (
  names: readonly string[],
  options: Partial<KernelOptions> = {},
): Promise<Scene> => {
  const kernel = await kernelOver({ ...options, blocks: 'host' });
  const bundleId = await settled(kernel, kernel.installBundle(await fixture('workbench.js')));
  for (const name of names) await settled(kernel, kernel.createVat({ name, bundleId }));
  const root = (vat: string): VatReference => kernel.vat(vat).root;
  const send: Scene['send'] = (vat, code, args = []) =>
    kernel.send(root(vat), 'run', [code, args]).result;
  const run: Scene['run'] = (vat, ...what) => settled(kernel, send(vat, ...what));
  return { kernel, bundleId, root, send, run };
};

const typesOf = (kernel: Kernel): string[] => kernel.queued().map(({ type }) => type);

/** A promise of `a`, which settles it to 7 when it is told `$.go()`. */
const promiseOf = async ({ run }: Scene): Promise<VatReference> => {
  const code = '$.p = new Promise(go => { $.go = () => go(7); }); harden({ promise: $.p })';
  return ((await run('a', code)) as { readonly promise: VatReference }).promise;
};

describe('one wave:', () => {
  test('a notify, then an upgrade that mentions its promise -> both codes are told', async () => {
    const scene = await sceneOf(['a', 'b']);
    const { kernel, bundleId, run, send } = scene;
    const promise = await promiseOf(scene);
    const listen = '{ const [p, name] = args; p.then(v => baggage.init(name, v)); } 0';
    await run('b', listen, [promise, 'old']);
    void send('a', '$.go(); 0');
    await kernel.run({ waves: 1 });
    const vatParameters = { setup: listen, args: [promise, 'new'] };
    const upgraded = kernel.upgradeVat(kernel.vat('b').vatId, { bundleId, vatParameters });
    expect(typesOf(kernel)).toEqual(['notify', 'upgrade']);
    await settled(kernel, upgraded);
    expect(await run('b', "['old', 'new'].map(name => baggage.has(name))")).toEqual([true, true]);
  });

  test('the end of a vat, then a notify for it -> its promise is held by nobody', async () => {
    const scene = await sceneOf(['a', 'b', 'c']);
    const { kernel, root, run, send } = scene;
    const promise = await promiseOf(scene);
    await run('b', 'args[0].then(() => 0); 0', [promise]);
    await run('c', '$.b = args[0]; 0', [root('b')]);
    void send('c', "E($.b).run('vatPowers.exitVat(0)'); 0");
    void send('a', '$.go(); 0');
    await kernel.run({ waves: 1 });
    expect(typesOf(kernel)).toEqual(['message', 'notify']);
    await settled(kernel, Promise.resolve());
    expect(kernel.vats().map(({ name }) => name)).toEqual(['a', 'c']);
    expect(kernel.audit().findings).toEqual([]);
  });

  test('a promise settles and is mentioned behind that -> it is the same promise', async () => {
    const scene = await sceneOf(['a']);
    const { kernel, send } = scene;
    const promise = await promiseOf(scene);
    void send('a', '$.go(); 0');
    const mentioned = send('a', 'harden({ promise: $.p })');
    expect(await settled(kernel, mentioned)).toEqual({ promise });
  });

  test('settled together, one in the data of the other -> one delivery tells both', async () => {
    const { kernel, root, run, send } = await sceneOf(['a', 'b']);
    await run('b', '$.a = args[0]; 0', [root('a')]);
    for (const name of ['p', 'q']) {
      await run('a', `$.${name} = new Promise(go => { $.${name}Is = go; }); 0`);
    }
    await run('b', 'E($.a).run("harden([$.p, $.q])").then(both => { $.both = both; }); 0');
    void send('a', '$.pIs(harden({ q: $.q })); $.qIs(7); 0');
    await kernel.run({ waves: 1 });
    expect(typesOf(kernel)).toEqual(['notify', 'notify']);
    expect(await kernel.run({ waves: 1 })).toMatchObject({ deliveries: 2, cranks: 1 });
    await kernel.commit();
  });

  test('two upgrades and a message between -> the code between them answers it', async () => {
    const { kernel, bundleId, root, run } = await sceneOf(['a']);
    const { vatId } = kernel.vat('a');
    const upgradeTo = (version: number): Promise<unknown> =>
      kernel.upgradeVat(vatId, { bundleId, vatParameters: { setup: `$.version = ${version}` } });
    const first = upgradeTo(2);
    const between = kernel.send(root('a'), 'run', ['$.version', []]).result;
    const second = upgradeTo(3);
    expect(await settled(kernel, Promise.all([first, between, second]))).toMatchObject([{}, 2, {}]);
    expect(await run('a', '$.version')).toBe(3);
  });

  test('a sweep is due and another upgrade is queued -> what it does is its own', async () => {
    const directory = await freshDirectory();
    const { kernel, bundleId } = await sceneOf(['a'], { directory });
    const { vatId } = kernel.vat('a');
    await settled(
      kernel,
      Promise.all([1, 2, 3].map(() => kernel.upgradeVat(vatId, { bundleId }))),
    );
    await kernel.close();
    const again = await kernelOver({ directory });
    expect(again.vats()).toMatchObject([{ incarnation: 3, replayable: true }]);
  });

  test('waveLimit items -> no more', async () => {
    const { kernel, send } = await sceneOf(['a'], { parameters: { waveLimit: 2 } });
    for (let n = 0; n < 5; n += 1) void send('a', '0');
    expect(await kernel.run({ waves: 1 })).toMatchObject({ deliveries: 2, cranks: 2 });
    expect(typesOf(kernel)).toEqual(['message', 'message', 'message']);
  });

  test('an upgrade rejects several promises -> oldest first', async () => {
    const { kernel, bundleId, root, run } = await sceneOf(['a', 'b']);
    await run('b', '$.a = args[0]; $.log = []; 0', [root('a')]);
    const wait = 'E($.a).run("new Promise(() => 0)").catch(() => $.log.push(n))';
    await run('b', `for (const n of [1, 2, 3]) { ${wait}; } 0`);
    await settled(kernel, kernel.upgradeVat(kernel.vat('a').vatId, { bundleId }));
    expect(await run('b', 'harden([...$.log])')).toEqual([1, 2, 3]);
  });

  test('a reap lets go of an import, a message brings it again -> it can be used', async () => {
    const { kernel, run, send } = await sceneOf(['a', 'b']);
    const x = await run('a', "Far('x', { hello: () => 'hello' })");
    await run('b', '$.x = args[0]; 0', [x]);
    await run('b', '$.x = undefined; 0');
    const reaped = kernel.reapAll();
    const answer = send('b', 'E(args[0]).hello()', [x]);
    expect(await kernel.run({ waves: 1 })).toMatchObject({ cranks: 3 });
    await settled(kernel, reaped);
    expect(await answer).toBe('hello');
  });

  test('garbage to be told, and the end of the vat first -> it is told nothing', async () => {
    const { kernel, root, run } = await sceneOf(['a', 'b']);
    await run('b', '$.a = args[0]; 0', [root('a')]);
    await run('b', `E($.a).run("Far('x', {})").then(x => { $.x = x; }); 0`);
    await run('b', '$.x = undefined; 0');
    void kernel.reapAll();
    await kernel.run({ waves: 1 });
    await kernel.commit();
    const ended = kernel.terminateVat(kernel.vat('a').vatId, { first: true });
    expect(await kernel.run({ waves: 1 })).toMatchObject({ deliveries: 1, cranks: 0 });
    await settled(kernel, ended);
  });
});

describe('calls side by side:', () => {
  test('an input during a run -> taken when it has ended', async () => {
    const { kernel, send } = await sceneOf(['a']);
    void send('a', '1');
    const running = kernel.run();
    const later = send('a', '2');
    expect(await running).toMatchObject({ deliveries: 1 });
    expect(await settled(kernel, later)).toBe(2);
  });

  test('runs and commits, none awaited -> one after the other', async () => {
    const { kernel, send } = await sceneOf(['a']);
    const { height } = kernel;
    const results = [1, 2].map(n => send('a', String(n)));
    await Promise.all([kernel.run(), kernel.commit(), kernel.run(), kernel.commit()]);
    expect(await Promise.all(results)).toEqual([1, 2]);
    expect(kernel.height).toBe(height + 2);
  });

  test('the kernel has to stop -> whoever waits for anything gets the same error', async () => {
    const { kernel, bundleId } = await sceneOf([]);
    const making = kernel.createVat({ name: 'a', bundleId, critical: true });
    const { root } = await settled(kernel, making);
    const call = (code: string): Promise<unknown> => kernel.send(root, 'run', [code, []]).result;
    const open = call('new Promise(() => 0)');
    await settled(kernel, Promise.resolve());
    const waiting = [open, kernel.reapAll(), call('vatPowers.exitVat(0)')];
    const told = Promise.all(waiting.map(it => it.catch((reason: unknown) => reason)));
    const failure: unknown = await kernel.run().catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ name: 'HostError', code: 'CRITICAL_VAT' });
    for (const reason of await told) expect(reason).toBe(failure);
    await expect(kernel.commit()).rejects.toBe(failure);
  });
});
