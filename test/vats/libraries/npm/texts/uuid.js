import { NIL, parse, stringify, v3, v4, v5, v7, validate, version } from 'uuid';

const random = Uint8Array.from({ length: 16 }, (_, i) => i * 7);

export const use = () => {
  const id = v5('hello', v5.DNS);
  return [
    [id, v3('hello', v3.URL), validate(id), version(id)],
    stringify(parse(id)) === id,
    // What is random has to be given: a vat has no chance of its own.
    [v4({ random }), v7({ random, msecs: 1_600_000_000_000, seq: 5 }), NIL],
  ];
};
