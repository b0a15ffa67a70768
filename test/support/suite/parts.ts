/**
 * A part of `npm run test:rest`: what takes too long for every change is divided, and each change
 * is asked for one part. `HEIRLOOM_PART=2/3` is the second of three; without it a run takes all.
 */

interface Part {
  /** From 1 to `of`. */
  readonly number: number;
  readonly of: number;
}

const WHOLE: Part = { number: 1, of: 1 };

/** Of the value of `HEIRLOOM_PART`; throws when it is no part. */
export const partOf = (text: string | undefined): Part => {
  if (text === undefined || text === '') return WHOLE;
  const [number, of] = /^\d+\/\d+$/.test(text) ? text.split('/').map(Number) : [0, 0];
  if (number! < 1 || number! > of!) {
    throw Error(`HEIRLOOM_PART is "${text}"; it is a part of a whole, 1/3, 2/3 or 3/3`);
  }
  return { number: number!, of: of! };
};

/** Every `of`-th of a list, so that what is alike, and stands together, is divided too. */
export const inPart = <T>(list: readonly T[], { number, of }: Part): T[] =>
  list.filter((_one, at) => at % of === number - 1);
