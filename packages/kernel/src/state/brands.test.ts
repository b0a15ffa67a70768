/**
 * Brands: what is checked where a value enters, and what does not compile. `npm run check-types`
 * looks at the second half: an `@ts-expect-error` above a line that compiles is an error.
 */
import { FIRST_HEIGHT, heightAfter, heightFrom, type Height } from '@heirloom/store';
import {
  bundleIdFrom,
  FIRST_INCARNATION,
  FIRST_POSITION,
  FIRST_VAT,
  imageIdFrom,
  importRef,
  incarnationFrom,
  isBundleId,
  isImageId,
  isReference,
  isVatNumber,
  nextIncarnation,
  positionAfter,
  positionFrom,
  spaceFrom,
  spaceOf,
  vatIdOf,
  vatNumberAfter,
  vatNumberFrom,
  vatNumberOf,
  type BundleId,
  type ImageId,
  type Incarnation,
  type Position,
  type Space,
  type VatId,
  type VatNumber,
  type VRef,
} from '@heirloom/worker';
import { describe, expect, test } from 'vitest';
import { inputAfter, isInputNumber, NO_INPUT, type InputNumber } from './input-numbers.js';
import { objectKRef, promiseKRef, type KRef } from './krefs.js';
import {
  HOST_DECIDES,
  HOST_OWNS,
  HOST_SUBSCRIBES,
  KERNEL_DECIDES,
  KERNEL_OWNS,
  NOBODY_DECIDES,
  NOBODY_OWNS,
  REVOKED,
  type Decider,
  type Owner,
  type Subscriber,
} from './parties.js';

const NO_NATURALS = [-1, 0.5, NaN, Infinity, 2 ** 53];
const HASH = 'a'.repeat(64);

describe('brands: what is checked where a value enters', () => {
  test.each([
    ['vat number', vatNumberFrom, [0, ...NO_NATURALS]],
    ['incarnation', incarnationFrom, NO_NATURALS],
    ['position', positionFrom, NO_NATURALS],
    ['space', spaceFrom, [0, ...NO_NATURALS]],
    ['height', heightFrom, NO_NATURALS],
  ] as const)('brands: what is no %s -> an error', (_title, from, others) => {
    expect(from(7)).toBe(7);
    for (const other of others) expect(() => from(other), String(other)).toThrow(/ expected, got /);
  });

  test('brands: ids and texts -> only what is spelled so', () => {
    expect(bundleIdFrom(HASH)).toBe(`b1-${HASH}`);
    expect(bundleIdFrom(HASH + HASH)).toBe(`b1-${HASH}${HASH}`);
    expect(imageIdFrom(HASH)).toBe(HASH);
    expect(() => bundleIdFrom('a')).toThrow('the hash of a bundle expected, got a');
    expect(() => bundleIdFrom(`${HASH}a`)).toThrow('the hash of a bundle expected');
    expect(() => imageIdFrom('a')).toThrow('the hash of an image expected, got a');
    expect([HASH, `b1-${HASH}`, 7].map(isBundleId)).toEqual([false, true, false]);
    expect([`b1-${HASH}${HASH}`, `b1-${HASH}a`, `b0-${HASH}`].map(isBundleId)).toEqual([
      true,
      ...[false, false],
    ]);
    expect([HASH, `b1-${HASH}`, 7].map(isImageId)).toEqual([true, false, false]);
    expect(['o-1', 'p+0/1'].map(isReference)).toEqual([true, true]);
    expect(['x-1', 'o', '', 7].map(isReference)).toEqual([false, false, false, false]);
    expect(['v12', 'v0', 'v01', '12', ''].map(vatNumberOf)).toEqual([12, ...Array(4)]);
    expect(vatIdOf(vatNumberFrom(12))).toBe('v12');
  });

  test('brands: the next of each -> one more', () => {
    expect(vatNumberAfter(FIRST_VAT)).toBe(2);
    expect(nextIncarnation(FIRST_INCARNATION)).toBe(1);
    expect(positionAfter(FIRST_POSITION)).toBe(1);
    expect(positionAfter(FIRST_POSITION, 5)).toBe(5);
    expect(heightAfter(FIRST_HEIGHT)).toBe(1);
    expect(inputAfter(NO_INPUT)).toBe(1);
    expect(spaceOf(FIRST_VAT)).toBe(1);
  });

  test('brands: sentinels -> the stored numbers, and no vats', () => {
    const owners = [NOBODY_OWNS, HOST_OWNS, KERNEL_OWNS, REVOKED];
    const deciders = [NOBODY_DECIDES, KERNEL_DECIDES, HOST_DECIDES];
    expect(owners).toEqual([0, -1, -2, -3]);
    expect(deciders).toEqual([0, -1, -2]);
    expect(HOST_SUBSCRIBES).toBe(-1);
    expect([...owners, ...deciders, HOST_SUBSCRIBES].some(isVatNumber)).toBe(false);
    expect([0, 1, -1, 1.5].map(isInputNumber)).toEqual([false, true, false, false]);
  });
});

