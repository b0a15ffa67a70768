/** What every purse and payment should hold, kept beside the vats, and the comparison with them. */
export class Ledger {
  #purses = new Map();
  #payments = new Map();
  /** Differences found so far. */
  errors = 0;

  open(purse) {
    this.#purses.set(purse, 0n);
  }

  issue(payment, value) {
    this.#payments.set(payment, value);
  }

  deposit(purse, payment) {
    this.#purses.set(purse, this.#purses.get(purse) + this.#take(payment));
  }

  withdraw(purse, value, payment) {
    this.#purses.set(purse, this.#purses.get(purse) - value);
    this.#payments.set(payment, value);
  }

  burn(payment) {
    return this.#take(payment);
  }

  get total() {
    return [...this.#purses.values(), ...this.#payments.values()].reduce((a, b) => a + b, 0n);
  }

  expect(what, found, right) {
    const verdict = found === right ? 'as it should be' : `WRONG: it should be ${right}`;
    if (found !== right) this.errors += 1;
    console.log(`     ${what.padEnd(22)}${String(found).padStart(6)}  ${verdict}`);
  }

  /** `ask(method, ...args)` asks the client. */
  async audit(ask) {
    for (const [purse, value] of this.#purses) {
      this.expect(`purse ${purse}`, await ask('balance', purse), value);
    }
    for (const [payment, value] of this.#payments) {
      this.expect(`payment ${payment}`, await ask('worth', payment), value);
    }
    this.expect('all together', await ask('total'), this.total);
  }

  #take(payment) {
    const value = this.#payments.get(payment);
    this.#payments.delete(payment);
    return value;
  }
}
