/** A bank as it began: accounts in cents, all in one currency. */

import { defineService, list, record, refuse, text, u53 } from '@concordat/replication/edge';

export const name = text(32);

const statement = record({ name, cents: u53 });

export const bank1 = defineService({
  version: 1,
  state: (declare) => ({
    accounts: declare.table('accounts', name, u53),
    deposits: declare.cell('deposits', u53, 0),
  }),
  operations: {
    /** Opens the account if need be. Returns its balance. */
    deposit: {
      input: record({ to: name, cents: u53 }),
      output: u53,
      execute({ state }, { to, cents }) {
        if (cents > 1_000_000) return refuse('too-much', 'at most 10,000 at a time');
        const balance = (state.accounts.get(to) ?? 0) + cents;
        state.accounts.set(to, balance);
        state.deposits.set(state.deposits.get() + 1);
        return balance;
      },
    },
  },
  queries: {
    balance: {
      input: name,
      output: u53,
      answer: ({ state }, of) => state.accounts.get(of) ?? refuse('no-such-account', of),
    },
    /** The first thousand accounts. */
    statements: {
      input: record({}),
      output: list(statement, 1000),
      answer: ({ state }) =>
        state.accounts
          .sortedKeys()
          .slice(0, 1000)
          .map((of) => ({ name: of, cents: state.accounts.get(of) ?? 0 })),
    },
  },
});
