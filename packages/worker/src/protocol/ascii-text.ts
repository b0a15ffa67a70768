/** Text of vat code where frames take ASCII: a JSON string, cut to a length. */

const NOT_ASCII = /[^ -~]/g;
const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The first `charsMax` characters of `text` as visible ASCII. */
export const asciiText = (text: string, charsMax: number): string =>
  JSON.stringify(text.slice(0, charsMax)).replace(NOT_ASCII, escaped);

/** The text that `ascii` stands for; undefined if `asciiText` cannot have made it. */
export const readAsciiText = (ascii: string, charsMax: number): string | undefined => {
  try {
    const text: unknown = JSON.parse(ascii);
    return typeof text === 'string' && asciiText(text, charsMax) === ascii ? text : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
