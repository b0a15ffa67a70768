import { beforeAll, describe, expect, test } from 'vitest';
import { buildFixtures, runFixture } from '../zygote/testing/run-fixture.js';
import { SCRIPTS } from '../zygote/testing/send-scripts.js';

type Logs = Record<string, string[]>;

/** Where the same lines come in another order: docs/environment.md, "HandledPromise". */
const REORDERED = ['pending: pipelining', 'pending: pipeliningToPresence'];

let directory: string;
beforeAll(async () => {
  const modules = ['testing/send-fixture', 'testing/internals-fixture'];
  directory = await buildFixtures('handled-promise', modules);
});

describe('HandledPromise against the stock shim', () => {
  let shim: Logs;
  let own: Logs;
  beforeAll(async () => {
    const file = `${directory}/send-fixture.js`;
    shim = (await runFixture(file, { args: ['shim'] })) as Logs;
    own = (await runFixture(file, { args: ['own'] })) as Logs;
  });

  test.each(SCRIPTS.map(([name]) => name))('HandledPromise: %s -> the same log', name => {
    expect(shim[name]!.length).toBeGreaterThan(0);
    if (REORDERED.includes(name)) {
      expect([...own[name]!].sort()).toEqual([...shim[name]!].sort());
    } else {
      expect(own[name]).toEqual(shim[name]);
    }
  });
});

describe('HandledPromise for liveslots', () => {
  let logs: Logs;
  beforeAll(async () => {
    logs = (await runFixture(`${directory}/internals-fixture.js`)) as Logs;
  });

  test('queueSend: sends of one turn -> in order, hardened, then afterSends', () => {
    expect(logs['fastPath']).toEqual([
      'true presence true',
      'sync end',
      'presence applyMethod m 1 true false presence',
      'presence applyFunction undefined 1 true false presence',
      'presence get p 0 true false presence',
      'presence applyMethod q 0 true true presence',
      'after sends',
      'presence applyMethod last 0 true false presence',
      'first -> answer',
      'true true',
    ]);
  });

  test('setHandler: in the send itself -> pipelined sends of the turn keep their order', () => {
    expect(logs['pipeliningInOneTurn']).toEqual([
      'send a',
      'pipelined applyMethod b 0 true false pending',
      'send c',
      'pipelined applyMethod d 0 true false pending',
      'pipelined applyMethod e 0 true false pending',
    ]);
  });

  test('setHandler: sends wait -> dispatched in order; then resolved to a local object', () => {
    expect(logs['postponedThenHandled']).toEqual([
      'idle',
      'late applyMethod a 0 true false pending',
      'late applyMethod b 0 true false pending',
      'late applyMethod c 0 true false pending',
      'd -> local',
      'settled true',
    ]);
  });

  test('resolveRecord: to a pending promise, then a presence -> sends follow', () => {
    expect(logs['following']).toEqual([
      'forwarded true',
      'b applyMethod one 0 true false pending',
      'b applyMethod two 0 true false pending',
      'end applyMethod three 0 true false presence',
      'presence true true',
    ]);
  });

  test('resolveRecord: to itself -> rejected, as are its sends', () => {
    const text = 'x TypeError: Chaining cycle detected for promise [object Promise]';
    expect(logs['selfCycle']).toEqual([`send ${text}`, `later ${text}`]);
  });

  test('queueSend: throws -> the result is rejected', () => {
    expect(logs['throwingHandler']).toEqual(['send x TypeError: refused']);
  });

  test('send: before and after the resolution of a postponed promise -> in order', () => {
    expect(logs['order']).toEqual(['m 1', 'm 2', 'm 3']);
  });
});
