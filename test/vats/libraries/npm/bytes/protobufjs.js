import protobuf from 'protobufjs';

const SOURCE = `
  syntax = "proto3";
  enum Kind { NONE = 0; SOME = 1; }
  message Part { double d = 1; float f = 2; }
  message Whole {
    string name = 1; int32 n = 2; repeated Part parts = 3; Kind kind = 4; bytes raw = 5;
    map<string, uint32> counts = 6; oneof which { bool yes = 7; sint32 less = 8; } fixed64 big = 9;
  }`;

export const use = () => {
  const { root } = protobuf.parse(SOURCE);
  const Whole = root.lookupType('Whole');
  const parts = [
    { d: Math.PI, f: 1.5 },
    { d: -0.1, f: NaN },
    { d: Infinity, f: 1e-40 },
  ];
  const value = {
    name: 'h\u00e9',
    n: -150,
    parts,
    kind: 1,
    raw: new Uint8Array([1, 255]),
    counts: { a: 1 },
    less: -3,
    big: 77,
  };
  const bytes = Whole.encode(Whole.create(value)).finish();
  const decoded = Whole.decode(bytes);
  return [
    [...bytes],
    Whole.toObject(decoded, { longs: String, enums: String, bytes: Array, defaults: true }),
    Whole.verify({ n: 'x' }),
    JSON.stringify(decoded),
  ];
};
