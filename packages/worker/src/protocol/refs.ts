/**
 * The references that cross between a vat and the kernel, as ASCII strings.
 *
 * | form                   | meaning                                                     |
 * | ---------------------- | ----------------------------------------------------------- |
 * | `o+0`                  | the root object                                             |
 * | `o+e{I}/{N}`           | remotable (heap export) N of incarnation I                  |
 * | `o+n{N}`               | remotable that has a name (named export) N                  |
 * | `o+d{K}/{N}[:{F}]`     | instance N of durable kind K, facet F                       |
 * | `o+v{I}/{K}/{N}[:{F}]` | instance N of merely-virtual kind K of incarnation I        |
 * | `o-{N}`                | import (presence) N                                         |
 * | `p+{I}/{N}`            | promise N allocated by incarnation I of the vat             |
 * | `p-{N}`                | promise N allocated by the kernel                           |
 *
 * The incarnation stands in every name that dies with it, so that raising the incarnation orphans
 * those names by their spelling alone (rules.md#g3). Numbers have no leading zeros.
 */
import type { Brand } from '@heirloom/store/types';
import { storedIncarnation, type Incarnation } from './vat-numbers.js';

/** A reference as one vat sees it. */
export type VRef = Brand<string, 'VRef'>;

export type ParsedVRef =
  | { readonly type: 'root' }
  | { readonly type: 'ephemeral'; readonly incarnation: Incarnation; readonly n: number }
  | { readonly type: 'named'; readonly n: number }
  | {
      readonly type: 'durable';
      readonly kind: number;
      readonly instance: number;
      readonly facet: number | undefined;
    }
  | {
      readonly type: 'virtual';
      readonly incarnation: Incarnation;
      readonly kind: number;
      readonly instance: number;
      readonly facet: number | undefined;
    }
  | { readonly type: 'import'; readonly n: number }
  | { readonly type: 'vatPromise'; readonly incarnation: Incarnation; readonly n: number }
  | { readonly type: 'kernelPromise'; readonly n: number };

/** A reference as a row, a key or a parsed name has it. Not looked at. */
export const storedVRef = (text: string): VRef => text as VRef;

export const ROOT_VREF = storedVRef('o+0');
/** No reference is longer than this, in characters. */
export const VREF_LENGTH_MAX = 64;

const NUMBER = '(0|[1-9][0-9]{0,14})';
const facetFrom = (digits: string | undefined): number | undefined =>
  digits === undefined ? undefined : Number(digits);
type Form = readonly [pattern: RegExp, build: (match: readonly string[]) => ParsedVRef];
/** By what a reference of the form begins with. */
const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['o-', [new RegExp(`^o-${NUMBER}$`), ([, n]) => ({ type: 'import', n: Number(n) })]],
  ['p-', [new RegExp(`^p-${NUMBER}$`), ([, n]) => ({ type: 'kernelPromise', n: Number(n) })]],
  [
    'p+',
    [
      new RegExp(`^p\\+${NUMBER}/${NUMBER}$`),
      ([, incarnation, n]) => ({
        type: 'vatPromise',
        incarnation: storedIncarnation(Number(incarnation)),
        n: Number(n),
      }),
    ],
  ],
  [
    'o+d',
    [
      new RegExp(`^o\\+d${NUMBER}/${NUMBER}(?::${NUMBER})?$`),
      ([, kind, instance, facet]) => ({
        type: 'durable',
        kind: Number(kind),
        instance: Number(instance),
        facet: facetFrom(facet),
      }),
    ],
  ],
  [
    'o+e',
    [
      new RegExp(`^o\\+e${NUMBER}/${NUMBER}$`),
      ([, incarnation, n]) => ({
        type: 'ephemeral',
        incarnation: storedIncarnation(Number(incarnation)),
        n: Number(n),
      }),
    ],
  ],
  ['o+n', [new RegExp(`^o\\+n${NUMBER}$`), ([, n]) => ({ type: 'named', n: Number(n) })]],
  [
    'o+v',
    [
      new RegExp(`^o\\+v${NUMBER}/${NUMBER}/${NUMBER}(?::${NUMBER})?$`),
      ([, incarnation, kind, instance, facet]) => ({
        type: 'virtual',
        incarnation: storedIncarnation(Number(incarnation)),
        kind: Number(kind),
        instance: Number(instance),
        facet: facetFrom(facet),
      }),
    ],
  ],
]);
/** An object that the vat has made says in one character more what it is. */
const formOf = (text: string): Form | undefined =>
  FORMS.get(text.slice(0, text.startsWith('o+') ? 3 : 2));

/** Parses a reference; `undefined` when `text` is none (the caller decides whose fault that is). */
export const parseVRef = (text: string): ParsedVRef | undefined => {
  if (text.length > VREF_LENGTH_MAX) return undefined;
  if (text === ROOT_VREF) return { type: 'root' };
  const form = formOf(text);
  if (form === undefined) return undefined;
  const [pattern, build] = form;
  const match = pattern.exec(text);
  return match === null ? undefined : build(match);
};

/** Visible ASCII of a length that a key of the store can have. */
const REFERENCE = new RegExp(`^[op][!-~]{1,${VREF_LENGTH_MAX - 1}}$`);
/** Can it be a reference that a vat names? What it stands for, if anything, a c-list says. */
export const isReference = (value: unknown): value is VRef =>
  typeof value === 'string' && REFERENCE.test(value);

export const areReferences = (value: unknown): value is readonly VRef[] =>
  Array.isArray(value) && value.every(isReference);

export const isPromiseRef = (text: string): boolean => text.charCodeAt(0) === 112; // 'p'
/** True for names that the vat allocates (`+`), false for those that the kernel allocates (`-`). */
export const isAllocatedByVat = (text: string): boolean => text.charCodeAt(1) === 43; // '+'

export const importRef = (n: number): VRef => storedVRef(`o-${n}`);
export const kernelPromiseRef = (n: number): VRef => storedVRef(`p-${n}`);
export const vatPromiseRef = (incarnation: number, n: number): VRef =>
  storedVRef(`p+${incarnation}/${n}`);
export const ephemeralRef = (incarnation: number, n: number): VRef =>
  storedVRef(`o+e${incarnation}/${n}`);
export const namedRef = (n: number): VRef => storedVRef(`o+n${n}`);
export const durableRef = (kind: number, instance: number, facet?: number): VRef => {
  const base = `o+d${kind}/${instance}`;
  return storedVRef(facet === undefined ? base : `${base}:${facet}`);
};
export const virtualRef = (
  incarnation: number,
  kind: number,
  instance: number,
  facet?: number,
): VRef => {
  const base = `o+v${incarnation}/${kind}/${instance}`;
  return storedVRef(facet === undefined ? base : `${base}:${facet}`);
};

/** The reference without its facet: what garbage, counts and rows go by. */
export const baseRefOf = (vref: VRef): VRef => {
  const colon = vref.lastIndexOf(':');
  return colon < 0 ? vref : storedVRef(vref.slice(0, colon));
};

/** The number of the facet that a reference names; 0 for what has one facet only. */
export const facetOf = (vref: VRef): number => {
  const colon = vref.lastIndexOf(':');
  return colon < 0 ? 0 : Number(vref.slice(colon + 1));
};
