import SuperJSON from 'superjson';

class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
}

export const use = () => {
  const superjson = new SuperJSON();
  superjson.registerClass(Point);
  const shared = { n: 1 };
  const value = {
    when: new Date(0),
    set: new Set([1]),
    big: 5n,
    map: new Map([['a', /x/g]]),
    none: undefined,
    numbers: [NaN, -0, Infinity],
    point: new Point(1, 2),
    one: shared,
    two: shared,
    floats: new Float64Array([1.5, NaN]),
    bytes: new Uint8Array([1, 2]),
    url: new URL('http://x.y/'),
    error: new TypeError('bad'),
  };
  const text = superjson.stringify(value);
  const back = superjson.parse(text);
  return [
    text,
    [back.when, back.set, back.big, back.map, back.numbers, back.point instanceof Point],
    [back.one === back.two, [...back.floats], back.bytes, back.url.href, back.error.message],
  ];
};
