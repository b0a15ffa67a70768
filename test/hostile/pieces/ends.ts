/** Upgrades, ends and other work of the host amid a flood. */
import type { Kind, Piece } from '../piece.js';

const times = (n: number, code: string): string => `for (let i = 0; i < ${n}; i += 1) { ${code} }`;
/** The vat floods: itself, another, or whoever waits on its promises. */
const MESSAGES = `${times(1_500, 'E.sendOnly($.innocent).answer();')} 'sent'`;
const TO_ITSELF = `$.n = 0; const self = Far('self', { go: () => { $.n += 1; } });
  const outside = E($.innocent).pass(self); ${times(1_500, 'E.sendOnly(outside).go();')} 'sent'`;
/** Sends the flood and runs its first wave. Then `code`, then calls beside it. */
const amid = (flood: string, code: string): string => `
  const { vatId, bundleId } = kernel.vat(me);
  kernel.send(root(me), 'run', [${JSON.stringify(flood)}, []]).result.catch(() => {});
  await wave();
  const during = async () => { ${code} };
  const done = during();
  done.catch(() => {});
  const waves = await beside();
  await kernel.run(); await kernel.commit();
  const told = await done.then(String, e => e.name + ': ' + e.message);
  return told + '; ' + waves`;

const UPGRADES: readonly Piece[] = [
  {
    name: 'an upgrade amid its messages to others',
    tries: 'new code while its flood is on the queue',
    steps: [['host', amid(MESSAGES, `return kernel.upgradeVat(vatId, { bundleId })
      .then(it => it.incarnationNumber);`)]],
    gives: '1; 1 and 3 waves, amid it',
  },
  {
    name: 'an upgrade amid messages to itself',
    tries: 'new code behind messages that the old code is to get',
    steps: [['host', amid(TO_ITSELF, `return kernel.upgradeVat(vatId, { bundleId })
      .then(it => it.incarnationNumber);`)]],
    gives: '1; 1 and 3 waves, amid it',
  },
  {
    name: 'an upgrade that is first',
    tries: 'new code before the flood',
    steps: [['host', amid(MESSAGES, `return kernel.upgradeVat(vatId, { bundleId, first: true })
      .then(it => it.incarnationNumber);`)]],
    gives: '1; 1 and 3 waves, amid it',
  },
  {
    name: 'an upgrade that fails amid a flood',
    tries: 'the old code has to go on with its flood',
    steps: [['host', amid(MESSAGES, `return kernel.upgradeVat(vatId, { bundleId,
      vatParameters: { setup: 'throw RangeError("Out of memory")' } });`)]],
    gives: 'RangeError: Out of memory; 1 and 3 waves, amid it',
  },
  {
    name: 'five upgrades in one block',
    tries: 'upgrades behind each other, each with a start of its own',
    steps: [['host', amid(MESSAGES, `const all = [];
      for (let i = 0; i < 5; i += 1) all.push(kernel.upgradeVat(vatId, { bundleId }));
      return (await Promise.all(all)).at(-1).incarnationNumber;`)]],
    gives: '5; 1 and 3 waves, amid it',
  },
  {
    name: 'an upgrade of a vat that owes a thousand promises',
    tries: 'promises that are all rejected by one upgrade, while others wait for them',
    steps: [
      ['hostile', `${times(1_000, 'E($.innocent).hear(new Promise(() => {}));')} 'owing'`],
      ['host', amid('1', `return kernel.upgradeVat(vatId, { bundleId })
        .then(it => it.rejectedPromises);`)],
    ],
    gives: '1000; 1 and 3 waves, amid it',
  },
  {
    name: 'an upgrade with a drain that is flooded',
    tries: 'a drain in which the vat gives itself more to do',
    steps: [['host', amid(TO_ITSELF, `return kernel.upgradeVat(vatId, { bundleId,
      drain: { waves: 20 } }).then(it => it.incarnationNumber);`)]],
    gives: '1; 1 and 3 waves, amid it',
  },
  {
    name: 'a rollback amid a flood',
    tries: 'the code before, while messages of the present one are on the queue',
    steps: [
      ['host', `const { vatId, bundleId } = kernel.vat(me);
        return () => kernel.upgradeVat(vatId, { bundleId })`],
      ['host', amid('1', `return kernel.rollbackVat(vatId).then(it => it.incarnationNumber);`)],
    ],
    gives: '2; 1 and 3 waves, when all was done',
  },
  {
    name: 'a dry run amid a flood',
    tries: 'an upgrade that is tried between two waves',
    steps: [['host', amid(MESSAGES, `return kernel.checkUpgrade(vatId, { bundleId })
      .then(it => it.ok);`)]],
    gives: 'true; 1 and 3 waves, amid it',
  },
  {
    name: 'an upgrade of a kind with three thousand objects',
    tries: 'a migration that has to go on for long',
    steps: [
      ['hostile', `const h = VatData.makeKindHandle('x'); baggage.init('x', h);
        const make = VatData.defineDurableKind(h, n => ({ n }), {});
        baggage.init('all', VatData.makeScalarBigSetStore('all', { durable: true }));
        ${times(3_000, "baggage.get('all').add(make(i));")} 'made'`],
      ['host', amid('1', `return kernel.upgradeVat(vatId, { bundleId, vatParameters: { setup:
        "VatData.defineDurableKind(baggage.get('x'), n => ({ n }), {})" } })
        .then(it => it.incarnationNumber);`)],
    ],
    gives: '1; 1 and 3 waves, when all was done',
  },
];

