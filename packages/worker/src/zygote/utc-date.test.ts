import { beforeAll, describe, expect, test } from 'vitest';
import { buildFixtures, runFixture } from './testing/run-fixture.js';

type Answers = Record<string, unknown[]>;
const ZONES = ['UTC', 'Asia/Tokyo', 'America/St_Johns', 'Europe/Dublin', 'Pacific/Apia'];
const HOUR = 3_600_000;

describe('utc-date', () => {
  const answers: Answers[] = [];
  beforeAll(async () => {
    const directory = await buildFixtures('utc-date', ['testing/date-fixture']);
    for (const timeZone of ZONES) {
      answers.push((await runFixture(`${directory}/date-fixture.js`, { timeZone })) as Answers);
    }
  });

  test('utc-date: five zones, 20,000 random texts -> the same answers', () => {
    const offsets = answers.map(({ hostZone }) => hostZone as unknown);
    expect(offsets.slice(0, 2)).toEqual([0, -540]);
    for (const other of answers.slice(1)) {
      const { hostZone: _one, ...expected } = answers[0]!;
      const { hostZone: _other, ...actual } = other;
      expect(actual).toEqual(expected);
    }
    expect(answers[0]!['valid']).toBeGreaterThan(200);
  });

  test('utc-date: Asia/Tokyo -> local methods are the UTC ones, no zone is named', () => {
    const tokyo = answers[1]!;
    expect(tokyo['units']).toEqual(Array(8).fill(true));
    expect(tokyo['printed']).toEqual([
      'Sun Sep 09 2001 01:46:40 GMT+0000',
      'Sun Sep 09 2001',
      '01:46:40 GMT+0000',
      'Sun Sep 09 2001 01:46:40 GMT+0000',
      'Sun Sep 09 2001',
      '01:46:40 GMT+0000',
      'Sun Sep 09 2001 01:46:40 GMT+0000',
      'Invalid Date',
    ]);
    expect(tokyo['offsets']).toEqual([0, null]);
    expect(tokyo['roundTrips']).toBe(true);
  });

  test('utc-date: Asia/Tokyo -> local times given in parts or as text are UTC', () => {
    const tokyo = answers[1]!;
    expect(tokyo['parts']).toEqual([
      Date.UTC(2020, 0, 1),
      Date.UTC(1999, 0),
      Date.UTC(2020, 5, 1, 12, 30, 15, 7),
    ]);
    const noon = Date.UTC(2020, 5, 1) + 12 * HOUR;
    expect(tokyo['single']).toEqual([Date.UTC(2020, 0, 1), Date.UTC(2021, 0, 5), 5, 7, noon]);
    expect(tokyo['year']).toEqual([101, Date.UTC(1999, 0, 1)]);
  });

  test('utc-date: the constructor -> as the built-in one: subclasses, errors, properties', () => {
    const tokyo = answers[1]!;
    expect(tokyo['kinds']).toEqual([true, 5, 7, 'Date', 'string', true]);
    expect(tokyo['errors']).toEqual([
      'TypeError: Cannot convert a Symbol value to a number',
      'TypeError: Cannot convert a BigInt value to a number',
      'TypeError: this is not a Date object.',
    ]);
    expect(tokyo['nowIsNumber']).toBe(true);
  });
});
