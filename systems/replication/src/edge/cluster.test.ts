/** A service of ten lines on four members in this process: typed calls, a killed member, and a clean end. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateIdentity } from '@concordat/runtime';
import { isPresetName, type PresetName, presets } from '../presets/index.ts';
import { clientCardOf, connectClient, createCluster, defineService, record, u53, unwrap } from './index.ts';
import { counter as telling } from './testing/counter.ts';

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

/** A membership with filter nodes apart from members is refused (host/membership.test.ts). */
const isHosted = (preset: PresetName): boolean => {
  const { admission, executes } = presets[preset].settings;
  return admission !== 'request-quorum' || executes !== false;
};

for (const preset of Object.keys(presets).filter(isPresetName).filter(isHosted)) {
  test(
    `the preset ${preset} serves who runs it and outside clients, also while one is down`,
    DEADLINE,
    async () => {
      const identity = generateIdentity('outside');
      const clients = [clientCardOf('outside', identity)];
      await using cluster = await createCluster(counter, {
        u: 1,
        r: preset === 'crash' ? 0 : 1,
        preset,
        clients,
      });
      await using client = connectClient(counter, { membership: cluster.membership, identity });
      const [, second] = cluster.executors.length > 0 ? cluster.executors : cluster.members;
      assert.equal(unwrap(await client.call('add', { amount: 3 })), 3);
      assert.equal(unwrap(await second!.call('add', { amount: 4 })), 7);
      assert.equal(unwrap(await second!.peek('total', {})), 7);
      await cluster.kill(0);
      assert.equal(unwrap(await client.call('add', { amount: 1 })), 8);
      assert.equal(unwrap(await client.query('total', {})), 8);
      assert.equal(unwrap(await second!.call('add', { amount: 1 })), 9);
    },
  );
}

test('journals on disk bring all members back', DEADLINE, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-cluster-'));
  try {
    await using cluster = await createCluster(counter, { u: 1, r: 0, directory });
    assert.equal(unwrap(await cluster.members[0]!.call('add', { amount: 3 })), 3);
    for (const id of [0, 1, 2]) await cluster.kill(id);
    for (const id of [2, 1, 0]) await cluster.restart(id);
    assert.equal(unwrap(await cluster.members[1]!.call('add', { amount: 4 })), 7);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('every member tells the events of what is done, in one order', DEADLINE, async () => {
  const told: number[][] = [[], [], []];
  await using cluster = await createCluster(telling, {
    u: 1,
    r: 0,
    onEvent: (total, member) => {
      told[member]?.push(total);
      throw new Error('a bug of the listener, which nobody else feels');
    },
  });
  for (const amount of [1, 2, 3]) await cluster.members[amount % 3]?.call('add', { amount });
  await cluster.members[0]?.call('addUpTo', { amount: 1, most: 0 });
  unwrap(await cluster.members[0]!.call('add', { amount: 4 }));
  const expected = [1, 3, 6, 10];
  while (told.some((totals) => totals.length < expected.length))
    await new Promise((next) => setTimeout(next, 5));
  assert.deepEqual(told, [expected, expected, expected]);
});
