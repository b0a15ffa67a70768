import { decode, decodeMulti, encode, ExtensionCodec } from '@msgpack/msgpack';

export const use = () => {
  const extensionCodec = new ExtensionCodec();
  extensionCodec.register({
    type: 0,
    encode: object => (object instanceof Set ? encode([...object]) : null),
    decode: data => new Set(decode(data)),
  });
  const value = {
    a: [1, -1, 'h\u00e9', null, true],
    f: 1.5,
    n: NaN,
    big: 2 ** 40,
    raw: new Uint8Array([1, 2]),
  };
  const bytes = encode(value);
  return [
    bytes,
    decode(bytes),
    encode([0.1, NaN, -Infinity], { forceFloat32: true }),
    [...decodeMulti(new Uint8Array([1, 2, 0xa1, 0x78]))],
    decode(encode(new Set([1]), { extensionCodec }), { extensionCodec }),
    decode(encode(2n ** 60n, { useBigInt64: true }), { useBigInt64: true }),
  ];
};
