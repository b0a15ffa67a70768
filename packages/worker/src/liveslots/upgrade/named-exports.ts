/**
 * `vatPowers.nameExport` and `vatPowers.reconnectExport`: remotables whose reference survives
 * upgrades, because a successor says which of its own objects goes on under the name.
 *
 * A named export is `o+n{N}`, numbered once per vat, and is no durable value: stores and state
 * refuse it like any remotable. Invariants: one object per name and incarnation, held for as long
 * as the incarnation lasts, so that V8's collector decides nothing; a name that a start does not
 * reconnect is gone when the start is over, and its export is abandoned.
 */
import {
  ROW_EXPORT_NAME_PREFIX,
  prefixEnd,
  rowExportName,
  rowNextExport,
} from '@heirloom/store/keys';
import type { CrankSink } from '../../contracts/crank-sink.js';
import { NAMED_EXPORTS_MAX } from '../../protocol/limits.js';
import { Syscall } from '../../protocol/opcodes.js';
import { namedRef, parseVRef } from '../../protocol/refs.js';
import { isObject } from '../../values.js';
import type { LiveslotsContext } from '../contract/context.js';
import { Fail, q } from '../contract/fail.js';
import { styleOf } from '../contract/patterns.js';
import { bytesAt, packNumber, unpackNumber } from '../rows/frames.js';
import { checkName, namesIn } from './names.js';

const FIRST_EXPORT = 1;

const isRemotable = (value: unknown): value is object =>
  isObject(value) && styleOf(value) === 'remotable';

export class NamedExports {
  readonly #context: LiveslotsContext;
  /** The names that this incarnation has given or taken over. */
  readonly #connected = new Set<string>();
  /** Names that there are; undefined until one is given. */
  #count: number | undefined;

  constructor(context: LiveslotsContext) {
    this.#context = context;
  }

  /** Names a remotable that has not been exported yet. Throws if the name is taken. */
  name(given: unknown, value: unknown): void {
    const name = checkName(given);
    if (this.#connected.has(name)) throw Fail`nameExport: ${q(name)} names an export already`;
    if (this.#find(name) !== undefined) {
      throw Fail`nameExport: ${q(name)} is of an earlier incarnation: use reconnectExport`;
    }
    const remotable = this.#checkRemotable('nameExport', name, value);
    const { rows } = this.#context;
    this.#count ??= this.#names().length;
    if (this.#count >= NAMED_EXPORTS_MAX) {
      throw Error(`nameExport: a vat has at most ${NAMED_EXPORTS_MAX} named exports`);
    }
    this.#count += 1;
    const counter = rows.get(rowNextExport());
    const n = counter === undefined ? FIRST_EXPORT : unpackNumber(counter);
    rows.set(rowNextExport(), packNumber(n + 1));
    rows.set(rowExportName(name), packNumber(n));
    this.#connect(name, n, remotable);
  }

  /** The export of this name is `value` from now on. Throws if there is none to be taken over. */
  reconnect(given: unknown, value: unknown): void {
    const name = checkName(given);
    if (this.#connected.has(name)) {
      throw Fail`reconnectExport: ${q(name)} is connected already in this incarnation`;
    }
    const n = this.#find(name);
    if (n === undefined) {
      const left = this.#unconnected();
      throw Fail`reconnectExport: no export is named ${q(name)}; to be reconnected are ${q(left)}`;
    }
    this.#connect(name, n, this.#checkRemotable('reconnectExport', name, value));
  }

  /** The start is over: exports that nobody took over are abandoned, and their names are free. */
  abandonRest(crank: CrankSink): void {
    const { rows } = this.#context;
    const names = this.#unconnected();
    if (names.length === 0) return;
    const numbers = names.map(name => unpackNumber(bytesAt(rows, rowExportName(name))));
    const vrefs = numbers.map(namedRef).sort();
    for (const name of names) rows.delete(rowExportName(name));
    if (this.#count !== undefined) this.#count -= names.length;
    crank.syscall([Syscall.abandonExports, vrefs]);
  }

  #connect(name: string, n: number, remotable: object): void {
    this.#connected.add(name);
    this.#context.references.bindNamed(n, remotable);
  }

  #find(name: string): number | undefined {
    const bytes = this.#context.rows.get(rowExportName(name));
    return bytes === undefined ? undefined : unpackNumber(bytes);
  }

  #unconnected(): string[] {
    return this.#names().filter(name => !this.#connected.has(name));
  }

  #names(): string[] {
    const end = prefixEnd(ROW_EXPORT_NAME_PREFIX);
    return namesIn(this.#context.rows, ROW_EXPORT_NAME_PREFIX, end);
  }

  #checkRemotable(power: string, name: string, value: unknown): object {
    const { hardening, references } = this.#context;
    const remotable = hardening.harden(value);
    const shown = `${power}: what ${JSON.stringify(name)} is to name`;
    if (!isRemotable(remotable)) throw TypeError(`${shown} is no remotable`);
    const vref = references.vrefOf(remotable);
    switch (vref === undefined ? undefined : parseVRef(vref)?.type) {
      case undefined:
        return remotable;
      case 'ephemeral':
        throw Error(`${shown} has been exported before it was named`);
      case 'named':
        throw Error(`${shown} has a name`);
      case 'root':
      case 'durable':
        throw Error(`${shown} keeps its reference anyway`);
      case 'import':
      case 'virtual':
      case 'vatPromise':
      case 'kernelPromise':
        throw Error(`${shown} is no heap object of this vat`);
    }
  }
}
