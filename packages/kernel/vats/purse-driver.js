/**
 * The driver of the purse job: holds every purse, sends the deposits, keeps the books.
 *
 * `expected[i]` is what purse i must hold: its opening balance and every deposit that fulfilled.
 */
import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

const OPENING_BALANCE = 100n;
/** One deposit in so many asks the bank to wait for an approval. */
const APPROVAL_EVERY = 8;

/** Seeded, the same on every replica: a linear congruential sequence. */
const makePicker = seed => {
  let random = 1 + (seed % 2147483646);
  return count => {
    random = (random * 48271) % 2147483647;
    return random % count;
  };
};

const isDisconnection = reason =>
  typeof reason === 'object' && reason !== null && reason.name === 'vatUpgraded';

/** Sends deposits and books what becomes of them. */
const makeDepositor = (purses, expected) => {
  const approver = Far('approver', { approve: amount => amount });
  const books = { sent: 0, fulfilled: 0, rejectedByUpgrade: 0, failed: 0 };
  const deposit = at => {
    const amount = BigInt(1 + (books.sent % 7));
    books.sent += 1;
    const deposited =
      books.sent % APPROVAL_EVERY === 0
        ? E(purses[at]).depositApproved(amount, approver)
        : E(purses[at]).deposit(amount);
    deposited.then(
      () => {
        books.fulfilled += 1;
        expected[at] += amount;
      },
      reason => {
        if (isDisconnection(reason)) books.rejectedByUpgrade += 1;
        else books.failed += 1;
      },
    );
  };
  return { deposit, books };
};

export const buildRootObject = () => {
  let bank;
  let pick;
  const purses = [];
  const expected = [];
  const audit = { audited: 0, mismatches: 0 };
  const { deposit, books } = makeDepositor(purses, expected);

  const auditOne = async at => {
    const balance = await E(purses[at]).getBalance();
    audit.audited += 1;
    if (balance !== expected[at]) audit.mismatches += 1;
  };

  return Far('driver', {
    connect: (newBank, seed) => {
      bank = newBank;
      pick = makePicker(seed);
    },
    mint: async count => {
      const minted = await E(bank).mint(count);
      for (const purse of minted) {
        purses.push(purse);
        expected.push(OPENING_BALANCE);
      }
      return purses.length;
    },
    /** Sends deposits and does not wait for them. */
    deposit: count => {
      for (let i = 0; i < count; i += 1) deposit(pick(purses.length));
      return books.sent;
    },
    startAudit: () => {
      audit.audited = 0;
      audit.mismatches = 0;
    },
    audit: async (from, count) => {
      const end = Math.min(from + count, purses.length);
      const checks = [];
      for (let at = from; at < end; at += 1) checks.push(auditOne(at));
      await Promise.all(checks);
      return audit.audited;
    },
    getStatus: () => ({
      connected: bank !== undefined,
      purses: purses.length,
      ...books,
      ...audit,
    }),
  });
};
