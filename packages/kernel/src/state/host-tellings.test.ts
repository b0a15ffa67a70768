/** What the host is still to be told of: exact under cranks that are undone. */
import { expect, test } from 'vitest';
import { HostTellings } from './host-tellings.js';
import { Journal } from './journal.js';
import { objectKRef } from './krefs.js';

const [ONE, TWO, THREE] = [objectKRef(1), objectKRef(2), objectKRef(3)] as const;

test('tellings: a crank is undone -> what it would have told is not told', () => {
  const journal = new Journal();
  const tellings = new HostTellings(journal);
  tellings.add('results', ONE, false);
  journal.clear();
  const mark = journal.mark();
  tellings.add('results', ONE, true);
  tellings.add('results', TWO, false);
  tellings.add('calls', THREE, true);
  expect([ONE, TWO, THREE].map(kref => tellings.has(kref))).toEqual([true, true, true]);
  journal.rollback(mark);
  expect([ONE, TWO, THREE].map(kref => tellings.has(kref))).toEqual([true, false, false]);
  expect(tellings.isNew(ONE)).toBe(true);
});

test('tellings: told -> whoever asked before knows; whoever asks later is told of nothing', () => {
  const tellings = new HostTellings(new Journal());
  const before = tellings.untold();
  tellings.add('results', ONE, false);
  tellings.add('calls', TWO, true);
  expect([before.wasTold(ONE), before.wasTold(TWO)]).toEqual([false, false]);
  expect([tellings.isNew(ONE), tellings.isNew(TWO)]).toEqual([true, false]);
  tellings.toldResults();
  expect([before.wasTold(ONE), before.wasTold(TWO)]).toEqual([true, false]);
  const between = tellings.untold();
  tellings.toldCalls();
  expect([before.wasTold(TWO), between.wasTold(TWO), between.wasTold(ONE)]).toEqual([
    ...[true, true, false],
  ]);
  expect([ONE, TWO].map(kref => tellings.has(kref))).toEqual([false, false]);
  expect(tellings.untold().wasTold(ONE)).toBe(false);
});

test('tellings: told by a result before it is told by a call -> known between the two', () => {
  const tellings = new HostTellings(new Journal());
  tellings.add('calls', ONE, false);
  tellings.add('results', ONE, true);
  expect(tellings.isNew(ONE)).toBe(true);
  tellings.toldResults();
  expect([tellings.has(ONE), tellings.isNew(ONE)]).toEqual([true, false]);
  tellings.toldCalls();
  expect(tellings.has(ONE)).toBe(false);
});

test('tellings: released before it is told -> unknown until then', () => {
  const tellings = new HostTellings(new Journal());
  tellings.add('results', ONE, true);
  tellings.released(ONE);
  tellings.released(TWO);
  expect([tellings.isNew(ONE), tellings.has(TWO)]).toEqual([true, false]);
  tellings.add('calls', ONE, true);
  tellings.toldResults();
  expect(tellings.isNew(ONE)).toBe(false);
});
