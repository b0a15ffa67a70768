/** What authors see of errors that libraries make, that other vats throw, of sends that fail. */
import type { Kernel, KernelLogEntry, VatReference } from '@heirloom/kernel';
import { describe, expect, test, vi } from 'vitest';
import { mappedBundle, placeOf } from '../support/bundles/mapped-bundle.js';
import { errorOf } from '../support/suite/rejections.js';
import { kernelOver } from '../support/kernels/fresh-kernels.js';

const ENTRY = 'typescript/traced-errors.ts';

interface Scene {
  readonly kernel: Kernel;
  readonly log: KernelLogEntry[];
  readonly bundleId: string;
  readonly vatId: string;
  readonly root: VatReference;
}

const begin = async (): Promise<Scene> => {
  const log: KernelLogEntry[] = [];
  const kernel = await kernelOver({ log: entry => log.push(entry) });
  const bundleId = await kernel.installBundle(await mappedBundle(ENTRY));
  const { root, vatId } = await kernel.createVat({ name: 'one', bundleId });
  return { kernel, log, bundleId, vatId, root };
};

describe('errors whose message an accessor gives', () => {
  const ISSUE = 'Too small: expected string to have >=3 characters';

  test.each(['order', 'orderLater'])('zod, in a method -> the message: %s', async method => {
    const { kernel, root } = await begin();
    const { message, stack } = await errorOf(kernel.call(root, method, ['a']));
    expect(JSON.parse(message)).toMatchObject([{ path: ['sku'], message: ISSUE }]);
    expect(stack).toContain(`ZodError: ${message}\n    at `);
    expect(stack).toContain(placeOf(ENTRY, 'Order.parse').replace(/:\d+$/, ':'));
  });

  test('zod, in an upgrade -> the message, also in the log', async () => {
    const { kernel, log, bundleId, vatId } = await begin();
    const upgrade = kernel.upgradeVat(vatId, { bundleId, vatParameters: { sku: 'a' } });
    const { message } = await errorOf(upgrade);
    expect(message).toContain(ISSUE);
    expect(log[0]?.text).toContain('UPGRADE_FAILED, START_FAILED: ZodError: [');
    expect(log[0]?.text).toContain(ISSUE);
  });

  test('zod, on the console or unhandled -> what it found', async () => {
    const { kernel, log, root } = await begin();
    await kernel.call(root, 'say', ['a']);
    expect(log[0]?.text).toContain('refused: ZodError { issues: [{ ');
    expect(log[0]?.text).toContain(`path: ["sku"], message: ${JSON.stringify(ISSUE)}`);
    await kernel.call(root, 'orderAside', ['a']);
    await vi.waitFor(() => expect(log.length).toBe(2));
    expect(log[1]?.text).toContain('Unhandled rejection: ZodError');
    expect(log[1]?.text).toContain(ISSUE);
  });

  test('whoever has the accessor -> its text; what is none counts for nothing', async () => {
    const { kernel, root } = await begin();
    for (const [method, message] of [
      ['inherited', 'of the class'],
      ['own', 'of its own'],
      ['noText', ''],
      ['throwing', ''],
    ] as const) {
      const error = await errorOf(kernel.call(root, method, []));
      expect([method, error.message]).toEqual([method, message]);
      expect(error.stack).toContain(message === '' ? 'Error\n' : `Error: ${message}\n`);
    }
  });
});

