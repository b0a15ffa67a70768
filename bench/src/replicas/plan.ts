/**
 * What the replicas are told, block by block: a pure function of a seed.
 *
 * Every input is one that a kernel takes, whatever happened before: vats are named only while they
 * are sure to run, so the number of the last input of every block is known beforehand and tells a
 * replica that was killed where it is (rules.md#s2).
 *
 * Theory of operation: a vat can be told things from the block after the first full run (one
 * without limits) since its creation; it is left alone from the input on that may end it.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RunLimits } from '@heirloom/kernel';
import { memberAt } from '../member.js';

/** How the new code of a vat goes wrong, if it does. */
type Failure = 'throw' | 'never' | 'plain' | 'unclaimed';

export interface VersionParameters {
  readonly version: number;
  readonly fail?: Failure;
}

/** A vat's root, where a message mentions it. */
export interface RootOf {
  readonly rootOf: string;
}

export type PlanValue = string | number | RootOf | undefined | readonly PlanValue[];

export type PlanInput =
  | { readonly type: 'create'; readonly vat: string; readonly parameters: VersionParameters }
  | {
      readonly type: 'send';
      readonly vat: string;
      readonly method: string;
      readonly args: readonly PlanValue[];
    }
  | { readonly type: 'upgrade'; readonly vat: string; readonly parameters: VersionParameters }
  /** A vat made of another. */
  | {
      readonly type: 'fork';
      readonly vat: string;
      readonly from: string;
      readonly parameters: VersionParameters;
    }
  | { readonly type: 'terminate'; readonly vat: string };

interface PlanPart {
  readonly inputs: readonly PlanInput[];
  readonly run: RunLimits;
}

export interface PlanBlock {
  /** From 1. */
  readonly number: number;
  readonly time: number;
  /** The item goes before everything that is queued (rules.md#h3). */
  readonly first: PlanInput | undefined;
  readonly parts: readonly PlanPart[];
  /** The number of its last input. */
  readonly lastInput: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly blocks: number;
  /** Vats that the host makes at the beginning, and about as many as it keeps running. */
  readonly vats: number;
}

/** Inputs of a block that are not in the plan's lists: its beginning. The first has the bundle. */
const BEGIN_INPUTS = 1;
const INSTALL_INPUTS = 1;
/** The host makes vats up to this many more than it began with, and ends them down to that few. */
const VATS_ABOVE = 2;
const VATS_LEAST = 2;
const SENDS = { least: 4, most: 10 };
const FAILURES: readonly Failure[] = ['throw', 'never', 'plain', 'unclaimed'];
/** Chances in a hundred. */
const CHANCE = {
  upgrade: 35,
  upgradeFails: 30,
  upgradeFirst: 20,
  create: 12,
  createFails: 15,
  end: 10,
  fork: 6,
  twoParts: 20,
  limitedRun: 30,
};

class Planner {
  readonly #options: PlanOptions;
  readonly #random: ReturnType<typeof xoroshiro128plus>;
  /** Vats that may be told things. */
  readonly #running: string[] = [];
  /** Vats that are being made. */
  readonly #coming: string[] = [];
  #vats = 0;
  #versions = 1;
  #lastInput = INSTALL_INPUTS;

  constructor(options: PlanOptions) {
    this.#options = options;
    this.#random = xoroshiro128plus(options.seed);
  }

