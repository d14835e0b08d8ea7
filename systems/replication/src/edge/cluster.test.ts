/** A service of ten lines on four members in this process: typed calls, a killed member, and a clean end. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster, defineService, record, u53, unwrap } from './index.ts';

const counter = defineService({
  version: 1,
  state: (declare) => ({ total: declare.cell('total', u53, 0) }),
  operations: {
    add: {
      input: record({ amount: u53 }),
      output: u53,
      execute: ({ state }, { amount }) => {
        state.total.set(state.total.get() + amount);
        return state.total.get();
      },
    },
  },
  queries: { total: { input: record({}), output: u53, answer: ({ state }) => state.total.get() } },
});

const DEADLINE = { timeout: 30_000 };

test('calls at any member are added up, also while one is down', DEADLINE, async () => {
  await using cluster = await createCluster(counter, { u: 1, r: 1 });
  const [first, second, , last] = cluster.members;
  assert.deepEqual(await first?.call('add', { amount: 3 }), { status: 'ok', value: 3 });
  assert.equal(unwrap(await second!.call('add', { amount: 4 })), 7);
  await cluster.kill(0);
  assert.equal(unwrap(await last!.call('add', { amount: 1 })), 8);
  assert.equal(unwrap(await second!.query('total', {})), 8);
  assert.equal((await first!.call('add', { amount: 1 })).status, 'failed');
  await cluster.restart(0);
  assert.equal(unwrap(await cluster.members[0]!.query('total', {})), 8);
});