describe('mistakes', () => {
  const HERE = /traces-errors\.test\.[jt]s:\d+:\d+/;
  const lines = ({ stack }: Error): string[] => stack!.split('\n').map(line => line.trim());

  test('no such method -> what has been called, and where the host has', async () => {
    const { kernel, root } = await begin();
    const helper = async (): Promise<unknown> => {
      const result = await kernel.call(root, 'nope', []);
      return result;
    };
    const [head, call, frame] = lines(await errorOf(helper()));
    expect(head).toMatch(/^TypeError: target has no method nope, has \["__getMethodNames__", /);
    expect(call).toBe(`at nope of root (${root.kref} of vat one)`);
    expect(frame).toMatch(/^at (async )?helper /);
    expect(frame).toMatch(HERE);
  });

  test('an error with a trace -> what has been called below it; it is frozen', async () => {
    const { kernel, root } = await begin();
    const failing = errorOf(kernel.send(root, 'stock', []).result);
    await kernel.idle();
    const error = await failing;
    expect(lines(error).slice(0, 3)).toEqual([
      'OutOfStock: out of tea',
      expect.stringContaining(placeOf(ENTRY, "new OutOfStock('tea')")),
      `at stock of root (${root.kref} of vat one)`,
    ]);
    expect(Object.isFrozen(error)).toBe(true);
  });

  test('a send to nothing -> where it was made', async () => {
    const { kernel, root } = await begin();
    const error = await errorOf(kernel.call(root, 'nowhere', []));
    expect(lines(error)[0]).toContain('TypeError: Cannot deliver take to target');
    const place = placeOf(ENTRY, 'take(1)').replace(/:\d+$/, ':');
    expect(error.stack).toContain(`at root.nowhere (${place}`);
  });

  test('an argument that cannot be passed -> of which method, where', async () => {
    const { kernel, root, bundleId } = await begin();
    const { root: other } = await kernel.createVat({ name: 'two', bundleId });
    const error = await errorOf(kernel.call(root, 'sendMap', [other]));
    const why = 'Remotables must be explicitly declared: (an object) (argument 0 of take)';
    expect(error.message).toBe(why);
    const place = placeOf(ENTRY, 'take(new Map').replace(/:\d+$/, ':');
    expect(error.stack).toContain(`at root.sendMap (${place}`);
    expect(error.stack).toMatch(/note: sending take to o-\d+ with \[Map\(\d\) \{/);
    const deep = await errorOf(kernel.call(root, 'sendDeep', [other]));
    const deepWhy = 'Remotables must be explicitly declared: "[Function <anon>]"';
    expect(deep.message).toBe(`${deepWhy} (an argument of take)`);
    expect(deep.stack).toContain('note: sending take to ');
  });

  test('a result that cannot be passed -> what it is, and whose', async () => {
    const { kernel, root } = await begin();
    const error = await errorOf(kernel.call(root, 'giveMap', []));
    expect(error.stack).toContain('note: of Map(0) {}');
    expect(error.stack).toContain(`at giveMap of root (${root.kref} of vat one)`);
  });
});

test('an error with fields, thrown by a kind -> its class, its frames first', async () => {
  const { kernel, root } = await begin();
  const { stack, message } = await errorOf(kernel.call(root, 'sell', []));
  expect(message).toBe('out of salt');
  const [head, frame] = stack!.split('\n');
  expect(head).toBe('OutOfStock: out of salt');
  expect(frame).toContain(placeOf(ENTRY, "new OutOfStock('salt')"));
  expect(stack).not.toContain('copied from');
});

test('an error with fields, on the console -> its class, its fields', async () => {
  const { kernel, log, root } = await begin();
  await kernel.call(root, 'sayStock', []);
  const [head, frame] = log[0]!.text.split('\n');
  expect(head).toBe('OutOfStock: out of tea { sku: "tea" }');
  const place = placeOf(ENTRY, 'console.error(new').replace(/:\d+$/, ':');
  expect(frame).toContain(`at root.sayStock (${place}`);
});

test('a kind that does not fit what is stored -> where it was defined', async () => {
  const { kernel, log, bundleId } = await begin();
  const of = (field: string) => ({ bundleId, vatParameters: { field } });
  const { vatId } = await kernel.createVat({ name: 'tea', ...of('leaf') });
  const { stack } = await errorOf(kernel.upgradeVat(vatId, of('bag')));
  const place = placeOf(ENTRY, 'defineDurableKind(').replace(/:\d+$/, ':');
  expect(log[0]?.text).toContain('KIND_MISMATCH');
  for (const text of [stack, log[0]?.text]) {
    expect(text).toContain(`at defineTea (${place}`);
    expect(text).not.toContain('Array.map');
  }
});

test('a start that leaves kinds undefined -> each of them, and what to do', async () => {
  const { kernel, log, bundleId } = await begin();
  const of = (...kinds: string[]) => ({ bundleId, vatParameters: { kinds } });
  const { vatId } = await kernel.createVat({ name: 'tea', ...of('Tea', 'Kit', 'Cup') });
  const { message, stack } = await errorOf(kernel.upgradeVat(vatId, of('Cup')));
  expect(message).toBe('defineDurableKind not called for tags: [Tea,Kit]');
  const told = 'an earlier start defined it, and this one did not';
  for (const text of [stack, log[0]?.text]) {
    const [head, ...notes] = text!.split('\n').filter(line => !line.startsWith('    at '));
    expect(head).toContain(message);
    expect(notes).toEqual([
      `  note: durable kind "Tea": ${told}`,
      `  note: durable kind "Kit", of facets brew, pour: ${told}`,
      expect.stringContaining('to VatData.defineDurableKind (of facets: defineDurableKindMulti)'),
    ]);
  }
  const twin = await errorOf(kernel.upgradeVat(vatId, of('Tea', 'Kit', 'new Cup')));
  expect(twin.message).toBe('defineDurableKind not called for tags: [Cup]');
  const hint = 'new kind of the same tag: the handle was not taken from baggage';
  for (const text of [twin.stack, log.at(-1)?.text]) expect(text).toContain(hint);
  const unmade = await errorOf(kernel.createVat({ name: 'bare', ...of('Tea', 'handle') }));
  expect(unmade.stack).toContain('"handle": makeKindHandle has made its handle, and no start');
});

describe('errors of another vat', () => {
  const THROWN = `at root.failAs (${placeOf(ENTRY, 'Error(text)')})`;

  const beginTwo = async (): Promise<Scene & { readonly other: VatReference }> => {
    const scene = await begin();
    const { kernel, bundleId } = scene;
    const { root: other } = await kernel.createVat({ name: 'two', bundleId });
    return { ...scene, other };
  };
  const linesOf = (text: string | undefined): string[] => text?.split('\n') ?? [];

  test('a cause -> where it was thrown, below it', async () => {
    const { kernel, root, other } = await beginTwo();
    const { stack } = await errorOf(kernel.call(root, 'wrap', [other, 'first']));
    const lines = linesOf(stack);
    const cause = lines.indexOf('  cause: Error: first');
    const [head, own, ...called] = lines.slice(0, cause);
    expect(head).toBe('Error: wrapped');
    // The host's call is one of the outer error's: nothing stands below the cause's own frame.
    expect(called[0]).toBe(`    at wrap of root (${root.kref} of vat one)`);
    expect(called.join()).toMatch(/traces-errors\.test\.[jt]s:\d+:\d+/);
    const [frame, ...after] = lines.slice(cause + 1);
    expect(after).toEqual([]);
    expect(own).toContain(placeOf(ENTRY, "Error('wrapped'").replace(/:\d+$/, ':'));
    expect(frame).toBe(`      ${THROWN.replace(/:\d+\)$/, '')}${/:\d+\)$/.exec(frame!)![0]}`);
    expect(stack).not.toContain('passed error');
  });

  test('a message that looks like a trace -> its lines stay together', async () => {
    const { kernel, root, other } = await beginTwo();
    const text = 'first\n  cause: none\n    at nothing';
    const { message, stack } = await errorOf(kernel.call(root, 'failAs', [text]));
    expect(message).toBe(text);
    const called = `    at failAs of root (${root.kref} of vat one)`;
    expect(linesOf(stack).indexOf(called)).toBe(4);
    const wrapped = await errorOf(kernel.call(root, 'wrap', [other, text]));
    expect(wrapped.stack).toContain(`    at wrap of root (${root.kref} of vat one)\n`);
    expect(wrapped.stack).toContain('\n  cause: Error: first\n  cause: none\n    at nothing\n');
  });

  test('on the console, unhandled -> the same', async () => {
    const { kernel, log, root, other } = await beginTwo();
    await kernel.call(root, 'tell', [other, 'second\n    with lines']);
    const [head, rest, frame] = linesOf(log[0]?.text);
    expect([head, rest]).toEqual(['other failed: Error: second', '    with lines']);
    expect(frame).toContain('    at root.failAs (');
    await kernel.call(root, 'forget', [other, 'third']);
    await vi.waitFor(() => expect(log.length).toBe(2));
    const unhandled = linesOf(log[1]?.text);
    expect(unhandled[0]).toBe('Unhandled rejection: Error: third');
    expect(unhandled[1]).toContain('    at root.failAs (');
    expect(unhandled.length).toBe(2);
  });

  test('of the same vat, unhandled -> no mark is left', async () => {
    const { kernel, log, root } = await begin();
    await kernel.call(root, 'forget', [root, 'x']).catch(() => undefined);
    await vi.waitFor(() => expect(log.length).toBe(1));
    expect(log[0]?.text).not.toContain('passed error');
  });
});
