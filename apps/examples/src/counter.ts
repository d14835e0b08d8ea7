/** The smallest service: a total that organisations add to. All else is the library's. */

import { defineService, record, u53 } from '@concordat/replication/edge';

export const counter = defineService({
  version: 1,
  state: (declare) => ({ total: declare.cell('total', u53, 0) }),
  operations: {
    add: {
      input: record({ amount: u53 }),
      output: u53,
      execute({ state }, { amount }) {
        state.total.set(state.total.get() + amount);
        return state.total.get();
      },
    },
  },
});
