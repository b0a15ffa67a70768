/**
 * Names that a vat gives to promises of its own: random ones, over blocks, undone cranks and new
 * incarnations, with what a process remembers of them and without. A failure names its seed.
 */
import { FIRST_HEIGHT } from '@heirloom/store';
import {
  FIRST_INCARNATION,
  FIRST_VAT,
  storedIncarnation,
  storedVRef,
  VatFault,
} from '@heirloom/worker';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KernelState } from '../state/kernel-state.js';
import { commitTables, withTwoStores } from '../testing/test-store.js';
import { makeResult, resolveName, type Speaker } from './clist.js';

const SECOND = storedIncarnation(FIRST_INCARNATION + 1);
const NAMES = 6;
const name = fc.record({
  what: fc.constantFrom('result', 'result', 'argument', 'undone', 'block'),
  incarnation: fc.constantFrom(FIRST_INCARNATION, SECOND),
  n: fc.nat(NAMES),
});

/** What a name is taken for: a promise of the kernel, or why it is refused. */
const told = (work: () => number): number | string => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof VatFault)) throw error;
    return error.message;
  }
};

test('random names of own promises -> the same promises and refusals without memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(name, { maxLength: 30 }), fc.nat(30), async (names, upgraded) => {
      await withTwoStores(async stores => {
        const options = { promiseQueueMax: 10, height: FIRST_HEIGHT };
        const [knowing, asking] = stores.map(store => new KernelState(store, options));
        if (knowing === undefined || asking === undefined) throw Error('two stores');
        let speaker: Speaker = { vat: FIRST_VAT, incarnation: FIRST_INCARNATION };
        const begin = (): void => {
          const { incarnation } = speaker;
          knowing.clist(FIRST_VAT).ownPromises = { incarnation, greatest: -1 };
        };
        begin();
        for (const [i, { what, incarnation, n }] of names.entries()) {
          if (i === upgraded) {
            speaker = { ...speaker, incarnation: SECOND };
            begin();
          }
          const vref = storedVRef(`p+${incarnation}/${n}`);
          const outcomes = [knowing, asking].map(state => {
            const mark = state.mark();
            const outcome = told(() =>
              what === 'argument'
                ? resolveName(state, speaker, vref)
                : makeResult(state, speaker, vref),
            );
            if (what === 'undone' || typeof outcome === 'string') state.journal.rollback(mark);
            return outcome;
          });
          expect(outcomes[0]).toBe(outcomes[1]);
          if (what !== 'block') continue;
          for (const [at, state] of [knowing, asking].entries()) {
            const store = stores[at];
            if (store !== undefined) await commitTables(store, state);
          }
        }
      });
    }),
    { numRuns: 40 },
  );
}, 60_000);
