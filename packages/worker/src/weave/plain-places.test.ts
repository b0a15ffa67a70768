/** Every place of a source is found again from where the weaver has put it. */
import { expect, test } from 'vitest';
import { PlainPlaces } from './plain-places.js';
import { weave } from './weave.js';

const SOURCE = `const a = n => { try { return [n].map(x => b(x)); } finally { n += 1; } };
async function b(x) { await x; for (const y of [x]) { if (y) throw Error('M1'); } }
/** {@link import('./types.js')} */ function* c() { yield b(1); return 'M2 import(x)'; }
const d = ({ e }) => e.f(() => { throw TypeError('M3'); }, 'M4'); class G {
  h(i) { return i.M5; } }`;

/** The marks are texts that the weaver neither makes nor changes. */
const placeOf = (text: string, mark: string): { line: number; column: number } => {
  const lines = text.split('\n');
  const line = lines.findIndex(each => each.includes(mark));
  return { line, column: lines[line]?.indexOf(mark) ?? -1 };
};

test('plain places: a mark anywhere -> found where the source has it', () => {
  const woven = weave(SOURCE);
  const places = new PlainPlaces(woven);
  for (const mark of ['M1', 'M2', 'M3', 'M4', 'M5']) {
    const plain = placeOf(SOURCE, mark);
    const found = placeOf(woven, mark);
    expect(found.column).toBeGreaterThan(plain.column);
    expect(places.plain(found)).toEqual(plain);
  }
});

test('plain places: every place of every line -> in order, within the line', () => {
  const script = weave(SOURCE);
  const places = new PlainPlaces(script);
  const lines = SOURCE.replace("'M2 import", "'M2 im\\x70ort").split('\n');
  for (const [line, woven] of script.split('\n').entries()) {
    let last = 0;
    for (let column = 0; column <= woven.length; column += 1) {
      const plain = places.plain({ line, column });
      expect(plain.line).toBe(line);
      expect(plain.column - last === 0 || plain.column - last === 1).toBe(true);
      last = plain.column;
    }
    expect(last).toBe(lines[line]?.length ?? -1);
  }
});

test('plain places: no such line, or column -> as it is; the end of the line', () => {
  const places = new PlainPlaces('1;\n2;');
  expect(places.plain({ line: 7, column: 3 })).toEqual({ line: 7, column: 3 });
  expect(places.plain({ line: 1, column: 9 })).toEqual({ line: 1, column: 2 });
});
