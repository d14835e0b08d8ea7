/** All nodes of a service in one process: what becomes of their ports when some are killed, or cannot come back. */

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { isPortFree } from '@concordat/runtime';
import { unwrap } from '../client/outcome.ts';
import { counter } from '../testing/counter.ts';
import { createCluster } from './embedded.ts';

const start = () => createCluster(counter, { u: 1, r: 1, preset: 'executors' });

test('a killed node comes back to its own ports, which are not those that outgoing connections are given', async () => {
  await using cluster = await start();
  const card = cluster.membership.members[0]!;
  for (const { port, clientPort } of [...cluster.membership.members, ...cluster.membership.executors!])
    assert.ok(port < 32_768 && clientPort! < 32_768, `${port}, ${clientPort}`);
  await cluster.kill(0);
  assert.ok((await isPortFree(card.port)) && (await isPortFree(card.clientPort!)));
  await cluster.restart(0);
  assert.equal(cluster.members[0]!.addresses.get('clients')!.port, card.clientPort);
  assert.equal(unwrap(await cluster.executors[0]!.call('add', { amount: 1 })), 1);
});

test('nothing outlives a cluster of which one node cannot come back', async () => {
  const cluster = await start();
  const taken = cluster.membership.members[0]!.clientPort!;
  const executor = cluster.membership.executors![1]!;
  await Promise.all([cluster.kill(0), cluster.killExecutor(1)]);
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen(taken, '127.0.0.1', resolve));
  // Who waits for both hears of the first that fails, and closes while the other still starts.
  const other = cluster.restartExecutor(1);
  await assert.rejects(Promise.all([cluster.restart(0), other]), { code: 'port-failed' });
  await cluster.close();
  await other;
  assert.ok((await isPortFree(executor.port)) && (await isPortFree(executor.clientPort!)));
  stranger.close();
});
