/** Numbers on the command line. */
import { InvalidArgumentError } from 'commander';

export const integerFrom =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
  };
