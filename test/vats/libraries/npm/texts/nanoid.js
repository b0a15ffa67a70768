import { customAlphabet, customRandom, urlAlphabet } from 'nanoid';

export const use = () => {
  let state = 0;
  // What is random has to be given: a vat has no chance of its own.
  const bytes = size => Uint8Array.from({ length: size }, () => (state = (state * 5 + 7) % 256));
  return [
    customRandom(urlAlphabet, 10, bytes)(),
    customRandom('abc', 20, bytes)(),
    [urlAlphabet.length, typeof customAlphabet('ab', 3)],
  ];
};
