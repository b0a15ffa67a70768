/** Another file of the vat `typed-split.ts`. */
export interface Total {
  total: bigint;
}

export const add = (state: Total, amount: bigint): bigint => {
  state.total += amount;
  return state.total;
};
