export declare const FIRST_PURSE_AT: number;
export interface MovingPlan {
  readonly pays: readonly { readonly at: number; readonly amount: number }[];
  readonly unbindsAt: number | undefined;
  readonly balance: number;
}
export declare const planOf: (seed: number, height: number, names: number) => MovingPlan;
export declare const expectedAt: (
  seed: number,
  until: number,
  adoptAt: readonly number[],
) => { readonly total: number; readonly names: number };