/** Never called: only the type checker reads it. Each line takes what its function does not. */
const _forbiddenMixes = (): void => {
  const [vat, space, incarnation] = [FIRST_VAT, spaceFrom(1), FIRST_INCARNATION];
  const [position, height, input] = [FIRST_POSITION, FIRST_HEIGHT, inputAfter(NO_INPUT)];
  const [bundle, image, kref, vref] = [
    bundleIdFrom(HASH),
    imageIdFrom(HASH),
    objectKRef(1),
    importRef(1),
  ] as const;
  const take = {
    vat: (_: VatNumber) => undefined,
    vatId: (_: VatId) => undefined,
    space: (_: Space) => undefined,
    incarnation: (_: Incarnation) => undefined,
    position: (_: Position) => undefined,
    height: (_: Height) => undefined,
    input: (_: InputNumber) => undefined,
    bundle: (_: BundleId) => undefined,
    image: (_: ImageId) => undefined,
    kref: (_: KRef) => undefined,
    vref: (_: VRef) => undefined,
    owner: (_: Owner) => undefined,
    decider: (_: Decider) => undefined,
    subscriber: (_: Subscriber) => undefined,
  };
  // What is a subtype goes where less is asked for: the public face takes numbers and texts.
  const numbers: number[] = [vat, space, incarnation, position, height, input, kref, NOBODY_OWNS];
  const texts: string[] = [vatIdOf(vat), bundle, image, vref];
  void [numbers, texts];
  take.owner(vat);
  take.decider(vat);
  take.subscriber(vat);
  take.owner(REVOKED);
  take.decider(HOST_DECIDES);
  take.subscriber(HOST_SUBSCRIBES);

  // @ts-expect-error -- a number that nobody has looked at is no vat's
  take.vat(1);
  // @ts-expect-error -- a space is no vat, though it may have its number
  take.vat(space);
  // @ts-expect-error -- an owner may be a sentinel
  take.vat(NOBODY_OWNS);
  // @ts-expect-error -- a decider may be a sentinel
  take.vat(KERNEL_DECIDES);
  // @ts-expect-error -- a subscriber may be the host
  take.vat(HOST_SUBSCRIBES);
  // @ts-expect-error -- a vat's number is no id
  take.vatId('v1');
  // @ts-expect-error -- a vat is no space
  take.space(vat);
  // @ts-expect-error -- a number that nobody has looked at is no space
  take.space(1);
  // @ts-expect-error -- a position is no incarnation
  take.incarnation(position);
  // @ts-expect-error -- one more than an incarnation is a plain number
  take.incarnation(incarnation + 1);
  // @ts-expect-error -- an incarnation is no position
  take.position(incarnation);
  // @ts-expect-error -- a count is no position
  take.position([].length);
  // @ts-expect-error -- an input is no height
  take.height(input);
  // @ts-expect-error -- one more than a height is a plain number
  take.height(height + 1);
  // @ts-expect-error -- a height is no input
  take.input(height);
  // @ts-expect-error -- an image is no bundle
  take.bundle(image);
  // @ts-expect-error -- a text that nobody has looked at is no bundle
  take.bundle(`b1-${HASH}`);
  // @ts-expect-error -- a bundle is no image
  take.image(bundle);
  // @ts-expect-error -- a vat is no reference of the kernel
  take.kref(vat);
  // @ts-expect-error -- a reference's number within its kind is none itself
  take.kref(7);
  // @ts-expect-error -- a text that nobody has looked at is no reference of a vat
  take.vref('o-1');
  // @ts-expect-error -- a reference of the kernel is none of a vat
  take.vref(promiseKRef(1));
  // @ts-expect-error -- who decides nothing owns nothing yet
  take.owner(NOBODY_DECIDES);
  // @ts-expect-error -- the kernel as a decider is not the kernel as an owner
  take.owner(KERNEL_DECIDES);
  // @ts-expect-error -- the host as a subscriber is not the host as an owner
  take.owner(HOST_SUBSCRIBES);
  // @ts-expect-error -- a plain number owns nothing
  take.owner(0);
  // @ts-expect-error -- who owns nothing decides nothing yet
  take.decider(NOBODY_OWNS);
  // @ts-expect-error -- the host as an owner is not the host as a decider
  take.decider(HOST_OWNS);
  // @ts-expect-error -- what is revoked decides nothing
  take.decider(REVOKED);
  // @ts-expect-error -- the host as a subscriber is not the host as a decider
  take.decider(HOST_SUBSCRIBES);
  // @ts-expect-error -- the kernel as an owner is told of nothing
  take.subscriber(KERNEL_OWNS);
  // @ts-expect-error -- the kernel as a decider is told of nothing
  take.subscriber(KERNEL_DECIDES);
  // @ts-expect-error -- a space is told of nothing
  take.subscriber(space);

  const owner: Owner = [vat, REVOKED].at(0) ?? REVOKED;
  // @ts-expect-error -- an owner is a vat only where isVatNumber says so
  take.vat(owner);
  if (isVatNumber(owner)) take.vat(owner);
  const decider: Decider = [vat, HOST_DECIDES].at(0) ?? HOST_DECIDES;
  // @ts-expect-error -- an owner's sentinel is never a decider
  if (decider === REVOKED) take.decider(vat);
};
