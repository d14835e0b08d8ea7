/** Order and execution apart on real sockets: calls, queries and events at executors and outside clients. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryDisk, generateIdentity, type Identity } from '@concordat/runtime';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { counter } from '../testing/counter.ts';
import { type ClusterOptions, createCluster } from './embedded.ts';
import { startExecutor } from './executor.ts';
import { startMember } from './member.ts';
import { clientCardOf } from './membership.ts';

const DEADLINE = { timeout: 60_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
const start = (options: Partial<ClusterOptions<number>> = {}) =>
  createCluster(counter, { u: 1, r: 1, preset: 'executors', clients, ...options });

const pause = () => new Promise((next) => setTimeout(next, 5));

test(
  'executors serve their own processes; members order, and say that they do no more',
  DEADLINE,
  async () => {
    await using cluster = await start();
    const [first, second, third] = cluster.executors;
    assert.equal(cluster.members.length, 4);
    assert.equal(cluster.executors.length, 3);
    assert.equal(unwrap(await first!.call('add', { amount: 3 })), 3);
    assert.equal(unwrap(await second!.call('add', { amount: 4 })), 7);
    assert.equal(unwrap(await second!.peek('total', {})), 7, 'what was answered here is executed here');
    assert.equal(unwrap(await third!.query('total', {})), 7);
    const refused = await third!.call('addUpTo', { amount: 5, most: 4 });
    assert.deepEqual(refused, { status: 'failed', code: 'too-much', detail: 'at most 4' });
    const [member] = cluster.members;
    for (const outcome of [
      await member!.call('add', { amount: 1 }),
      await member!.query('total', {}),
      await member!.peek('total', {}),
    ])
      assert.ok(outcome.status === 'failed' && outcome.code === 'orders-only');
    const { name, linked, executed, primary } = first!.status();
    assert.deepEqual([name, linked.includes('executor-2')], ['executor-0', true]);
    assert.ok(executed > 0 && primary.startsWith('member-'));
    assert.ok(member!.status().linked.includes('executor-0'));
  },
);

test('without admin keys no node of two stages follows a change, and each says so', DEADLINE, async () => {
  await using cluster = await start();
  for (const node of [cluster.executors[0]!, cluster.members[0]!]) {
    const next = node.configuration();
    assert.deepEqual([next.epoch, next.members.map(({ id }) => id)], [0, [0, 1, 2, 3]]);
    const outcome = await node.govern({ next, approvals: [], proof: new Uint8Array(0) });
    assert.ok(outcome.status === 'failed' && outcome.code === 'ungoverned');
    assert.throws(() => node.nextKey(), { code: 'bad-configuration', message: /no admin keys/ });
    const { epoch, members, hasLeft } = node.status();
    assert.deepEqual([epoch, members.length, members[3], hasLeft], [0, 4, 'member-3', false]);
  }
  assert.deepEqual(
    [cluster.members[0]!, cluster.executors[0]!].map((node) => node.status().isMember),
    [true, false],
  );
});

test('an outside client is served by both stages, with u of each down', DEADLINE, async () => {
  await using cluster = await start();
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  assert.equal(unwrap(await client.call('add', { amount: 3 })), 3);
  assert.equal(unwrap(await client.query('total', {})), 3);
  await Promise.all([cluster.kill(0), cluster.killExecutor(1)]);
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => client.call('add', { amount: 1 })));
  assert.equal(outcomes.filter(({ status }) => status === 'ok').length, 200);
  assert.equal(unwrap(await client.query('total', {})), 203);
  await Promise.all([cluster.restart(0), cluster.restartExecutor(1)]);
  assert.equal(unwrap(await client.call('add', { amount: 1 })), 204);
  assert.equal(unwrap(await cluster.executors[1]!.query('total', {})), 204);
});

test('a query from outside sees what was done before it', DEADLINE, async () => {
  await using cluster = await start();
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  await client.call('add', { amount: 3 });
  for (let round = 1; round <= 20; round++) {
    assert.equal(unwrap(await client.query('total', {})), 2 + round);
    await client.call('add', { amount: 1 });
  }
});

test(
  'every executor tells the events of what is done, in one order; members have none',
  DEADLINE,
  async () => {
    const told: number[][] = [[], [], [], []];
    await using cluster = await start({ onEvent: (total, executor) => void told[executor]?.push(total) });
    for (const amount of [1, 2, 3]) await cluster.executors[amount % 3]?.call('add', { amount });
    await cluster.executors[0]?.call('addUpTo', { amount: 1, most: 0 });
    unwrap(await cluster.executors[0]!.call('add', { amount: 4 }));
    const expected = [1, 3, 6, 10];
    while (told.slice(0, 3).some((totals) => totals.length < expected.length)) await pause();
    assert.deepEqual(told, [expected, expected, expected, []]);
  },
);

test(
  'whoever is started as what its card is not is told so, and its journal is let go of',
  DEADLINE,
  async () => {
    await using cluster = await start();
    const { membership } = cluster;
    const disk = createMemoryDisk();
    const started = (as: typeof startMember, who: Identity): Promise<unknown> =>
      as(counter, { membership, identity: who, journal: disk.open() });
    const wrong = (words: RegExp) => ({ code: 'bad-configuration', message: words });
    await assert.rejects(
      started(startExecutor, identity),
      wrong(/key of outside is on the card of no executor/),
    );
    await assert.rejects(started(startMember, identity), wrong(/key of outside is on the card of no member/));
    await assert.rejects(started(startExecutor, generateIdentity('stranger')), wrong(/in no card/));
  },
);