const ENDS: readonly Piece[] = [
  {
    name: 'an end that is first, amid a flood',
    tries: 'the host takes the vat away before its flood',
    steps: [['host', amid(MESSAGES, `return kernel.terminateVat(vatId, { first: true });`)]],
    gives: 'undefined; 1 and 3 waves, amid it',
    ends: 'leaves',
    isQuick: true,
  },
  {
    name: 'an end amid messages to itself',
    tries: 'a flood that nobody is there for any more',
    steps: [['host', amid(TO_ITSELF, `return kernel.terminateVat(vatId, { first: true });`)]],
    gives: 'undefined; 1 and 3 waves, amid it',
    ends: 'leaves',
  },
  {
    name: 'a flood, then an exit in the same crank',
    tries: 'to leave others with the flood',
    steps: [['amid', `${times(1_500, 'E.sendOnly($.innocent).answer();')}
      vatPowers.exitVat('bye'); 'sent'`]],
    gives: 'sent; 1 and 3 waves, amid it',
    ends: 'leaves',
    isQuick: true,
  },
  {
    name: 'a flood, then a fault in the same crank',
    tries: 'a flood that is undone',
    steps: [['amid', `${times(1_500, 'E.sendOnly($.innocent).answer();')}
      const f = () => f(); f()`]],
    gives: 'rejected: Error: vat terminated; 1 and 3 waves, when all was done',
    ends: { fault: 'LIMIT' },
    isQuick: true,
  },
  {
    name: 'an end while four thousand messages wait for it',
    tries: 'messages on a promise of a vat that ends: all refused at once',
    steps: [
      ['hostile', `$.p = E($.innocent).pass(new Promise(() => {}));
        ${times(4_000, 'E($.p).x().catch(() => {});')} 'waiting'`],
      ['host', amid('1', `return kernel.terminateVat(vatId);`)],
    ],
    gives: 'undefined; 1 and 3 waves, amid it',
    ends: 'leaves',
  },
  {
    name: 'an end while many promises of it are waited for',
    tries: 'fifteen hundred promises that are rejected by one end',
    steps: [
      ['hostile', `${times(1_500, 'E($.innocent).hear(new Promise(() => {}));')} 'owing'`],
      ['host', amid('1', `return kernel.terminateVat(vatId);`)],
    ],
    gives: 'undefined; 1 and 3 waves, amid it',
    ends: 'leaves',
  },
  {
    name: 'an end that leaves ten thousand rows',
    tries: 'rows that have to be removed in steps, while others call',
    steps: [
      ['hostile', `const s = VatData.makeScalarBigMapStore('s', { durable: true });
        ${times(10_000, 's.init(i, i);')} 'kept'`],
      ['host', amid('1', `return kernel.terminateVat(vatId);`)],
    ],
    gives: 'undefined; 1 and 3 waves, when all was done',
    ends: 'leaves',
  },
  {
    name: 'an end of a vat with four thousand exports',
    tries: 'objects that others hold, and that are nobody’s at once',
    steps: [
      ['hostile', `E($.innocent).hold(harden(Array.from({ length: 4_000 }, () =>
        Far('x', {})))); 'given'`],
      ['host', amid('1', `return kernel.terminateVat(vatId);`)],
      ['host', `return () => kernel.call(root('innocent'), 'hold', [undefined])`],
    ],
    gives: 'undefined',
    ends: 'leaves',
  },
  {
    name: 'items cancelled amid a flood',
    tries: 'the host takes two hundred items of the flood off the queue',
    steps: [['host', amid(MESSAGES, `const items = kernel.queued(200);
      const done = items.map(({ ordinal }) => kernel.cancelItem({ ordinal }));
      return (await Promise.allSettled(done)).length;`)]],
    gives: '200; 1 and 3 waves, amid it',
  },
  {
    name: 'cycles searched amid a flood',
    tries: 'a search of rows while messages run',
    steps: [['host', amid(TO_ITSELF, `return kernel.collectCycles(vatId);`)]],
    gives: 'undefined; 1 and 3 waves, amid it',
  },
  {
    name: 'vats that are made amid a flood',
    tries: 'three vats that are made in one block, while messages run',
    steps: [['host', amid(MESSAGES, `const made = [1, 2, 3].map(i =>
      kernel.createVat({ name: 'n' + i + me, bundleId }));
      return (await Promise.all(made)).length;`)]],
    gives: '3; 1 and 3 waves, amid it',
  },
];

export const ENDS_AMID: Kind = {
  title: 'Upgrades and ends amid floods',
  pieces: [...UPGRADES, ...ENDS],
};
