/**
 * The bank with currencies: its second version. `deposit` takes and returns what it did, so programs that know only the first
 * version go on calling it; `balance` answers in another form, and `open` is new.
 */

import { defineService, list, oneOf, record, refuse, u53 } from '@concordat/replication/edge';
import { bank1, name } from './bank-1.ts';

const currency = oneOf('EUR', 'USD', 'CHF');
const amount = record({ cents: u53, currency });

export const bank2 = defineService({
  version: 2,
  former: bank1,
  state: (declare) => ({
    deposits: declare.cell('deposits', u53, 0), // as before: nothing is copied
    accounts: declare.table('accounts.2', name, amount), // another form: another name
  }),
  migrate({ former, state }) {
    for (const of of former.accounts.sortedKeys())
      state.accounts.set(of, { cents: former.accounts.get(of) ?? 0, currency: 'EUR' });
  },
  operations: {
    open: {
      input: record({ name, currency }),
      output: record({}),
      execute({ state }, asked) {
        if (state.accounts.has(asked.name)) return refuse('name-taken', asked.name);
        state.accounts.set(asked.name, { cents: 0, currency: asked.currency });
        return {};
      },
    },
    /** In the account's currency; one that is not there is opened in euros, as it always was. */
    deposit: {
      input: record({ to: name, cents: u53 }),
      output: u53,
      execute({ state }, { to, cents }) {
        if (cents > 1_000_000) return refuse('too-much', 'at most 10,000 at a time');
        const known = state.accounts.get(to) ?? { cents: 0, currency: 'EUR' as const };
        const balance = known.cents + cents;
        state.accounts.set(to, { ...known, cents: balance });
        state.deposits.set(state.deposits.get() + 1);
        return balance;
      },
    },
  },
  queries: {
    balance: {
      input: name,
      output: amount,
      answer: ({ state }, of) => state.accounts.get(of) ?? refuse('no-such-account', of),
    },
    /** The first thousand accounts. */
    statements: {
      input: record({}),
      output: list(record({ name, amount }), 1000),
      answer: ({ state }) =>
        state.accounts
          .sortedKeys()
          .slice(0, 1000)
          .map((of) => ({
            name: of,
            amount: state.accounts.get(of) ?? { cents: 0, currency: 'EUR' as const },
          })),
    },
  },
});
