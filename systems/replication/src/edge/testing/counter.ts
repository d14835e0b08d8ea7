/** The service of the edge's tests: a total, with ways to fail of every kind. */

import { bytes, defineService, record, refuse, text, u53 } from '../service/index.ts';

export const counter = defineService({
  version: 1,
  state: (declare) => ({
    total: declare.cell('total', u53, 0),
    named: declare.table('named', text(32), u53),
  }),
  operations: {
    add: {
      input: record({ amount: u53 }),
      output: u53,
      execute: ({ state, emit }, { amount }) => {
        state.total.set(state.total.get() + amount);
        emit(state.total.get());
        return state.total.get();
      },
    },
    /** Writes and emits first, so that a test sees both taken back. */
    addUpTo: {
      input: record({ amount: u53, most: u53 }),
      output: u53,
      execute: ({ state, emit }, { amount, most }) => {
        state.total.set(state.total.get() + amount);
        state.named.set('last', amount);
        emit(state.total.get());
        if (state.total.get() > most) return refuse('too-much', `at most ${most}`);
        return state.total.get();
      },
    },
    breakDown: {
      input: record({ after: text(32) }),
      output: u53,
      execute: ({ state }, { after }) => {
        state.named.set(after, 1);
        state.total.set(-1);
        return 0;
      },
    },
    echo: { input: bytes(4096), output: bytes(4096), execute: (_context, sent) => sent },
  },
  queries: {
    total: { input: record({}), output: u53, answer: ({ state }) => state.total.get() },
    named: { input: record({}), output: u53, answer: ({ state }) => state.named.size },
    writes: {
      input: record({}),
      output: u53,
      answer: ({ state }) => {
        state.total.set(1);
        return 1;
      },
    },
  },
  event: u53,
});

/** Its next version, with one operation more, in a program that runs both. */
export const doubling = defineService({
  version: 2,
  former: counter,
  state: (declare) => ({ total: declare.cell('total', u53, 0) }),
  operations: {
    add: {
      input: record({ amount: u53 }),
      output: u53,
      execute: ({ state, emit }, { amount }) => {
        state.total.set(state.total.get() + amount);
        emit(state.total.get());
        return state.total.get();
      },
    },
    double: {
      input: record({}),
      output: u53,
      execute: ({ state }) => {
        state.total.set(2 * state.total.get());
        return state.total.get();
      },
    },
  },
  event: u53,
});
