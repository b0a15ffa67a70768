/**
 * Observations by programs of vat code, woven as vats' are: what errors say, how functions are
 * called and spelled, when promises are settled, dates, which syntax is taken.
 */
import {
  BUILT_IN_ERRORS,
  CALL_ERRORS,
  CLASS_ERRORS,
  CONVERSION_ERRORS,
  MORE_SYNTAX,
  PROPERTY_ERRORS,
  SYNTAX,
} from './faulty-programs.js';
import { outcomeOf, type Look } from './sight.js';
import { call, elementsOf, evaluateInChild, evaluateScript } from './vat-scripts.js';

/** What each statement throws, when it runs as the body of a function. */
const throwing = (name: string, statements: readonly string[]): Look => ({
  name,
  look(sight) {
    const bodies = statements.map(statement => `() => { ${statement} }`);
    const functions = elementsOf(evaluateScript(`[${bodies.join(',\n')}]`));
    for (const run of functions) sight.outcome(() => call(run));
  },
});

/** A script whose value is a list of texts, or a promise of one. */
const telling = (name: string, script: string): Look => ({
  name,
  async look(sight) {
    for (const text of elementsOf(await evaluateScript(script))) sight.text(String(text));
  },
});

const FUNCTIONS = String.raw`(() => {
  const symbol = Symbol('told');
  const key = 'computed';
  const object = {
    method() { return 1; }, get read() { return 2; }, set read(to) {}, async *both() {},
    arrow: () => 0, [symbol]: () => 0, [key + 1]: class {}, async later() {}, *some() {},
    'with blank'() {}, 12() {}, plain: function () {}, named: function own() {},
  };
  const { read } = Object.getOwnPropertyDescriptors(object);
  const [first = () => 0] = [];
  const { missing = class {} } = {};
  class Base { #hidden = 1; static field = () => 0; static #own() {} static { this.x = 1; } }
  class Named { static name = 'other'; }
  const all = [
    ...Reflect.ownKeys(object).filter(k => k !== 'read').map(k => object[k]), read.get, read.set,
    first, missing, Base, Base.field, Named, class {}, (0, () => 0), object.method.bind(0, 1),
    function (a, b = 1, ...c) {}, ({ a }, [b]) => a, Array.prototype.map, Math.sin,
    Function.prototype, Object.getOwnPropertyDescriptor(Map.prototype, 'size').get,
    RegExp.prototype[Symbol.replace], new Proxy(function () {}, {}), Base.constructor,
  ];
  return all.flatMap(one => [
    typeof one, one.name, one.length, Reflect.ownKeys(one).map(String).join(),
    Function.prototype.toString.call(one),
  ]);
})()`;

/** The same sources in several places; labels tell which step of which comes when. */
const PROMISES = String.raw`(async () => {
  const steps = [];
  const say = label => { steps.push(label); };
  const clock = (async () => { for (let i = 0; i < 30; i += 1) { say(i); await null; } })();
  const thenable = label => ({ then(resolve) { say(label + ' asked'); resolve(label); } });
  async function* counted() { try { yield 1; yield Promise.resolve(2); } finally { say('left'); } }
  async function* through() { yield* counted(); return thenable('returned'); }
  class Other extends Promise {}
  const all = [
    ['native in native', () => Promise.resolve(Promise.resolve(1))],
    ['resolved later', () => new Promise(resolve => resolve(Promise.resolve(1)))],
    ['thenable', () => Promise.resolve(thenable('first'))],
    ['awaited thenable', async () => { await thenable('second'); }],
    ['returned promise', async () => Promise.resolve(1)],
    ['awaited promise', async () => { await Promise.resolve(1); await Other.resolve(2); }],
    ['subclass', () => Other.resolve(1).then(() => 2)],
    ['all', () => Promise.all([1, Promise.resolve(2), thenable('third')])],
    ['any', () => Promise.any([Promise.reject(1), 2])],
    ['race', () => Promise.race([Promise.resolve(1), 2])],
    ['settled', () => Promise.allSettled([Promise.reject(1), 2])],
    ['finally', () => Promise.resolve(1).finally(() => Promise.resolve(2))],
    ['thrown', () => Promise.resolve().then(() => { throw 1; }).catch(() => 2)],
    ['generator', async () => { for await (const n of counted()) say('item ' + n); }],
    ['left early', async () => { for await (const n of counted()) { say('one'); break; } }],
    ['through', async () => { for await (const n of through()) say('passed ' + n); }],
    ['of list', async () => { for await (const n of [Promise.resolve(1), 2]) say('of ' + n); }],
    ['asked twice', async () => { const g = counted(); await Promise.all([g.next(), g.next()]); }],
    ['sent back', async () => { const g = counted(); await g.next(); await g.return(9); }],
    ['thrown in', async () => { const g = counted(); await g.next(); await g.throw(9); }],
    ['refused', async () => { for await (const n of [Promise.reject(3)]) say('never'); }],
  ];
  const jobs = all.map(([label, run]) =>
    run().then(() => say(label), () => say(label + ' refused')));
  await Promise.all([clock, ...jobs]);
  return steps;
})()`;

