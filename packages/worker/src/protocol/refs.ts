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
import assert from 'node:assert/strict';

declare const vrefBrand: unique symbol;
declare const vatIdBrand: unique symbol;
/** A reference as one vat sees it. */
export type VRef = string & { readonly [vrefBrand]: true };
/** A vat's number as text: `v1`, `v2`, ... */
export type VatId = string & { readonly [vatIdBrand]: true };

export type ParsedVRef =
  | { readonly type: 'root' }
  | { readonly type: 'ephemeral'; readonly incarnation: number; readonly n: number }
  | { readonly type: 'named'; readonly n: number }
  | {
      readonly type: 'durable';
      readonly kind: number;
      readonly instance: number;
      readonly facet: number | undefined;
    }
  | {
      readonly type: 'virtual';
      readonly incarnation: number;
      readonly kind: number;
      readonly instance: number;
      readonly facet: number | undefined;
    }
  | { readonly type: 'import'; readonly n: number }
  | { readonly type: 'vatPromise'; readonly incarnation: number; readonly n: number }
  | { readonly type: 'kernelPromise'; readonly n: number };

export const ROOT_VREF = 'o+0' as VRef;
/** No reference is longer than this, in characters. */
export const VREF_LENGTH_MAX = 64;

const NUMBER = '(0|[1-9][0-9]{0,14})';
const PATTERNS: readonly [RegExp, (m: readonly number[]) => ParsedVRef][] = [
  [new RegExp(`^o-${NUMBER}$`), ([n]) => ({ type: 'import', n: n! })],
  [
    new RegExp(`^o\\+d${NUMBER}/${NUMBER}(?::${NUMBER})?$`),
    ([kind, instance, facet]) => ({
      type: 'durable',
      kind: kind!,
      instance: instance!,
      facet,
    }),
  ],
  [new RegExp(`^p-${NUMBER}$`), ([n]) => ({ type: 'kernelPromise', n: n! })],
  [
    new RegExp(`^p\\+${NUMBER}/${NUMBER}$`),
    ([incarnation, n]) => ({ type: 'vatPromise', incarnation: incarnation!, n: n! }),
  ],
  [
    new RegExp(`^o\\+e${NUMBER}/${NUMBER}$`),
    ([incarnation, n]) => ({ type: 'ephemeral', incarnation: incarnation!, n: n! }),
  ],
  [new RegExp(`^o\\+n${NUMBER}$`), ([n]) => ({ type: 'named', n: n! })],
  [
    new RegExp(`^o\\+v${NUMBER}/${NUMBER}/${NUMBER}(?::${NUMBER})?$`),
    ([incarnation, kind, instance, facet]) => ({
      type: 'virtual',
      incarnation: incarnation!,
      kind: kind!,
      instance: instance!,
      facet,
    }),
  ],
];

/** Parses a reference; `undefined` when `text` is none (the caller decides whose fault that is). */
export const parseVRef = (text: string): ParsedVRef | undefined => {
  if (text.length > VREF_LENGTH_MAX) return undefined;
  if (text === ROOT_VREF) return { type: 'root' };
  for (const [pattern, build] of PATTERNS) {
    const match = pattern.exec(text);
    if (match !== null) {
      const numbers = match.slice(1).map(s => (s === undefined ? undefined : Number(s)));
      return build(numbers as number[]);
    }
  }
  return undefined;
};

export const isPromiseRef = (text: string): boolean => text.charCodeAt(0) === 112; // 'p'
/** True for names that the vat allocates (`+`), false for those that the kernel allocates (`-`). */
export const isAllocatedByVat = (text: string): boolean => text.charCodeAt(1) === 43; // '+'

export const importRef = (n: number): VRef => `o-${n}` as VRef;
export const kernelPromiseRef = (n: number): VRef => `p-${n}` as VRef;
export const vatPromiseRef = (incarnation: number, n: number): VRef =>
  `p+${incarnation}/${n}` as VRef;
export const ephemeralRef = (incarnation: number, n: number): VRef =>
  `o+e${incarnation}/${n}` as VRef;
export const namedRef = (n: number): VRef => `o+n${n}` as VRef;
export const durableRef = (kind: number, instance: number, facet?: number): VRef =>
  (facet === undefined ? `o+d${kind}/${instance}` : `o+d${kind}/${instance}:${facet}`) as VRef;
export const virtualRef = (
  incarnation: number,
  kind: number,
  instance: number,
  facet?: number,
): VRef =>
  (facet === undefined
    ? `o+v${incarnation}/${kind}/${instance}`
    : `o+v${incarnation}/${kind}/${instance}:${facet}`) as VRef;

/** The reference without its facet: what garbage, counts and rows go by. */
export const baseRefOf = (vref: VRef): VRef => {
  const colon = vref.lastIndexOf(':');
  return colon < 0 ? vref : (vref.slice(0, colon) as VRef);
};

/** The number of the facet that a reference names; 0 for what has one facet only. */
export const facetOf = (vref: VRef): number => {
  const colon = vref.lastIndexOf(':');
  return colon < 0 ? 0 : Number(vref.slice(colon + 1));
};

export const vatIdOf = (n: number): VatId => {
  assert(Number.isSafeInteger(n) && n > 0);
  return `v${n}` as VatId;
};
