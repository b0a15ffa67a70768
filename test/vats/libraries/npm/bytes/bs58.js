import bs58 from 'bs58';

export const use = () => [
  [
    bs58.encode(Uint8Array.from([1, 2, 3])),
    bs58.encode(new Uint8Array(3)),
    bs58.encode(new Uint8Array(32).fill(255)),
  ],
  bs58.decode('Ldp'),
  [bs58.decodeUnsafe('0'), bs58.decode(bs58.encode(Uint8Array.from([0, 9]))).length],
];
