import { argon2id } from '@noble/hashes/argon2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const text = utf8ToBytes('abc');

export const use = () =>
  [
    sha256(text),
    sha512(text),
    keccak_256(text),
    blake3(text),
    ripemd160(text),
    hmac(sha256, text, text),
    hkdf(sha256, text, text, text, 20),
    pbkdf2(sha256, 'password', 'salt', { c: 3, dkLen: 20 }),
    argon2id('password', 'saltsaltsalt', { t: 1, m: 16, p: 1, dkLen: 16 }),
  ].map(bytesToHex);
