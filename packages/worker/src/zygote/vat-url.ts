/**
 * `URL` for vats: Node's parser behind accessors of our own, without statics that touch the host
 * and without `searchParams`, whose class would be shared mutable state.
 *
 * Invariant: no text is longer than `URL_CHARS_MAX` when the parser gets it, which ends the process
 * where what it makes is longer than a string of V8 may be.
 */
import { URL_CHARS_MAX } from '../protocol/limits.js';

const HostUrl = globalThis.URL;

const isBounded = (text: string): boolean => text.length <= URL_CHARS_MAX;

/** Errors: RangeError for a text that is too long. */
const bounded = (value: unknown): string => {
  const text = String(value);
  if (isBounded(text)) return text;
  throw new RangeError(`a part of a URL has at most ${URL_CHARS_MAX} characters`);
};

const parse = (url: unknown, base: unknown): InstanceType<typeof HostUrl> => {
  const text = bounded(url);
  const baseText = base === undefined ? undefined : bounded(base);
  try {
    return new HostUrl(text, baseText);
  } catch {
    throw new TypeError('Invalid URL');
  }
};

const WRITABLE = [
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const;

class VatUrl {
  readonly #host: InstanceType<typeof HostUrl>;

  constructor(url: unknown, base: unknown = undefined) {
    this.#host = parse(url, base);
  }

  static canParse(url: unknown, base: unknown = undefined): boolean {
    const text = String(url);
    const baseText = base === undefined ? undefined : String(base);
    if (!isBounded(text) || !isBounded(baseText ?? '')) return false;
    return HostUrl.canParse(text, baseText);
  }

  get href(): string {
    return this.#host.href;
  }

  set href(value: unknown) {
    this.#host.href = parse(value, undefined).href;
  }

  get origin(): string {
    return this.#host.origin;
  }

  toString(): string {
    return this.#host.href;
  }

  toJSON(): string {
    return this.#host.href;
  }

  static {
    for (const name of WRITABLE) {
      Object.defineProperty(VatUrl.prototype, name, {
        get(this: VatUrl): string {
          return this.#host[name];
        },
        set(this: VatUrl, value: unknown) {
          this.#host[name] = bounded(value);
        },
        enumerable: true,
        configurable: true,
      });
    }
    const tag = { value: 'URL', writable: false, enumerable: false, configurable: true };
    Object.defineProperty(VatUrl.prototype, Symbol.toStringTag, tag);
    Object.defineProperty(VatUrl, 'name', { value: 'URL', configurable: true });
  }
}

export { VatUrl };