const DATES = String.raw`(() => {
  const texts = [
    '2020', '2020-02', '2020-02-30', '2020-01-01T00:00', '2020-01-01T24:00Z', '2020-1-1',
    '2020-01-01T00:00:00.123456789Z', '2020-01-01T00:00:00,5Z', '+012020-01-01T00:00Z',
    '-000000-01-01T00:00Z', '2020-01-01T00:00+01', '2020-01-01T00:00:60Z', '2020-01-01 00:00',
    'Jan 1 2020', 'Jan 32 2020', '1 Jan 2020 10:00 +0530', 'Wed, 01 Jan 2020 00:00:00 GMT',
    'Sat Jan 01 2020 00:00:00 GMT+0100 (CET)', '1/2/2020', '1 2 3', 'Jan 1 49', 'Foo 1 2020', '12',
  ];
  const times = [0, -1, 8.64e15, -8.64e15, 8.64e15 + 1, NaN, -1e14, 951782400000, 1e12 + 0.7];
  const fields = [[275760, 8, 13, 0, 0, 0, 1], [2020], [99, 0], [2020, 1e9], [2020, -1, 30, 25]];
  const print = time => {
    const date = new Date(time);
    const parts = [date.getDay(), date.getDate(), date.getTimezoneOffset(), date.getFullYear()];
    const texts = [String(date), date.toUTCString(), date.toJSON(), date.toLocaleString()];
    return [...parts, ...texts, date.toDateString(), date.toTimeString()].join();
  };
  // Engines that have Temporal know the laws of time zones, which change with the years.
  const zones = ['America/Asuncion', 'Africa/Casablanca', 'Asia/Gaza', 'Europe/Istanbul'];
  const instants = [0, 1e12, 1.6e12, 1.7e12, 1.76e12, 1.8e12, 2e12, 3e12];
  const zoned = typeof Temporal === 'undefined' ? [] : zones.flatMap(zone => instants.map(
    time => Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(zone)));
  return [
    ...zoned, ...texts.map(text => Date.parse(text)), ...times.map(print),
    ...fields.map(field => Date.UTC(...field)), ...fields.map(field => Number(new Date(...field))),
  ];
})()`;

/** What the engine says of scripts that it need not take. */
const SYNTAXES: Look = {
  name: 'syntax',
  look(sight, { whole }) {
    for (const source of whole ? [...SYNTAX, ...MORE_SYNTAX] : SYNTAX) {
      sight.text(outcomeOf(() => typeof evaluateInChild(source)));
    }
  },
};

export const programLooks: readonly Look[] = [
  throwing('errors.properties', PROPERTY_ERRORS),
  throwing('errors.calls', CALL_ERRORS),
  throwing('errors.classes', CLASS_ERRORS),
  throwing('errors.conversions', CONVERSION_ERRORS),
  throwing('errors.built-ins', BUILT_IN_ERRORS),
  telling('functions', FUNCTIONS),
  telling('promises', PROMISES),
  telling('dates', DATES),
  SYNTAXES,
];
