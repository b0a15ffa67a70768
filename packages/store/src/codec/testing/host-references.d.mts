import type { PassableHooks } from '../hooks.js';

export class Reference {
  constructor(slot: string);
  readonly slot: string;
}
export function referenceOf(slot: string): Reference;
export const hostHooks: PassableHooks;
