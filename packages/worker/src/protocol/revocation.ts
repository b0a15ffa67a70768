/**
 * Objects whose kind was dismissed: how their kind's tag crosses, and what is said to whoever calls
 * one, by the kernel or by the vat that still has the message.
 */
import { asciiText, readAsciiText } from './ascii-text.js';

/** Characters of a tag that are told; the rest is left out. */
export const REVOKED_TAG_CHARS_MAX = 100;
/** Kinds that one vat may dismiss, in all its incarnations. */
export const DISMISSED_KINDS_MAX = 1_000;

/** A tag as visible ASCII: a JSON string. */
export const asciiTag = (tag: string): string => asciiText(tag, REVOKED_TAG_CHARS_MAX);

/** The tag that `text` stands for; undefined if `asciiTag` cannot have made it. */
export const readTag = (text: string): string | undefined =>
  readAsciiText(text, REVOKED_TAG_CHARS_MAX);

export const dismissalText = (tag: string): string =>
  `kind "${tag.slice(0, REVOKED_TAG_CHARS_MAX)}" was dismissed`;

/** What calls of an instance are rejected with that an emergency start left without a kind. */
export const suspensionText = (tag: string): string =>
  `object suspended: its kind "${tag.slice(0, REVOKED_TAG_CHARS_MAX)}" is not defined at present`;

/** What calls of an instance are rejected with. */
export const revocationText = (tag: string): string => `object revoked: its ${dismissalText(tag)}`;
