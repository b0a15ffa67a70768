/** What tells the engine's errors from those of code, and that every road passes the look. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { assertLooks, lookAtCaught } from '../../scripts/look-at-caught.mjs';
import { buildFixtures, runFixture } from './testing/run-fixture.js';

let directory: string;
beforeAll(async () => {
  const names = ['constructors-fixture', 'engine-errors-fixture'];
  directory = await buildFixtures('engine-errors', names.map(name => `testing/${name}`));
});

/** A message of V8's has the text of a function; of a bound one it knows no name. */
const asBound = (line: string): string =>
  /^TypeError: (?:Cannot|function)/.test(line)
    ? line.replace(/function \w+(?=\(\) \{ \[native code\] \})/g, 'function ')
    : line;

/** `Error` itself no vat sees, but SES's; V8 reads this property of its own alone. */
const withoutReader = (line: string): string => line.replace('prepareStackTrace,', '');

describe('errors of the engine:', () => {
  test('what stands in their constructors\' place -> shows what they show', async () => {
    const file = `${directory}/constructors-fixture.js`;
    const { ours, native } = (await runFixture(file)) as Record<string, string[]>;
    expect(native!.length).toBeGreaterThan(500);
    expect(ours!.map(withoutReader)).toEqual(native!.map(asBound));
  });

  test('every road to vat code -> looked at before', async () => {
    const file = `${directory}/engine-errors-fixture.js`;
    const { roads, found } = (await runFixture(file)) as Record<string, unknown[]>;
    expect(roads!.length).toBe(32);
    const missed = roads!.filter((_, i) => (found![i] as string[])[0] !== 'looked');
    expect(missed).toEqual([]);
  });
});

describe('the image:', () => {
  const image = readFileSync(new URL('../../dist/image.js', import.meta.url), 'utf8');
  const looks = [...image.matchAll(/catch \([\w$]+\) ?\{lookAtCaught\(/g)];

  test('every catch -> looks at what it caught', () => {
    expect(looks.length).toBeGreaterThan(70);
    assertLooks(image);
  });

  test('one that does not -> noticed', () => {
    const { 0: look, index } = looks.at(-1)!;
    const without = look.replace(/lookAtCaught\($/, '(');
    const damaged = image.slice(0, index) + without + image.slice(index + look.length);
    expect(() => assertLooks(damaged)).toThrow('every catch looks');
  });

  test('catch clauses of every form -> the same lines, a look in each', () => {
    const script = `(function () {
function lookAtCaught() {}
try { a(); } catch { b(); }
try { a(); } catch (e) { b(e); }
try { a(); } catch ({ message, cause: [x] = [] }) { b(message, x); }
try { a(); } catch (e) {}
})`;
    const looking = lookAtCaught(script);
    expect(looking.split('\n').length).toBe(script.split('\n').length);
    expect(looking.match(/lookAtCaught\(/g)?.length).toBe(5);
  });
});
