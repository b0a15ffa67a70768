/** A binding that changes after it was imported. */
export let count = 0;
export const buildRootObject = () => {
  count += 1;
};
