/** Numbers of host inputs: from 1, in order of call, never used twice (rules.md#s2). */
import type { Brand } from '@heirloom/store';

export type InputNumber = Brand<number, 'InputNumber'>;

export const storedInput = (n: number): InputNumber => n as InputNumber;

/** The last input of a store that has taken none. */
export const NO_INPUT = storedInput(0);

export const inputAfter = (input: InputNumber): InputNumber => storedInput(input + 1);

/** Can it be an input's number? */
export const isInputNumber = (n: unknown): n is InputNumber =>
  Number.isSafeInteger(n) && Number(n) > NO_INPUT;
