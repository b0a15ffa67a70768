/** So many in a period of time. What it holds back must decide no outcome: it asks a clock. */
export class Allowance {
  readonly #most: number;
  readonly #periodUs: number;
  #beganUs = 0;
  #taken = 0;

  constructor(most: number, periodUs: number) {
    this.#most = most;
    this.#periodUs = periodUs;
  }

  /** Are there so many left? They are taken then. */
  take(atUs: number, count = 1): boolean {
    if (atUs - this.#beganUs >= this.#periodUs) {
      this.#beganUs = atUs;
      this.#taken = 0;
    }
    if (this.#taken + count > this.#most) return false;
    this.#taken += count;
    return true;
  }
}
