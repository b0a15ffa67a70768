/** A live binding: what importers of it see changes. */
export let tally = 0;
export const bump = () => {
  tally += 1;
};
