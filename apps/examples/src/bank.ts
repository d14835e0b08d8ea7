/**
 * A bank that several organisations run together: accounts, deposits, transfers with a daily limit, standing orders.
 * It shows refusals, events, ordered time and timers. Money is in cents; nothing is created or lost by a transfer,
 * which `audit` lets anyone check.
 */

import { type Context, defineService, record, refuse, text, u53 } from '@concordat/replication/edge';

const DAY_MS = 24 * 60 * 60 * 1000;
const DAILY_LIMIT = 100_000;
const MOST_CENTS = 2 ** 40;

const account = record({ owner: text(64), balance: u53, spentOn: u53, spent: u53 });
const order = record({ from: text(32), to: text(32), amount: u53, everyMs: u53, dueAt: u53 });
const transfer = record({ from: text(32), to: text(32), amount: u53 });

interface Account {
  readonly owner: string;
  readonly balance: number;
  /** The day of the last transfer from here, and what was transferred on it. */
  readonly spentOn: number;
  readonly spent: number;
}

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

export const bank = defineService({
  version: 1,
  state: (declare) => ({
    accounts: declare.table('accounts', text(32), account),
    orders: declare.table('orders', u53, order),
    nextOrder: declare.cell('next order', u53, 1),
    deposited: declare.cell('deposited', u53, 0),
  }),
  event: transfer,
  operations: {
    open: {
      input: record({ name: text(32), owner: text(64) }),
      output: record({}),
      execute({ state }, { name, owner }) {
        if (state.accounts.has(name)) return refuse('name-taken', name);
        state.accounts.set(name, { owner, balance: 0, spentOn: 0, spent: 0 });
        return {};
      },
    },
    deposit: {
      input: record({ to: text(32), amount: u53 }),
      output: u53,
      execute({ state }, { to, amount }) {
        const known = state.accounts.get(to);
        if (known === undefined) return refuse('no-such-account', to);
        if (state.deposited.get() + amount > MOST_CENTS) return refuse('too-much-money');
        state.deposited.set(state.deposited.get() + amount);
        state.accounts.set(to, { ...known, balance: known.balance + amount });
        return known.balance + amount;
      },
    },
    /** Returns the balance that is left. */
    transfer: { input: transfer, output: u53, execute: (context, wanted) => move(context, wanted) },
    /** Returns the order's number. The first transfer is due one period from now. */
    order: {
      input: record({ from: text(32), to: text(32), amount: u53, everyMs: u53 }),
      output: u53,
      execute({ state, time }, { from, to, amount, everyMs }) {
        if (everyMs < 1) return refuse('too-often');
        const number = state.nextOrder.get();
        state.nextOrder.set(number + 1);
        state.orders.set(number, { from, to, amount, everyMs, dueAt: Math.floor(time) + everyMs });
        return number;
      },
    },
  },
  queries: {
    balance: {
      input: text(32),
      output: u53,
      answer: ({ state }, name) => state.accounts.get(name)?.balance ?? refuse('no-such-account', name),
    },
    audit: {
      input: record({}),
      output: record({ held: u53, deposited: u53 }),
      answer({ state }) {
        const balances = state.accounts.sortedKeys().map((name) => state.accounts.get(name)?.balance ?? 0);
        return { held: balances.reduce((sum, each) => sum + each, 0), deposited: state.deposited.get() };
      },
    },
  },
  /** Orders that are due, by number. One that cannot be paid is dropped. */
  advance(context) {
    const { orders } = context.state;
    for (const number of orders.sortedKeys()) {
      const due = orders.get(number);
      if (due === undefined || due.dueAt > context.time) continue;
      if (typeof move(context, due) === 'number')
        orders.set(number, { ...due, dueAt: due.dueAt + due.everyMs });
      else orders.delete(number);
    }
  },
});

interface Books {
  readonly accounts: {
    get(name: string): Account | undefined;
    set(name: string, account: Account): void;
  };
}

/** Checks everything before it writes anything, because a standing order goes on after a refusal. */
function move(
  { state, time, emit }: Pick<Context<Books, Transfer>, 'state' | 'time' | 'emit'>,
  { from, to, amount }: Transfer,
) {
  const [payer, payee] = [state.accounts.get(from), state.accounts.get(to)];
  if (payer === undefined) return refuse('no-such-account', from);
  if (payee === undefined) return refuse('no-such-account', to);
  if (from === to) return refuse('same-account', from);
  if (payer.balance < amount) return refuse('no-funds', `${from} has ${payer.balance}`);
  const today = Math.floor(time / DAY_MS);
  const spent = (payer.spentOn === today ? payer.spent : 0) + amount;
  if (spent > DAILY_LIMIT) return refuse('daily-limit', `at most ${DAILY_LIMIT} a day`);
  state.accounts.set(from, { ...payer, balance: payer.balance - amount, spentOn: today, spent });
  state.accounts.set(to, { ...payee, balance: payee.balance + amount });
  emit({ from, to, amount });
  return payer.balance - amount;
}
