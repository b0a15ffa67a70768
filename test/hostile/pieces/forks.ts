/** Forks: of vats that work, of forks, of vats that end; and what vats do as they are forked. */
import type { Ending, Kind } from '../piece.js';

const LATE: Ending = { stops: 'DELIVERY_TIMEOUT' };
const times = (n: number, code: string): string => `for (let i = 0; i < ${n}; i += 1) { ${code} }`;
/** A vat that the piece's vat has made: `$.child`, its `$.node`; the child has both, too. */
const CHILD = `
  const service = E($.vatAdmin).createVatAdminService();
  const cap = E(service).getNamedBundleCap('workbench');
  cap.then(async bundle => {
    $.cap = bundle;
    const { root, adminNode } = await E(service).createVat(bundle);
    $.child = root; $.node = adminNode;
    await E(root).run('[$.node, $.innocent] = args; $.n = 7; 1', [adminNode, $.innocent]);
    return 'made'; })`;
const run = (target: string, code: string): string => `E(${target}).run(${JSON.stringify(code)})`;
/** Forks of the host: `fork(name, from, options)`; `say(name, code)`. */
const HOST = `
  const fork = (name, from = me, options = {}) => settle(() =>
    kernel.forkVat(kernel.vat(from).vatId, { name: name + '-of-' + me, ...options }));
  const say = (name, code) => settle(() => kernel.call(root(name + '-of-' + me), 'run',
    [code, []]));
  const end = name => settle(() => kernel.terminateVat(kernel.vat(name + '-of-' + me).vatId));`;

