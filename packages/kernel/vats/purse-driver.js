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

export const buildRootObject = () => {
  let bank;
  const purses = [];
  const expected = [];
  let sent = 0;
  let fulfilled = 0;
  let rejectedByUpgrade = 0;
  let failed = 0;
  let audited = 0;
  let mismatches = 0;

  const approver = Far('approver', { approve: amount => amount });

  // A linear congruential sequence: seeded, the same on every replica.
  let random = 1;
  const nextPurse = () => {
    random = (random * 48271) % 2147483647;
    return random % purses.length;
  };

  const isDisconnection = reason =>
    typeof reason === 'object' && reason !== null && reason.name === 'vatUpgraded';

  const depositOne = () => {
    const at = nextPurse();
    const amount = BigInt(1 + (sent % 7));
    sent += 1;
    const deposited =
      sent % APPROVAL_EVERY === 0
        ? E(purses[at]).depositApproved(amount, approver)
        : E(purses[at]).deposit(amount);
    deposited.then(
      () => {
        fulfilled += 1;
        expected[at] += amount;
      },
      reason => {
        if (isDisconnection(reason)) rejectedByUpgrade += 1;
        else failed += 1;
      },
    );
  };

  const auditOne = async at => {
    const balance = await E(purses[at]).getBalance();
    audited += 1;
    if (balance !== expected[at]) mismatches += 1;
  };

  return Far('driver', {
    connect: (newBank, seed) => {
      bank = newBank;
      random = 1 + (seed % 2147483646);
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
      for (let i = 0; i < count; i += 1) depositOne();
      return sent;
    },
    audit: async (from, count) => {
      const end = Math.min(from + count, purses.length);
      const checks = [];
      for (let at = from; at < end; at += 1) checks.push(auditOne(at));
      await Promise.all(checks);
      return { audited, mismatches };
    },
    startAudit: () => {
      audited = 0;
      mismatches = 0;
    },
    getStatus: () => ({
      connected: bank !== undefined,
      purses: purses.length,
      sent,
      fulfilled,
      rejectedByUpgrade,
      failed,
      audited,
      mismatches,
    }),
  });
};
