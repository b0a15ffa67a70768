/** How values are hardened; zygote/harden.ts does it. */
export interface Hardening {
  harden<T>(value: T): T;
  isHardened(value: unknown): boolean;
  /** For a fresh container whose members are all hardened already: freezes and marks it, O(own). */
  bornHardened<T extends object>(value: T): T;
}