export const FORKS: Kind = {
  title: 'Forks',
  pieces: [
    {
      name: 'a vat that has itself forked',
      tries: 'a fork whose heap goes on with what its vat was about to do: both count',
      steps: [
        ['hostile', CHILD],
        ['amid', run('$.child',
          `E($.node).fork().then(({ root }) => E(root).run('$.n += 1; $.n'))`)],
      ],
      gives: '9; 1 and 3 waves, amid it',
    },
    {
      name: 'a flood, and a fork amid it',
      tries: 'messages before and behind a fork of whom they go to',
      steps: [
        ['hostile', CHILD],
        ['amid', `${times(500, `E.sendOnly($.child).run('$.n += 1');`)}
          const forked = E($.node).fork();
          ${times(500, `E.sendOnly($.child).run('$.n += 1');`)}
          forked.then(({ root }) => Promise.all([E(root).run('$.n'), E($.child).run('$.n')]))
            .then(it => it.join())`],
      ],
      gives: '1007,1007; 1 and 3 waves, amid it',
    },
    {
      name: 'four forks in one crank',
      tries: 'forks of one vat that wait for each other',
      steps: [
        ['hostile', CHILD],
        ['amid', `Promise.all([1, 2, 3, 4].map(() => E($.node).fork())).then(all =>
          Promise.all(all.map(({ root }, i) => E(root).run('$.n += ' + i + '; $.n'))))
          .then(it => it.join())`],
      ],
      gives: '7,8,9,10; 1 and 3 waves, amid it',
    },
    {
      name: 'forks of forks',
      tries: 'a chain of forks, each of which is written to',
      steps: [['hostile', `baggage.init('deep', 0); $.n = 0; 1`], ['host', `${HOST}
        let from = me;
        for (let i = 1; i <= 5; i += 1) {
          await fork('f' + i, from);
          await say('f' + i, "$.n += 1; baggage.set('deep', baggage.get('deep') + 1)");
          from = 'f' + i + '-of-' + me;
        }
        return say('f5', "[$.n, baggage.get('deep')].join()")`]],
      gives: '5,5',
    },
    {
      name: 'forks that end at once',
      tries: 'layers of rows that only ended vats had',
      steps: [['hostile', `baggage.init('x', 0); 1`], ['host', `${HOST}
        for (let i = 1; i <= 4; i += 1) {
          await fork('f' + i);
          await settle(() => kernel.call(root(me), 'run', ["baggage.set('x', " + i + ")", []]));
          await end('f' + i);
        }
        return () => kernel.call(root(me), 'run', ["baggage.get('x')", []])`]],
      gives: '4',
    },
    {
      name: 'forks that end in another order, with much written',
      tries: 'spaces that become one while their vats write',
      steps: [['hostile', `$.s = VatData.makeScalarBigMapStore('s', { durable: true });
        baggage.init('s', $.s); ${times(2_000, '$.s.init(i, i);')} 1`], ['host', `${HOST}
        const write = n => "for (let i = 0; i < 2_000; i += 3) $.s.set(i, " + n + "); 1";
        const mine = code => settle(() => kernel.call(root(me), 'run', [code, []]));
        await fork('a'); await mine(write(1)); await fork('b'); await say('a', write(2));
        await fork('c', 'b-of-' + me); await end('b'); await mine(write(3)); await end('a');
        await say('c', '$.s.clear(); 1');
        return () => kernel.call(root(me), 'run', ['[$.s.get(0), $.s.get(1)].join()', []])`]],
      gives: '3,1',
    },
    {
      name: 'a fork, then the end of its vat',
      tries: 'a fork that is all that is left of its vat',
      steps: [['hostile', `baggage.init('x', 7); $.x = 7; 1`], ['host', `${HOST}
        await fork('f'); await settle(() => kernel.terminateVat(kernel.vat(me).vatId));
        return say('f', "[$.x, baggage.get('x')].join()")`]],
      gives: '7,7',
      ends: 'leaves',
    },
    {
      name: 'a fork behind the end of its vat',
      tries: 'a fork of what is no more when its turn comes',
      steps: [['hostile', CHILD], ['amid', `E($.node).terminateWithFailure(Error('enough'));
        E($.node).fork().then(() => 'forked', e => e.name)`]],
      gives: 'Error; 1 and 3 waves, amid it',
    },
    {
      name: 'a fork and an upgrade in one crank',
      tries: 'a fork between two upgrades of its vat',
      steps: [['hostile', CHILD], ['amid', `E($.node).upgrade($.cap); const it = E($.node).fork();
        E($.node).upgrade($.cap);
        it.then(({ root }) => E(root).run('typeof $.n')).then(n => n, e => e.message)`]],
      gives: 'undefined; 1 and 3 waves, amid it',
    },
    {
      name: 'fork handlers that throw',
      tries: 'a fork that fails at its first delivery',
      steps: [['hostile', `vatPowers.onFork(() => { throw RangeError('Out of memory'); }); 1`],
        ['host', `${HOST} return fork('f').then(() => 'forked', e => e.message)`]],
      gives: 'Out of memory',
    },
    {
      name: 'fork handlers that never settle',
      tries: 'a fork that is to wait for ever',
      steps: [['hostile', `vatPowers.onFork(() => new Promise(() => {})); 1`],
        ['host', `${HOST} return fork('f').then(() => 'forked', e => e.name)`]],
      gives: 'Error',
    },
    {
      name: 'fork handlers that leave',
      tries: 'a fork that ends as it begins',
      steps: [['hostile', `vatPowers.onFork(() => { vatPowers.exitVat('bye'); }); 1`],
        ['host', `${HOST} return fork('f').then(() => 'forked', e => String(e))`]],
      gives: 'bye',
    },
    {
      name: 'fork handlers that write and send much',
      tries: 'a first delivery with a thousand messages and rows',
      steps: [['hostile', `vatPowers.onFork(() => {
          const s = VatData.makeScalarBigMapStore('s', { durable: true });
          ${times(1_000, 's.init(i, i); E.sendOnly($.innocent).answer();')} }); 1`],
        ['host', `${HOST} await fork('f'); return say('f', '6 * 7')`]],
      gives: '42',
    },
    {
      name: 'a loop in a fork handler',
      tries: 'a fork that does not end being made',
      steps: [['hostile', `vatPowers.onFork(() => { console.log('looping'); for (;;) {} }); 1`],
        ['host', `${HOST} return fork('f')`]],
      ends: LATE,
    },
    {
      name: 'a vat that forks in its fork handler',
      tries: 'forks that make forks, of which each makes one',
      steps: [['hostile', CHILD],
        ['hostile', run('$.child', `$.depth = 0; vatPowers.onFork(({ vatParameters: { n } }) => {
          $.depth += 1; if (n > 0) E($.node).fork({ vatParameters: { n: n - 1 } }); }); 1`)],
        ['amid', `E($.node).fork({ vatParameters: { n: 3 } })
          .then(({ root }) => E(root).run('$.depth'))`]],
      gives: '1; 1 and 3 waves, amid it',
    },
  {
      name: 'exports that are none',
      tries: 'a fork that is to hand out others’ objects, promises, data, the same thing twice',
      steps: [['hostile', CHILD], ['hostile', `
        const bad = [[$.innocent], [Promise.resolve(7)], [7], 'x', { length: 2 }, [$.node],
          [$.purse], [undefined]];
        Promise.all(bad.map(exports => E($.node).fork({ exports }).then(() => 'forked', () =>
          'refused'))).then(it => [...new Set(it)].join())`]],
      gives: 'refused',
      isQuick: true,
    },
    {
      name: 'ten thousand exports and one',
      tries: 'a fork with more exports than one may have',
      steps: [['hostile', `$.all = Array.from({ length: 10_001 }, () => Far('x', {})); 1`],
        ['host', `const { vatId } = kernel.vat(me); const it = root(me);
          return settle(() => kernel.forkVat(vatId, { name: 'f-of-' + me,
            exports: Array(10_001).fill(it) })).then(() => 'forked', e => e.code)`]],
      gives: 'BAD_OPTION',
      isQuick: true,
    },
    {
      name: 'names that are taken',
      tries: 'a fork under the name of the till, of itself, of nothing',
      steps: [['host', `const { vatId } = kernel.vat(me); const told = [];
        for (const name of ['till', me, '', 7, 'x'.repeat(200), '\\ud800']) {
          told.push(await settle(() => kernel.forkVat(vatId, { name })).then(() => 'forked',
            e => e.name));
        }
        return [...new Set(told)].join();`]],
      gives: 'KernelError',
      isQuick: true,
    },
    {
      name: 'a promise that both could settle',
      tries: 'a fork that settles what its vat has promised others',
      steps: [['hostile', `$.p = E($.innocent).pass(new Promise(go => { $.go = go; }));
        $.p.then(it => { $.heard = it; }); 1`],
      ['host', `${HOST} await fork('f'); await say('f', "$.go('forged'); 1");
        await settle(() => kernel.call(root(me), 'run', ["$.go('honest'); 1", []]));
        return () => kernel.call(root(me), 'run', ['$.heard', []])`]],
      gives: 'honest',
    },
    {
      name: 'a fork with a long queue on its promises',
      tries: 'fifteen hundred messages that wait on a promise of the vat that is forked',
      steps: [['hostile', `$.p = E($.innocent).pass(new Promise(go => { $.go = go; }));
        $.n = 0; ${times(1_500, 'E($.p).answer().then(() => { $.n += 1; });')} 1`],
      ['host', `${HOST} await fork('f');
        await settle(() => kernel.call(root(me), 'run', ['$.go($.innocent); 1', []]));
        return say('f', '$.n')`]],
      gives: '1500',
    },
  ],
};
