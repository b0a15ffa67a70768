/**
 * `@endo/exo`, `@endo/patterns` and `@agoric/vat-data`, unmodified: exo classes and kits with
 * guards behave the same with endo's own makers, as virtual kinds and as durable kinds.
 */
import type { CreatedVat, VatReference } from '@heirloom/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { useSharedKernel } from '../support/kernels/shared-kernel.js';

const FILE = 'libraries/exos.js';

const shared = useSharedKernel();
/** What no test upgrades. */
let vat: CreatedVat;

beforeAll(async () => {
  vat = await shared.create(FILE, { vatParameters: { version: 1 } });
});

const call = (target: VatReference, method: string, args: readonly unknown[] = []) =>
  shared.kernel.call(target, method, args);
const root = (method: string, ...args: unknown[]) => call(vat.root, method, args);
const textOf = (outcome: Promise<unknown>) => outcome.catch((error: unknown) => String(error));

const SORTS = ['endo', 'virtual', 'durable'] as const;

/** What must come of calls of an account with 1n in it. */
const CALLS: readonly (readonly [method: string, args: readonly unknown[], outcome: unknown])[] = [
  ['deposit', [2n], 3n],
  ['deposit', [-2n], /^Error: In "deposit" method of \(Account\): arg 0: .* - Must be non-neg/],
  ['deposit', ['2'], /^Error: In "deposit" method of \(Account\): arg 0: string .*Must be a bigi/],
  ['deposit', [], /^Error: In "deposit" method of \(Account\): Expected at least 1 arguments/],
  ['deposit', [1n, 2n], /^Error: "In \\"deposit\\" method of \(Account\)" accepts at most 1 arg/],
  ['depositLater', [2n], 3n],
  ['depositLater', ['x'], /^Error: In "depositLater" method of \(Account\): arg 0: string/],
  ['note', ['a'], [1, 'a']],
  ['note', ['a', undefined, 1n, 2n], [1, 'a', undefined, 1n, 2n]],
  ['note', ['a', 'b', 'c'], /^Error: In "note" method of \(Account\): \.\.\.rest: \[0\]: string/],
  ['note', ['a', 1n], /^Error: In "note" method of \(Account\): arg 1\?: bigint .*Must be a string/],
  ['raw', [{ any: ['thing'] }], { any: ['thing'] }],
  ['shaped', [{ id: 1n, extra: 'ok' }], { id: 1n, extra: 'ok' }],
  ['shaped', [{ tags: 1 }], /^Error: In "shaped" method of \(Account\): arg 0: .*Must have missing/],
  ['misreturn', [], /^Error: In "misreturn" method of \(Account\): result: bigint .*Must be a str/],
  ['misreturnLater', [], /^Error: In "misreturnLater" method of \(Account\): result: bigint .*/],
];

describe('exos: guards', () => {
  test.each(SORTS)('%s: called from outside -> the results and texts of endo', async sort => {
    for (const [method, args, outcome] of CALLS) {
      const account = (await root('makeAccount', sort, 1n)) as VatReference;
      const found = await textOf(call(account, method, args));
      if (outcome instanceof RegExp) expect(found).toMatch(outcome);
      else expect(found).toEqual(outcome);
    }
  });

  test('called or sent to in the vat -> the same in all three', async () => {
    const outcomes = new Map<string, unknown[]>();
    for (const sort of SORTS) {
      const found: unknown[] = [];
      for (const [method, args] of CALLS) {
        found.push(await root('callLocally', sort, method, ...args));
        found.push(await textOf(root('sendLocally', sort, method, ...args)));
      }
      outcomes.set(sort, found);
    }
    expect(outcomes.get('virtual')).toEqual(outcomes.get('endo'));
    expect(outcomes.get('durable')).toEqual(outcomes.get('endo'));
  });

  test.each(SORTS)('%s: method names, interface guard, a sloppy interface', async sort => {
    const account = (await root('makeAccount', sort, 1n)) as VatReference;
    expect(await call(account, '__getMethodNames__')).toEqual([
      '__getInterfaceGuard__',
      '__getMethodNames__',
      'deposit',
      'depositLater',
      'misreturn',
      'misreturnLater',
      'note',
      'raw',
      'shaped',
    ]);
    const guard = (await call(account, '__getInterfaceGuard__')) as object;
    expect(JSON.stringify(guard, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))).toMatch(
      /"interfaceName":"Account"/,
    );
    const loose = (await root('loose', sort)) as VatReference;
    expect(await call(loose, 'anything', [1n, 'b'])).toEqual([1n, 'b']);
    await expect(call(loose, 'strict', ['b'])).rejects.toThrow(/Must be a bigint/);
  });
});

describe('exos: kits', () => {
  test.each(SORTS)('%s: amplify and isInstance -> the kit of a facet', async sort => {
    const kit = (await root('makeKit', sort, 'a')) as Record<string, VatReference>;
    const owner = kit['owner']!;
    const account = (await root('makeAccount', sort, 1n)) as VatReference;
    expect(await call(kit['viewer']!, 'look')).toBe('a');
    expect(await call(owner, 'isMine', [owner])).toEqual([true, true, false]);
    expect(await call(owner, 'isMine', [kit['viewer']])).toEqual([true, false, true]);
    expect(await call(owner, 'isMine', [account])).toEqual([false, false, false]);
    expect(await call(owner, 'isMine', [1n])).toEqual([false, false, false]);
    expect(await call(owner, 'give', [kit['viewer']])).toBe('given 1 of a');
    await expect(call(owner, 'give', [account])).rejects.toThrow(
      /Must be a facet of "Kit"|Must be an instance of "Kit"/,
    );
  });
});

describe('exos: an upgrade', () => {
  test('durable -> classes, kits and the singleton with new behaviour and old state', async () => {
    const old = await shared.create(FILE, { vatParameters: { version: 1 } });
    const root = (method: string, ...args: unknown[]) => call(old.root, method, args);
    const account = (await root('makeAccount', 'durable', 1n)) as VatReference;
    const kit = (await root('makeKit', 'durable', 'a')) as Record<string, VatReference>;
    const loose = (await root('loose', 'durable')) as VatReference;
    await call(account, 'deposit', [4n]);
    await call(kit['owner']!, 'give', [kit['viewer']]);
    const accountOf2 = (await root('makeAccount', 'virtual', 1n)) as VatReference;
    const bundleId = await shared.install(FILE);
    await shared.kernel.upgradeVat(old.vatId, { bundleId, vatParameters: { version: 2 } });
    expect(await call(account, 'note', ['x'])).toEqual([2, 'x']);
    expect(await call(account, 'deposit', [4n])).toBe(9n);
    await expect(call(account, 'deposit', ['4'])).rejects.toThrow(/Must be a bigint/);
    expect(await call(kit['owner']!, 'give', [kit['viewer']])).toBe('given 2 of a');
    expect(await root('loose', 'durable')).toBe(loose);
    await expect(call(accountOf2, 'deposit', [1n])).rejects.toThrow('vat terminated');
  });

  test('a state that does not fit its shape -> refused, nothing is made', async () => {
    await expect(root('breakShape')).rejects.toThrow(/balance.*Must be a bigint/);
    expect(await root('makeAccount', 'durable', 1n)).toMatchObject({ type: 'object' });
  });
});
