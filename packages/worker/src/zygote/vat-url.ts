/**
 * `URL` for vats: Node's parser behind accessors of our own, without statics that touch the host
 * and without `searchParams`, whose class would be shared mutable state.
 */
const HostUrl = globalThis.URL;

const parse = (url: unknown, base: unknown): InstanceType<typeof HostUrl> => {
  try {
    return base === undefined ? new HostUrl(String(url)) : new HostUrl(String(url), String(base));
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
    return base === undefined
      ? HostUrl.canParse(String(url))
      : HostUrl.canParse(String(url), String(base));
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
          this.#host[name] = String(value);
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