  /** All blocks, in order. */
  plan(): PlanBlock[] {
    const { blocks, vats } = this.#options;
    const first = Array.from({ length: vats }, () => this.#create(undefined));
    const plan = [this.#finish(1, undefined, [{ inputs: first, run: {} }])];
    for (let number = 2; number <= blocks; number += 1) plan.push(this.#block(number));
    return plan;
  }

  #block(number: number): PlanBlock {
    const isFirst = this.#chance(CHANCE.upgrade) && this.#chance(CHANCE.upgradeFirst);
    const first = isFirst ? this.#upgrade() : undefined;
    const parts: PlanPart[] = [];
    if (this.#chance(CHANCE.twoParts)) parts.push({ inputs: this.#inputs(), run: this.#limits() });
    const run = this.#chance(CHANCE.limitedRun) ? this.#limits() : {};
    parts.push({ inputs: this.#inputs(), run });
    return this.#finish(number, first, parts);
  }

  #finish(number: number, first: PlanInput | undefined, parts: readonly PlanPart[]): PlanBlock {
    const given = parts.reduce((sum, { inputs }) => sum + inputs.length, 0);
    this.#lastInput += BEGIN_INPUTS + given + (first === undefined ? 0 : 1);
    const isFull = Object.keys(memberAt(parts, -1).run).length === 0;
    if (isFull) this.#running.push(...this.#coming.splice(0));
    return { number, time: 10 * number, first, parts, lastInput: this.#lastInput };
  }

  #limits(): RunLimits {
    if (this.#chance(50)) return { waves: this.#int(1, 4) };
    return { deliveries: this.#int(1, 40) };
  }

  #inputs(): PlanInput[] {
    const inputs: PlanInput[] = [];
    const sends = this.#int(SENDS.least, SENDS.most);
    const upgradeAt = this.#chance(CHANCE.upgrade) ? this.#int(0, sends - 1) : -1;
    const most = this.#options.vats + VATS_ABOVE;
    for (let i = 0; i < sends; i += 1) {
      inputs.push(this.#send());
      if (i === upgradeAt) inputs.push(this.#upgrade());
    }
    if (this.#running.length + this.#coming.length < most && this.#chance(CHANCE.create)) {
      inputs.push(this.#create(this.#failure(CHANCE.createFails)));
    }
    if (this.#running.length + this.#coming.length < most && this.#chance(CHANCE.fork)) {
      inputs.push(this.#fork());
    }
    if (this.#running.length > VATS_LEAST && this.#chance(CHANCE.end)) inputs.push(this.#end());
    return inputs;
  }

  #create(fail: Failure | undefined): PlanInput {
    this.#vats += 1;
    const vat = `mixer${this.#vats}`;
    if (fail === undefined) this.#coming.push(vat);
    return { type: 'create', vat, parameters: this.#parameters(fail) };
  }

  #fork(): PlanInput {
    this.#vats += 1;
    const vat = `mixer${this.#vats}`;
    this.#coming.push(vat);
    return { type: 'fork', vat, from: this.#anyVat(), parameters: this.#parameters(undefined) };
  }

  #upgrade(): PlanInput {
    const parameters = this.#parameters(this.#failure(CHANCE.upgradeFails));
    return { type: 'upgrade', vat: this.#anyVat(), parameters };
  }

  /** By the host, by itself, well or badly, or by a fault. */
  #end(): PlanInput {
    const vat = memberAt(this.#running.splice(this.#int(0, this.#running.length - 1), 1), 0);
    const how = this.#int(0, 3);
    if (how === 0) return { type: 'terminate', vat };
    if (how === 1) return { type: 'send', vat, method: 'fault', args: [] };
    return { type: 'send', vat, method: 'leave', args: [how === 2 ? 'well' : 'badly'] };
  }

  #send(): PlanInput {
    const few = this.#int(1, 4);
    const peer = { rootOf: this.#anyVat() };
    const how = this.#oneOf(['fulfil', 'reject', 'chain']);
    const wrong = this.#failure(CHANCE.upgradeFails);
    const [method, args] = this.#oneOf<readonly [string, readonly PlanValue[]]>([
      ...[['make', [few]] as const, ['make', [2 * few]] as const],
      ...[['offer', [peer, few]] as const, ['offer', [peer, 2 * few]] as const],
      ...[['poke', [few]] as const, ['relink', [few]] as const],
      ...[['trim', [few]] as const, ['lose', [few]] as const, ['lose', [few]] as const],
      ...[['walk', [peer, few]] as const, ['walk', [peer, 2 * few]] as const],
      ...[['hold', [peer]] as const, ['settle', [how]] as const, ['settle', [how]] as const],
      ...[['sleep', [7 * few]] as const, ['weigh', []] as const],
      ...[['hire', [few === 1 ? wrong : undefined]] as const, ['dismiss', []] as const],
      ['delegate', ['make', [few]]],
      ['delegate', ['offer', [peer, few]]],
      ['promote', [this.#nextVersion(), wrong]],
    ]);
    return { type: 'send', vat: this.#anyVat(), method, args };
  }

  #nextVersion(): number {
    this.#versions += 1;
    return this.#versions;
  }

  #parameters(fail: Failure | undefined): VersionParameters {
    const version = this.#nextVersion();
    return fail === undefined ? { version } : { version, fail };
  }

  #failure(chance: number): Failure | undefined {
    return this.#chance(chance) ? this.#oneOf(FAILURES) : undefined;
  }

  #anyVat(): string {
    return this.#oneOf(this.#running);
  }

  #oneOf<T>(values: readonly T[]): T {
    return memberAt(values, this.#int(0, values.length - 1));
  }

  #chance(percent: number): boolean {
    return this.#int(1, 100) <= percent;
  }

  #int(least: number, most: number): number {
    return uniformInt(this.#random, least, most);
  }
}

export const makePlan = (options: PlanOptions): readonly PlanBlock[] => new Planner(options).plan();
