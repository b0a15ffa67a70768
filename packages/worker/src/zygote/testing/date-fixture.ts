/** What `Date` answers under the zone of this process. Prints it as JSON. */
import fc from 'fast-check';
import { installUtcDate } from '../utc-date.js';

const HostDate = Date;
const hostZone = new HostDate(2020, 0, 1).getTimezoneOffset();
installUtcDate();

const PIECES = [
  '2020',
  '2020-01-02',
  '2020-13-45',
  '+012020-06',
  '-000001-01-01',
  'T10:20',
  'T10:20:30.5',
  'T24:00',
  'Z',
  '+09:00',
  '-0500',
  ' ',
  ',',
  'Jan',
  'March',
  '1',
  '31',
  '99',
  ' 10:20',
  ' 1:02:03 PM',
  ' GMT',
  ' UTC',
  ' EST',
  '+0200',
  '(x)',
  '(',
  '-',
  '/',
  '12/25/1995',
  'Mon',
  'Thu, ',
  'Z',
  ':',
  '.',
];
const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 7 }).map(pieces => pieces.join(''));
const random = fc.sample(text, { numRuns: 20_000, seed: 5 });
const parsed = random.map(sample => Date.parse(sample));

const at = new Date(1e12 + 1);
const UNITS = ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds'];
const methods = Date.prototype as unknown as Record<
  string,
  (this: Date, ...args: number[]) => number
>;
const units = UNITS.map(unit => {
  const get = methods[`get${unit}`]!.call(at) === methods[`getUTC${unit}`]!.call(at);
  if (unit === 'Day') return get;
  const [local, utc] = [new Date(1e12), new Date(1e12)];
  methods[`set${unit}`]!.call(local, 3);
  methods[`setUTC${unit}`]!.call(utc, 3);
  return get && local.getTime() === utc.getTime();
});
class Sub extends Date {}
const attempt = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return String(error);
  }
};

const roundTrips = [0, 1e12, -1e12, 951782400000].every(time => {
  const date = new Date(time);
  const forms = [date.toString(), date.toUTCString(), date.toISOString()];
  return forms.every(form => Math.trunc(Date.parse(form) / 1000) === Math.trunc(time / 1000));
});

console.log(
  JSON.stringify({
    hostZone,
    parsed,
    valid: parsed.filter(time => !Number.isNaN(time)).length,
    units,
    roundTrips,
    printed: [
      at.toString(),
      at.toDateString(),
      at.toTimeString(),
      at.toLocaleString(),
      at.toLocaleDateString(),
      at.toLocaleTimeString(),
      `${at}`,
      new Date(NaN).toString(),
    ],
    offsets: [at.getTimezoneOffset(), new Date(NaN).getTimezoneOffset()],
    parts: [new Date(2020, 0, 1), new Date(99, 0), new Date(2020, 5, 1, 12, 30, 15, 7)].map(Number),
    single: [
      new Date('2020-01-01T00:00'),
      new Date('Jan 5, 2021'),
      new Date(new Date(5)),
      new Date(7),
      new Date({ valueOf: () => '2020-06-01T12:00' } as unknown as string),
    ].map(Number),
    year: [
      (at as unknown as { getYear(): number }).getYear(),
      (new Date(0) as unknown as { setYear(year: number): number }).setYear(99),
    ],
    kinds: [
      new Sub(5) instanceof Sub,
      new Sub(5).getTime(),
      Date.length,
      Date.name,
      typeof (Date as unknown as () => string)(),
      Date.prototype.constructor === Date,
    ],
    errors: [
      attempt(() => new Date(Symbol('x') as never)),
      attempt(() => new Date(1n as never)),
      attempt(() => Date.prototype.getTimezoneOffset.call({})),
    ],
    nowIsNumber: typeof new Date().getTime() === 'number' && typeof Date.now() === 'number',
  }),
);
