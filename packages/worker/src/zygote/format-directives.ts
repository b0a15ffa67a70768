/** `%s is %d` of console calls, filled in as browsers and Node do. No code of a vat runs. */

const DIRECTIVE = /%[sdifjoOc%]/g;

/** Objects are no numbers: to make one of them would run their code. */
const numberOf = (value: unknown): number | bigint => {
  if (typeof value === 'bigint') return value;
  return typeof value === 'symbol' || typeof value === 'object' || typeof value === 'function'
    ? NaN
    : Number(value);
};

/** Of more than 10,000 digits; to write the largest out would take V8 for ever. */
const GIANT = 2n ** 33_220n;

/** A number as its author writes it: `-0`, `1n`. */
export const numberText = (number: number | bigint): string => {
  if (typeof number !== 'bigint') return Object.is(number, -0) ? '-0' : String(number);
  return number > GIANT || number < -GIANT ? '[giant bigint]' : `${number}n`;
};

const whole = (value: unknown): number | bigint => {
  if (typeof value === 'string') return Number.parseInt(value, 10);
  const number = numberOf(value);
  return typeof number === 'bigint' ? number : Math.trunc(number);
};

/**
 * The text with its directives filled in, and the values that no directive has taken. `textOf`:
 * how a value is shown where no number is asked for. A text without values stays as it is.
 */
export const fillIn = (
  text: string,
  values: readonly unknown[],
  textOf: (value: unknown) => string,
): readonly [text: string, left: readonly unknown[]] => {
  if (values.length === 0) return [text, values];
  let next = 0;
  const filled = text.replace(DIRECTIVE, directive => {
    if (directive === '%%') return '%';
    if (next >= values.length) return directive;
    const value = values[next];
    next += 1;
    switch (directive) {
      case '%d':
      case '%f':
        return numberText(numberOf(value));
      case '%i':
        return numberText(whole(value));
      case '%c':
        return ''; // a style: there is none
      default:
        return textOf(value);
    }
  });
  return [filled, values.slice(next)];
};
