import { Far } from '@endo/far';

/** Never prepared for an upgrade: everything is in the heap. */
export const makeBuild = ({ fee, isLoud = false, hasTotal = false }) =>
  () => {
    const accounts = [];
    return Far('ledger', {
      open: balance => {
        const account = { balance };
        accounts.push(account);
        if (isLoud) console.log('opened');
        return Far('account', {
          deposit: amount => (account.balance += amount - (amount > 100n ? fee : 0n)),
          getBalance: () => account.balance,
          wait: () => new Promise(resolve => { account.resolve = resolve; }),
          settle: value => account.resolve(value),
        });
      },
      ...(hasTotal
        ? { getTotal: () => accounts.reduce((sum, { balance }) => sum + balance, 0n) }
        : {}),
    });
  };
