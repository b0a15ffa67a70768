/** Texts with which V8 and Node say that they have no more, and texts of our own. */

/** At the end of a message each of them has stopped a kernel, or looks as if it might. */
export const TEXTS = [
  'Maximum call stack size exceeded',
  'Stack overflow',
  'Array buffer allocation failed',
  'Out of memory',
  'sorry: Out of memory',
  'Invalid regular expression: /x/: Stack overflow',
  'Invalid regular expression: /(/: Regular expression too large',
  'Invalid string length',
  'Invalid array length',
  'Invalid array buffer length',
  'Invalid typed array length: 4294967296',
  'Maximum BigInt size exceeded',
  'Map maximum size exceeded',
  'Set maximum size exceeded',
  'Cannot create a string longer than 0x1fffffe8 characters',
  'Value too large',
  'too much recursion',
  'invalid table size Allocation failed - JavaScript heap out of memory',
  'Reached heap limit',
  'Worker terminated due to reaching memory limit: JS heap out of memory',
  'calls nest more than 10000 deep',
  'vat terminated',
  'VatFault',
  'HostError',
] as const;

/** Declares `texts`, and `each(f)`: `f` of every text in turn; which came out otherwise. */
export const EACH = `
  const texts = ${JSON.stringify(TEXTS)};
  const each = async f => {
    const wrong = [];
    for (const text of texts) {
      const got = await f(text);
      if (got !== text) wrong.push(text + ' -> ' + got);
    }
    return wrong.length === 0 ? 'all as they were' : wrong.join('; ');
  };
`;
export const ALL_THERE = 'all as they were';
