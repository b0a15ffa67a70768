/**
 * A store is opened by an engine that shows vat code what the store's engine showed, whatever the
 * two are called; another one may replay otherwise (rules.md#h4). Stores of schemas before 4 know a
 * name alone.
 */
import { inspectStore, reportEngine, type Kernel } from '@heirloom/kernel';
import { hostWays, openKernelOver, type WaysOut } from '@heirloom/kernel/over';
import { heightAfter, metaKey, packFrame, Store, unpackFrame } from '@heirloom/store';
import { describe, expect, test } from 'vitest';
import { freshDirectory, kernelOver } from '../support/kernels/fresh-kernels.js';

const here = await reportEngine();
const observations = here.observations!;
const NIL = '0'.repeat(16);

type Observed = readonly (readonly [name: string, digest: string])[];

/** An engine as this one, but for what it is called or shows. Counts how often it is looked at. */
const engineWith = (
  directory: string,
  { build = 'node 99.1.2', change = (shown: Observed) => shown }: {
    readonly build?: string;
    readonly change?: (shown: Observed) => Observed | undefined;
  },
): { readonly ways: WaysOut; readonly looks: () => number } => {
  const ways = hostWays(directory);
  let looks = 0;
  const observe: WaysOut['engine']['observe'] = async image => {
    looks += 1;
    const shown = await ways.engine.observe(image);
    return shown && change(shown);
  };
  return { ways: { ...ways, engine: { ...ways.engine, build, observe } }, looks: () => looks };
};

const openWith = (ways: WaysOut): Promise<Kernel> =>
  openKernelOver(ways, { spareThreads: 0, log: () => undefined, blocks: 'host' });

/** A store whose newest block is `hash`. */
const freshStore = async (): Promise<{ readonly directory: string; readonly hash: string }> => {
  const directory = await freshDirectory();
  const kernel = await kernelOver({ directory });
  const { blockHash: hash } = kernel;
  await kernel.close();
  return { directory, hash };
};

/** Rewrites the row `engine` in a block of its own. */
const rewrite = async (directory: string, frame: (now: Uint8Array) => Uint8Array) => {
  const store = await Store.open({ directory, readersMax: 8 });
  const key = metaKey('engine');
  const changes = [{ table: 'meta', key, value: frame(store.get('meta', key)!) }] as const;
  const hash = await store.commit({
    height: heightAfter(store.head.height),
    changes,
    unhashed: [],
  });
  await store.close();
  return Buffer.from(hash).toString('hex');
};

const named = (name: string) => (): Uint8Array => packFrame([Buffer.from(name, 'ascii')]);

const expectRefused = async (opening: Promise<unknown>, ...told: readonly string[]) => {
  for (const message of told) {
    await expect(opening).rejects.toMatchObject({
      name: 'HostError',
      code: 'ENGINE_MISMATCH',
      message: expect.stringContaining(message) as string,
    });
  }
};

describe('opening a store that knows what its engine showed:', () => {
  test('fresh -> the row has what this engine shows, and its build is known', async () => {
    const { directory } = await freshStore();
    const { engine, knownEngines, image } = await inspectStore(directory);
    expect(engine).toEqual({ imageId: image, observations });
    expect(knownEngines).toEqual([here.build]);
  });

  test('another build that shows the same -> opens; looked at until a block keeps it', async () => {
    const { directory, hash } = await freshStore();
    const { ways, looks } = engineWith(directory, {});
    const first = await openWith(ways);
    expect([first.blockHash, looks()]).toEqual([hash, 1]);
    await first.close();
    const second = await openWith(ways);
    expect(looks()).toBe(2);
    const after = await second.commit();
    await second.close();
    const third = await openWith(ways);
    expect([third.blockHash, looks()]).toEqual([after, 2]);
    await third.close();
    expect((await inspectStore(directory)).knownEngines).toHaveLength(2);
  });

  test('two builds that show the same -> the same first block', async () => {
    const { hash } = await freshStore();
    const { ways } = engineWith(await freshDirectory(), {});
    const kernel = await openWith(ways);
    expect(kernel.blockHash).toBe(hash);
    await kernel.close();
  });

  test('an engine that shows other things -> ENGINE_MISMATCH names them', async () => {
    const { directory, hash } = await freshStore();
    const names = observations.map(([name]) => name).slice(2, 7);
    const change = (shown: Observed): Observed =>
      shown.map(([name, digest]) => [name, names.includes(name) ? NIL : digest]);
    const { ways } = engineWith(directory, { change });
    const told = `${names.slice(0, 3).join(', ')} and 2 more`;
    const help = 'heirloom adopt-engine DIR, docs/move-to-another-node.md';
    await expectRefused(openWith(ways), told, here.build, 'node 99.1.2', help);
    const again = await kernelOver({ directory });
    expect(again.blockHash).toBe(hash);
  });

  test('an observation more, and one less -> ENGINE_MISMATCH', async () => {
    const { directory } = await freshStore();
    const less = engineWith(directory, { change: shown => shown.slice(1) });
    await expectRefused(openWith(less.ways), `other things: ${observations[0]![0]}.`);
    const more = engineWith(directory, { change: shown => [...shown, ['new', NIL]] });
    await expectRefused(openWith(more.ways), 'other things: new.');
  });

  test('an image that cannot look -> ENGINE_MISMATCH; a fresh store has the name', async () => {
    const { directory } = await freshStore();
    const old = engineWith(directory, { change: () => undefined });
    await expectRefused(openWith(old.ways), 'cannot say what differs');
    const fresh = await freshDirectory();
    const kernel = await openWith(engineWith(fresh, { change: () => undefined }).ways);
    await kernel.close();
    const { name } = here;
    expect((await inspectStore(fresh)).engine).toEqual({ name });
  });

  test('what is known is of this row alone: another row -> the engine is looked at', async () => {
    const { directory } = await freshStore();
    await rewrite(directory, now => {
      const [imageId, observations] = unpackFrame(now) as [string, [string, string][]];
      return packFrame([imageId, [...observations, ['more', NIL]]]);
    });
    await expectRefused(kernelOver({ directory }), 'other things: more.', 'under another engine');
  });
});

describe('opening a store that knows the name of its engine:', () => {
  test('another name -> ENGINE_MISMATCH, and nothing is changed', async () => {
    const { directory } = await freshStore();
    const hash = await rewrite(directory, named('v8 1.2.3'));
    const { name } = here;
    await expectRefused(kernelOver({ directory }), 'v8 1.2.3', name);
    const store = await Store.open({ directory, readersMax: 8 });
    expect(Buffer.from(store.head.hash).toString('hex')).toBe(hash);
    await store.close();
  });

  test('this name -> opens without a look, and the row stays', async () => {
    const { directory } = await freshStore();
    const { name } = here;
    await rewrite(directory, named(name));
    const { ways, looks } = engineWith(directory, {});
    const kernel = await openWith(ways);
    await kernel.commit();
    await kernel.close();
    expect(looks()).toBe(0);
    expect((await inspectStore(directory)).engine).toEqual({ name });
  });

  test('reported -> whether it fits, and why not', async () => {
    const { directory } = await freshStore();
    expect((await reportEngine({ directory })).store).toMatchObject({ fits: true, why: null });
    await rewrite(directory, named('v8 1.2.3'));
    const { store } = await reportEngine({ directory });
    expect(store).toMatchObject({ engine: { name: 'v8 1.2.3' }, fits: false, differing: [] });
    expect(store!.why).toContain('v8 1.2.3');
  });
});
