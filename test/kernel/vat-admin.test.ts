/**
 * The vat-admin service as vats see it (section 1.7 of README.md), and vats that make and end vats
 * (section 1.1).
 */
import { fileURLToPath } from 'node:url';
import type { VatBundle, VatId } from '@heirloom/kernel';
import { beforeEach, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundles/fixtures.js';
import { AdminBench } from '../support/drivers/admin.js';
import { fixture, kernelOver } from '../support/kernels/fresh-kernels.js';

/** One kernel for all tests. Each finds the admin vat and no other. */
const bench = AdminBench.use();

const TERMINATED = Error('vat terminated');
const vatCount = (): number => bench.kernel.vats().length;
/** The vat that was made last. */
const lastVat = (): VatId => bench.kernel.vats().at(-1)!.vatId;
const notRunning = (method: string, vatId: VatId): Error =>
  Error(
    `vatAdminService rejecting attempt to perform "${method}"() on non-running vat "${vatId}"`,
  );

describe('creation', () => {
  test('createVat: a cap -> root and adminNode; the root works', async () => {
    await bench.make('w', { name: 'clerk', vatParameters: { x: [1n, '$svc'] } });
    expect(await bench.tell('w.root', 'count')).toBe(1);
    expect(await bench.tell('w.root', 'count')).toBe(2);
    const parameters = (await bench.tell('w.root', 'getParameters')) as { x: unknown[] };
    expect(parameters.x[0]).toBe(1n);
    expect(bench.kernel.vats().map(({ name }) => name)).toEqual(['admin', 'clerk']);
  });

  test('createVat: references in vatParameters -> the vat gets them', async () => {
    await bench.make('a');
    await bench.make('b', { vatParameters: { other: '$a.root' } });
    const [{ other }, root] = await Promise.all([
      bench.tell('b.root', 'getParameters') as Promise<{ other: unknown }>,
      bench.call('get', 'a.root'),
    ]);
    expect(other).toBe(root);
  });

  test('createVat: buildRootObject throws -> rejected with that, no vat', async () => {
    const making = bench.make('w', { vatParameters: { fail: 'not today' } });
    await expect(making).rejects.toEqual(Error('not today'));
    expect(vatCount()).toBe(1);
    await bench.make('w');
    expect(await bench.tell('w.root', 'count')).toBe(1);
  });

  test('createVat: one name for two vats -> labels; the host finds neither by it', async () => {
    await bench.make('a', { name: 'twin' });
    await bench.make('b', { name: 'twin' });
    expect(() => bench.kernel.vat('twin')).toThrow('no vat "twin"');
    expect(bench.kernel.vat(lastVat()).name).toBe('twin');
  });

  test('createVat: a name of the host -> the host finds its own vat by it', async () => {
    await bench.make('a', { name: 'admin' });
    expect(bench.kernel.vat('admin').vatId).toBe('v1');
  });

  test('createVatByName: a named bundle -> a vat of it', async () => {
    const made = await bench.tell('svc', 'createVatByName', ['worker'], 'made');
    expect(Object.keys(made as object)).toEqual(['adminNode', 'root']);
    expect(vatCount()).toBe(2);
  });

  const wrong: readonly (readonly [string, unknown, string])[] = [
    ['an unknown option', { flavour: 1, also: 2 }, 'unknown options "also,flavour"'],
    ['an oversized name', { name: 'n'.repeat(200) }, 'oversized vat name'],
    ['a bad name', { name: 'no blanks' }, 'bad vat name "no blanks"'],
    ['a name that is none', { name: 7 }, 'CreateVatOptions(name)'],
    ['a bad managerType', { managerType: 'quantum' }, 'bad managerType quantum'],
    ['a meter that is none', { meter: '$svc' }, 'CreateVatOptions(meter)'],
    ['a wrong key', { critical: '$svc' }, 'invalid criticalVatKey'],
    ['a bad reapInterval', { reapInterval: -1 }, 'CreateVatOptions(reapInterval)'],
    ['pipelining', { enablePipelining: true }, 'enablePipelining can only be false'],
  ];
  test.each(wrong)('createVat: %s -> rejected, no vat', async (_what, options, text) => {
    const making = bench.make('w', options as Record<string, unknown>);
    await expect(making).rejects.toThrow(text);
    expect(vatCount()).toBe(1);
  });

  test('createVat: no cap -> rejected', async () => {
    const making = bench.call('createVat', 'w', 'b1-123', {});
    await expect(making).rejects.toThrow('vatAdmin.createVat() requires a bundlecap: b1-123');
  });
});

describe('bundle caps', () => {
  test('getBundleCap: installed -> the same cap by id and by name', async () => {
    const id = await bench.tell('svc', 'getBundleIDByName', ['worker']);
    expect(await bench.tell('worker', 'getBundleID')).toBe(id);
    const cap = await bench.tell('svc', 'getBundleCap', [id]);
    expect(cap).toBe(await bench.call('get', 'worker'));
  });

  test('getBundleCap: not installed, malformed, unnamed -> rejected', async () => {
    const id = `b1-${'0'.repeat(64)}`;
    const get = (method: string, what: string) => bench.tell('svc', method, [what]);
    await expect(get('getBundleCap', id)).rejects.toThrow(`bundleID not yet installed: ${id}`);
    const long = `b1-${'0'.repeat(128)}`;
    await expect(get('getBundleCap', long)).rejects.toThrow(`not yet installed: ${long}`);
    await expect(get('getBundleCap', `${id}0`)).rejects.toThrow(`malformed bundleID "${id}0"`);
    await expect(get('getBundleCap', 'b1-x')).rejects.toThrow('malformed bundleID "b1-x"');
    await expect(get('getNamedBundleCap', 'x')).rejects.toThrow('no bundle is named "x"');
  });

  test('waitForBundleCap: before installation and a restart -> settles with the cap', async () => {
    const bundle = await fixture('relay.js');
    const id = await (await kernelOver()).installBundle(bundle);
    await bench.watch('svc', 'waitForBundleCap', [id], 'cap');
    await bench.restart();
    expect(await bench.log()).toEqual([]);
    await bench.kernel.installBundle(bundle);
    const cap = await bench.tell('svc', 'getBundleCap', [id]);
    expect(await bench.log()).toEqual([['cap', 'fulfilled', cap]]);
    expect(await bench.tell('svc', 'waitForBundleCap', [id])).toBe(cap);
  });
});

describe('bundle caps: of archives', () => {
  test('waitForBundleCap: the id that SwingSet gives it -> the cap, and a vat of it', async () => {
    const entry = fileURLToPath(new URL('../vats/services/worker.js', import.meta.url));
    const bundle = (await bundleOf(entry, 'endoZipBase64')) as { endoZipBase64Sha512?: string };
    const id = `b1-${bundle.endoZipBase64Sha512}`;
    await bench.watch('svc', 'waitForBundleCap', [id], 'cap');
    expect(await bench.kernel.installBundle(bundle as VatBundle)).toBe(id);
    const cap = await bench.tell('svc', 'getBundleCap', [id]);
    expect(await bench.log()).toEqual([['cap', 'fulfilled', cap]]);
    expect(await bench.tell('svc', 'createVat', [cap])).toMatchObject({ root: expect.anything() });
  });
});

describe('upgrade by adminNode', () => {
  test('upgrade: new parameters -> new incarnation, RAM gone, root the same', async () => {
    await bench.make('w');
    await bench.tell('w.root', 'count');
    const options = { vatParameters: { second: true }, upgradeMessage: 'better' };
    const hanging = bench.watch('w.root', 'hang', [], 'hang');
    await hanging;
    const upgrading = bench.tell('w.node', 'upgrade', ['$worker', options]);
    expect(await upgrading).toEqual({ incarnationNumber: 1, rejectedPromises: 1 });
    expect(await bench.tell('w.root', 'getParameters')).toEqual({ second: true });
    expect(await bench.tell('w.root', 'count')).toBe(1);
    const reason = { name: 'vatUpgraded', upgradeMessage: 'better', incarnationNumber: 0 };
    expect(await bench.log()).toEqual([['hang', 'rejected', reason]]);
  });

  test('upgrade: the new code fails -> rejected with why, the old goes on', async () => {
    await bench.make('w');
    await bench.tell('w.root', 'count');
    const options = { vatParameters: { fail: 'no good' } };
    const upgrading = bench.tell('w.node', 'upgrade', ['$worker', options]);
    await expect(upgrading).rejects.toEqual(Error('no good'));
    expect(await bench.tell('w.root', 'count')).toBe(2);
  });

  test('upgrade: messages before it and after it -> old code, new code, in order', async () => {
    await bench.make('w');
    const { kernel } = bench;
    const [root, node, cap] = await Promise.all(
      ['w.root', 'w.node', 'worker'].map(name => bench.call('get', name)),
    );
    const send = (target: unknown, method: string, ...args: unknown[]) =>
      kernel.call(target as never, method, args);
    const results = await Promise.all([
      send(root, 'count'),
      send(node, 'upgrade', cap),
      send(root, 'count'),
      send(root, 'count'),
    ]);
    // The upgrade is queued when its message is merged: behind what was sent in the same moment.
    expect(results).toEqual([1, { incarnationNumber: 1 }, 2, 3]);
    expect(await send(root, 'count')).toBe(1);
  });

  const wrong: readonly (readonly [unknown[], string])[] = [
    [['$svc'], 'vatAdmin.upgrade() requires a bundlecap: an object'],
    [[], 'vatAdmin.upgrade() requires a bundlecap: undefined'],
    [['$worker', { pace: 1 }], 'upgrade() received unknown options: "pace"'],
    [['$worker', { upgradeMessage: 1 }], 'upgrade() upgradeMessage not string'],
  ];
  test.each(wrong)('upgrade: %j -> refused', async (args, text) => {
    await bench.make('w');
    await expect(bench.tell('w.node', 'upgrade', args)).rejects.toThrow(text);
    expect(await bench.tell('w.node', 'adminData')).toMatchObject({ incarnationNumber: 0 });
  });

  test('upgrade: of the vat that asks for it -> watched results reach the new code', async () => {
    const { kernel } = bench;
    await bench.make('w');
    await bench.watch('w.node', 'done', [], 'done');
    await bench.watch('svc', 'createVat', ['$worker', {}], 'made');
    const { vatId, bundleId } = kernel.vat('admin');
    await kernel.upgradeVat(vatId, { bundleId });
    await bench.tell('w.root', 'leave', ['bye']);
    const log = (await bench.log()) as [string, string, unknown][];
    expect(log.map(([name, how]) => [name, how])).toEqual([
      ['made', 'fulfilled'],
      ['done', 'fulfilled'],
    ]);
    expect(log[1]![2]).toBe('bye');
  });
});

describe('the end of a vat', () => {
  let vatId: VatId;
  beforeEach(async () => {
    await bench.make('w');
    vatId = lastVat();
    await bench.watch('w.node', 'done', [], 'done');
  });
  const end = async (): Promise<unknown> => {
    const log = (await bench.log()) as unknown[];
    expect(log).toHaveLength(1);
    return log[0];
  };

  test('exitVat -> done() fulfils with the completion, references and all', async () => {
    const svc = await bench.call('get', 'svc');
    await bench.tell('w.root', 'leave', [{ at: '$svc' }]);
    expect(await end()).toEqual(['done', 'fulfilled', { at: svc }]);
    expect(await bench.tell('w.node', 'done')).toEqual({ at: svc });
    await expect(bench.tell('w.root', 'count')).rejects.toEqual(TERMINATED);
  });

  test('exitVatWithFailure -> done() rejects with the reason', async () => {
    const leaving = bench.tell('w.root', 'leaveBadly', ['enough']);
    await expect(leaving).rejects.toEqual(TERMINATED);
    expect(await end()).toEqual(['done', 'rejected', 'enough']);
  });

  test('terminateWithFailure -> undefined; done() rejects with the reason', async () => {
    const svc = await bench.call('get', 'svc');
    const hanging = bench.tell('w.root', 'hang');
    const args = [{ why: 'law', at: '$svc' }];
    expect(await bench.tell('w.node', 'terminateWithFailure', args)).toBe(undefined);
    await expect(hanging).rejects.toEqual(TERMINATED);
    expect(await end()).toEqual(['done', 'rejected', { why: 'law', at: svc }]);
    const later = bench.tell('w.node', 'done');
    await expect(later).rejects.toEqual({ why: 'law', at: svc });
  });

  test('the host terminates it -> done() rejects with the reason of the host', async () => {
    await bench.kernel.terminateVat(vatId, { reason: Error('by order') });
    expect(await end()).toEqual(['done', 'rejected', Error('by order')]);
  });

  test('a fault -> done() rejects with what was wrong', async () => {
    const breaking = bench.tell('w.root', 'breakDown');
    await expect(breaking).rejects.toEqual(TERMINATED);
    expect(await end()).toEqual(['done', 'rejected', Error('syscall capdata too large')]);
    expect(bench.faults).toEqual(['LIMIT: VatFault: syscall capdata too large']);
  });

  test('an ended vat -> done and adminData work, all else is refused', async () => {
    await bench.tell('w.root', 'leave', ['bye']);
    const attempts = [
      ['upgrade', ['$worker']],
      ['changeOptions', [{ reapInterval: 5 }]],
      ['terminateWithFailure', ['again']],
    ] as const;
    for (const [method, args] of attempts) {
      await expect(bench.tell('w.node', method, args)).rejects.toEqual(notRunning(method, vatId));
    }
    expect(await bench.tell('w.node', 'adminData')).toEqual({ vatID: vatId, running: false });
    expect(await bench.tell('w.node', 'done')).toBe('bye');
  });

  test('done() asked before a restart -> settles after it', async () => {
    await bench.restart();
    await bench.tell('w.root', 'leave', ['bye']);
    expect(await end()).toEqual(['done', 'fulfilled', 'bye']);
    await bench.restart();
    expect(await bench.tell('w.node', 'done')).toBe('bye');
  });

  test('an upgrade that waits when its vat ends -> rejected, not left hanging', async () => {
    const [root, node, cap] = await Promise.all(
      ['w.root', 'w.node', 'worker'].map(name => bench.call('get', name)),
    );
    const upgrading = bench.kernel.call(node as never, 'upgrade', [cap]);
    const leaving = bench.kernel.call(root as never, 'leave', ['bye']);
    await expect(upgrading).rejects.toEqual(Error(`vat ${vatId} is not running`));
    await leaving;
  });
});

describe('options and objects', () => {
  test('changeOptions: reapInterval, never -> taken; others -> refused', async () => {
    await bench.make('w');
    const change = (options: unknown) => bench.tell('w.node', 'changeOptions', [options]);
    expect(await change({ reapInterval: 10 })).toBe(undefined);
    expect(await change({ reapInterval: 'never' })).toBe(undefined);
    await expect(change({ reapInterval: 0 })).rejects.toThrow('invalid reapInterval value');
    await expect(change({ colour: 1 })).rejects.toThrow('invalid option "colour"');
  });

  test('no such method, no such argument -> rejected with a TypeError', async () => {
    const telling = bench.tell('svc', 'createEverything');
    await expect(telling).rejects.toThrow(/target has no method "createEverything", has \[/);
    const asking = bench.tell('svc', 'getBundleCap', [7]);
    await expect(asking).rejects.toThrow('bundleID must be a string, not 7');
  });

  test('authority: a vat without the service -> has no name for it', async () => {
    await bench.make('w');
    const parameters = await bench.tell('w.root', 'getParameters');
    expect(parameters).toBe(undefined);
  });
});
