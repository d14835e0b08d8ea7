/** Clients of filter nodes over real sockets: whom they connect with, connections that break, and nodes without a port. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateIdentity } from '@concordat/runtime';
import { createCluster } from '../host/embedded.ts';
import { clientCardOf, type MemberCard, type Membership } from '../host/membership.ts';
import { counter } from '../testing/counter.ts';
import { startProxy } from '../testing/proxy.ts';
import { connectClient } from './connect.ts';
import { unwrap } from './outcome.ts';

const DEADLINE = { timeout: 60_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
const startCluster = () => createCluster(counter, { u: 1, r: 1, preset: 'upright-separated', clients });

/** A proxy before each node of a stage, and the cards that lead there. */
async function before(cards: readonly MemberCard[] = []) {
  const proxies = await Promise.all(cards.map(({ clientPort = 0 }) => startProxy(clientPort)));
  return { proxies, cards: cards.map((card, i) => ({ ...card, clientPort: proxies[i]?.port ?? 0 })) };
}

test(
  'connections to filter nodes and executors break again and again, and every call counts once',
  DEADLINE,
  async () => {
    await using cluster = await startCluster();
    const [filters, executors] = await Promise.all([
      before(cluster.membership.filters),
      before(cluster.membership.executors),
    ]);
    const membership: Membership = {
      ...cluster.membership,
      filters: filters.cards,
      executors: executors.cards,
      // Nobody calls a member.
      members: cluster.membership.members.map(({ clientPort: _, ...card }) => card),
    };
    await using client = connectClient(counter, { membership, identity, retransmitMs: 50 });
    const totals: number[] = [];
    const calls = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) totals.push(unwrap(await client.call('add', { amount: 1 })));
    };
    await calls(1);
    for (const stage of [filters, executors, filters, executors, filters]) {
      const made = stage.proxies.map((proxy) => proxy.made);
      assert.ok(made.some((count) => count > 0));
      for (const proxy of stage.proxies) proxy.cut();
      await Promise.all([calls(10), calls(10)]);
      assert.ok(
        stage.proxies.some((proxy, i) => proxy.made > (made[i] ?? 0)),
        'they are made again',
      );
    }
    assert.deepEqual(
      totals.sort((a, b) => a - b),
      Array.from({ length: 101 }, (_, i) => i + 1),
    );
    for (const proxy of [...filters.proxies, ...executors.proxies]) proxy.close();
  },
);

test('a filter node without a port for clients is named', DEADLINE, async () => {
  await using cluster = await startCluster();
  const filters = (cluster.membership.filters ?? []).map(({ clientPort: _, ...card }) => card);
  assert.throws(() => connectClient(counter, { membership: { ...cluster.membership, filters }, identity }), {
    code: 'bad-configuration',
    message: /filter-0 has no port for clients/,
  });
});
