import { base32 } from 'multiformats/bases/base32';
import { base58btc } from 'multiformats/bases/base58';
import { base64 } from 'multiformats/bases/base64';
import * as Block from 'multiformats/block';
import { CID } from 'multiformats/cid';
import * as json from 'multiformats/codecs/json';
import * as raw from 'multiformats/codecs/raw';
import * as digest from 'multiformats/hashes/digest';
import { identity } from 'multiformats/hashes/identity';

export const use = async () => {
  const cid = CID.create(1, raw.code, digest.create(0x12, new Uint8Array(32).fill(1)));
  const block = await Block.encode({ value: { a: [1] }, codec: json, hasher: identity });
  return [
    [cid.toString(), cid.toString(base64), CID.parse(cid.toString()).equals(cid), cid.toV1().code],
    [
      base58btc.encode(new Uint8Array([1, 2])),
      base32.decode('bae'),
      base64.encode(new Uint8Array([255])),
    ],
    [
      block.cid.toString(),
      block.bytes,
      (await Block.decode({ ...block, codec: json, hasher: identity })).value,
    ],
    CID.parse('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPBdG').version,
  ];
};
