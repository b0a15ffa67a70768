/** What a host has said of one kernel, and what the kernel may therefore say next. */
import assert from 'node:assert/strict';

export class Acknowledged {
  /** The store. */
  directory: string;
  /** The last block that was said to be durable. */
  height: number;
  #hasOpened = false;

  constructor(directory: string, height: number) {
    this.directory = directory;
    this.height = height;
  }

  /** A process begins: the one before may have been killed between a block and its line. */
  begin(): void {
    this.#hasOpened = false;
  }

  /** The kernel has opened. True: with a block that nobody had been told of. */
  open(height: number): boolean {
    const most = this.#hasOpened ? this.height : this.height + 1;
    const isPossible = height >= this.height && height <= most;
    assert.ok(isPossible, `opened at ${height}, acknowledged is ${this.height}`);
    const isAhead = height > this.height;
    this.#hasOpened = true;
    this.height = height;
    return isAhead;
  }
}
