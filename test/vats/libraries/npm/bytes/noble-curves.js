import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';

const secret = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(9);
const text = new Uint8Array(32).fill(1);

export const use = () => {
  const publicKey = secp256k1.getPublicKey(secret);
  const signature = secp256k1.sign(text, secret);
  const signed = ed25519.sign(text, secret);
  return [
    [publicKey, signature, secp256k1.verify(signature, text, publicKey)],
    [signed, ed25519.verify(signed, other, ed25519.getPublicKey(secret))],
    [secp256k1.getSharedSecret(secret, secp256k1.getPublicKey(other)), x25519.getPublicKey(secret)],
    schnorr.sign(text, secret, new Uint8Array(32)),
    bls12_381.G1.Point.BASE.multiply(5n).toHex(),
  ];
};
