/** UpRight in full on real sockets: filter nodes, order replicas and executors, each a node of its own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryDisk, generateIdentity, type Identity } from '@concordat/runtime';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { counter } from '../testing/counter.ts';
import { noted } from '../testing/noted.ts';
import { type ClusterOptions, createCluster } from './embedded.ts';
import { startExecutor } from './executor.ts';
import { startFilter } from './filter.ts';
import { startMember } from './member.ts';
import { clientCardOf } from './membership.ts';

const DEADLINE = { timeout: 60_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
const start = (options: Partial<ClusterOptions<number>> = {}) =>
  createCluster(counter, { u: 1, r: 1, preset: 'upright-separated', clients, ...options });

const pause = () => new Promise((next) => setTimeout(next, 5));

test(
  'executors and outside clients are served through filter nodes, and nobody blames anybody',
  DEADLINE,
  async () => {
    const told: number[] = [];
    await using cluster = await start({ onEvent: (total, node) => void (node === 0 && told.push(total)) });
    const { members, executors, filters } = cluster;
    assert.deepEqual([members.length, executors.length, filters.length], [4, 3, 4]);
    await using client = connectClient(counter, { membership: cluster.membership, identity });
    assert.equal(unwrap(await client.call('add', { amount: 3 })), 3);
    assert.equal(unwrap(await executors[1]!.call('add', { amount: 4 })), 7);
    assert.equal(unwrap(await executors[1]!.peek('total', {})), 7);
    assert.equal(unwrap(await client.query('total', {})), 7);
    const refused = await client.call('addUpTo', { amount: 5, most: 4 });
    assert.deepEqual(refused, { status: 'failed', code: 'too-much', detail: 'at most 4' });
    await Promise.all(Array.from({ length: 300 }, () => client.call('add', { amount: 1 })));
    assert.equal(unwrap(await executors[2]!.query('total', {})), 307);
    while (told.length < 302) await pause();
    assert.deepEqual([told[0], told[1], told[301]], [3, 7, 307]);
    for (const node of [...members, ...executors, ...filters])
      assert.equal(noted(node, 'strike'), 0, node.status().name);
  },
);

test(
  'a filter node says what it is: it holds no state, follows no change, and tells what it keeps',
  DEADLINE,
  async () => {
    await using cluster = await start();
    await using client = connectClient(counter, { membership: cluster.membership, identity });
    const [filter] = cluster.filters;
    for (const outcome of [
      await filter!.call('add', { amount: 1 }),
      await filter!.query('total', {}),
      await filter!.peek('total', {}),
    ])
      assert.ok(outcome.status === 'failed' && outcome.code === 'filters-only');
    const [member] = cluster.members;
    const ordered = await member!.call('add', { amount: 1 });
    assert.ok(ordered.status === 'failed' && ordered.code === 'orders-only');
    unwrap(await client.call('add', { amount: 1 }));
    while (cluster.filters.every((each) => each.status().keeps?.requests === 0)) await pause();
    const status = filter!.status();
    assert.deepEqual(
      [status.name, status.isMember, status.hasLeft, status.primary, status.members.length],
      ['filter-0', false, false, 'member-0', 4],
    );
    const others = ['executor-0', 'executor-1', 'executor-2', 'filter-1', 'filter-2', 'filter-3'];
    const linked = [...others, 'member-0', 'member-1', 'member-2', 'member-3'];
    while (filter!.status().linked.length < linked.length) await pause();
    assert.deepEqual([...filter!.status().linked].sort(), linked);
    assert.match(filter!.metrics.render(), /^concordat_filter_requests \d+$/m);
    assert.match(filter!.metrics.render(), /^concordat_filter_bytes \d+$/m);
    const next = filter!.configuration();
    assert.deepEqual([next.epoch, next.members.map(({ id }) => id)], [0, [0, 1, 2, 3]]);
    const outcome = await filter!.govern({ next, approvals: [], proof: new Uint8Array(0) });
    assert.ok(outcome.status === 'failed' && outcome.code === 'ungoverned');
    assert.throws(() => filter!.nextKey(), { code: 'bad-configuration', message: /no admin keys/ });
  },
);

test(
  'where filter nodes are apart, members have no port for clients, and nobody has administrators',
  DEADLINE,
  async () => {
    await using cluster = await start();
    for (const node of cluster.members) assert.equal(node.addresses.get('clients'), undefined);
    for (const node of [...cluster.executors, ...cluster.filters])
      assert.notEqual(node.addresses.get('clients'), undefined);
    await assert.rejects(start({ governed: true }), {
      code: 'bad-configuration',
      message: /filter nodes apart from the members do not follow a change/,
    });
  },
);

test('who is started as what its card is not is told so', DEADLINE, async () => {
  await using cluster = await start();
  const { membership } = cluster;
  const started = (as: typeof startMember, who: Identity): Promise<unknown> =>
    as(counter, { membership, identity: who, journal: createMemoryDisk().open() });
  const wrong = (words: RegExp) => ({ code: 'bad-configuration', message: words });
  await assert.rejects(started(startFilter, identity), wrong(/outside is on the card of no filter node/));
  for (const as of [startFilter, startExecutor, startMember])
    await assert.rejects(started(as, generateIdentity('stranger')), wrong(/in no card/));
});
