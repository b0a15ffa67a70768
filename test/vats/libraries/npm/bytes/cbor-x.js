import { addExtension, decode, encode, Encoder } from 'cbor-x';

class Point {
  constructor(x) {
    this.x = x;
  }
}
addExtension({
  Class: Point,
  tag: 43311,
  encode: (it, write) => write(it.x),
  decode: x => new Point(x),
});

export const use = () => {
  const value = {
    a: [1, -1, 'h\u00e9', null, true],
    f: 1.5,
    n: NaN,
    s: 0.1,
    big: 2n ** 60n,
    when: new Date(0),
  };
  const bytes = encode(value);
  const records = new Encoder({ useRecords: true, structuredClone: true });
  const shared = { x: 1 };
  const back = records.decode(records.encode([shared, shared, new Set([1]), new Map([[1, 2]])]));
  return [
    [...bytes],
    decode(bytes),
    [back[0] === back[1], back[2], back[3]],
    decode(encode(new Point(4))) instanceof Point,
    decode(Uint8Array.from([0xf9, 0x3c, 0x00])),
    decode(Uint8Array.from([0xfa, 0x7f, 0xc0, 0x00, 0x01])),
  ];
};
