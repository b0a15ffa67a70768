/**
 * Globals of a vat that the types of browsers and of Node have, too much besides:
 * `import type {} from '@heirloom/worker/vat-globals'` in a project without either declares them as
 * they are in vats (docs/environment.md). `harden`, `assert` and `Compartment` come with
 * `@heirloom/worker/vat`.
 */
type Log = (...values: unknown[]) => void;

/** Lines for the host. Counts and times nothing. */
interface VatConsole {
  readonly debug: Log;
  readonly log: Log;
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
  readonly trace: Log;
  readonly assert: (condition: unknown, ...values: unknown[]) => void;
}

/** UTF-8 only. */
interface VatTextEncoder {
  readonly encoding: 'utf-8';
  encode(text?: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}

interface VatTextDecoder {
  readonly encoding: 'utf-8';
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(
    bytes?: ArrayBuffer | ArrayBufferView,
    options?: { readonly stream?: boolean },
  ): string;
}

interface VatUrl {
  hash: string;
  host: string;
  hostname: string;
  href: string;
  readonly origin: string;
  password: string;
  pathname: string;
  port: string;
  protocol: string;
  search: string;
  username: string;
  toString(): string;
  toJSON(): string;
}

declare global {
  const console: VatConsole;
  const TextEncoder: new () => VatTextEncoder;
  const TextDecoder: new (
    label?: 'utf-8' | 'utf8',
    options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean },
  ) => VatTextDecoder;
  const URL: {
    new (url: string, base?: string): VatUrl;
    canParse(url: string, base?: string): boolean;
  };
}

export {};
