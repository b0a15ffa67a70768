/** Numbers of host inputs: from 1, in order of call, never used twice (rules.md#s2). */
import type { Brand } from '@heirloom/store';

export type InputNumber = Brand<number, 'InputNumber'>;

/** The last input of a store that has taken none. */
export const NO_INPUT = 0 as InputNumber;

export const inputAfter = (input: InputNumber): InputNumber => (input + 1) as InputNumber;

/** Can it be an input's number? */
export const isInputNumber = (n: unknown): n is InputNumber =>
  Number.isSafeInteger(n) && Number(n) > NO_INPUT;

export const storedInput = (n: number): InputNumber => n as InputNumber;
