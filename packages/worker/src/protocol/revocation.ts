/**
 * Objects whose kind was dismissed: how their kind's tag crosses, and what is said to whoever calls
 * one, by the kernel or by the vat that still has the message.
 */

/** Characters of a tag that are told; the rest is left out. */
export const REVOKED_TAG_CHARS_MAX = 100;
/** Kinds that one vat may dismiss, in all its incarnations. */
export const DISMISSED_KINDS_MAX = 1_000;

const NOT_ASCII = /[^ -~]/g;
const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A tag as visible ASCII: a JSON string. */
export const asciiTag = (tag: string): string =>
  JSON.stringify(tag.slice(0, REVOKED_TAG_CHARS_MAX)).replace(NOT_ASCII, escaped);

/** The tag that `text` stands for; undefined if `asciiTag` cannot have made it. */
export const readTag = (text: string): string | undefined => {
  try {
    const tag: unknown = JSON.parse(text);
    return typeof tag === 'string' && asciiTag(tag) === text ? tag : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

export const dismissalText = (tag: string): string =>
  `kind "${tag.slice(0, REVOKED_TAG_CHARS_MAX)}" was dismissed`;

/** What calls of an instance are rejected with that an emergency start left without a kind. */
export const suspensionText = (tag: string): string =>
  `object suspended: its kind "${tag.slice(0, REVOKED_TAG_CHARS_MAX)}" is not defined at present`;

/** What calls of an instance are rejected with. */
export const revocationText = (tag: string): string => `object revoked: its ${dismissalText(tag)}`;
