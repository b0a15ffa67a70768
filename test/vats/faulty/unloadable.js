/** A bundle that throws while it is evaluated. */
export const buildRootObject = undefined;

throw TypeError('no code today');
