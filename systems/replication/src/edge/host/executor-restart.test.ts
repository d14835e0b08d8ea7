/** Order and execution apart on real sockets and disks, while nodes of both stages are killed and come back. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateIdentity } from '@concordat/runtime';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { counter } from '../testing/counter.ts';
import { type ClusterOptions, createCluster } from './embedded.ts';
import { clientCardOf } from './membership.ts';

const DEADLINE = { timeout: 60_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
type Counter = Awaited<ReturnType<typeof start>>;

const start = (options: Partial<ClusterOptions<number>> = {}) =>
  createCluster(counter, { u: 1, r: 1, preset: 'executors', clients, ...options });

const pause = () => new Promise((next) => setTimeout(next, 5));

/** Two callers outside call all the while; what they got tells whether each call counted once. */
async function callMeanwhile(cluster: Counter, meanwhile: () => Promise<void>): Promise<void> {
  const options = { membership: cluster.membership, identity, retransmitMs: 100 };
  await using client = connectClient(counter, options);
  const totals: number[] = [];
  let isOver = false;
  const goOn = async (): Promise<void> => {
    while (!isOver) totals.push(unwrap(await client.call('add', { amount: 1 })));
  };
  const callers = [goOn(), goOn()];
  await meanwhile();
  isOver = true;
  await Promise.all(callers);
  totals.sort((a, b) => a - b);
  const expected = Array.from({ length: totals.length }, (_, i) => i + 1);
  assert.deepEqual(totals, expected);
  assert.equal(unwrap(await client.query('total', {})), totals.length);
  for (const executor of cluster.executors)
    assert.equal(unwrap(await executor.query('total', {})), totals.length);
}

/** Waits until an executor has executed `slots` more. */
async function progress({ executors }: Counter, id: number, slots: number): Promise<void> {
  const { executed } = executors[id]!.status();
  while (executors[id]!.status().executed <= executed + slots) await pause();
}

test('u of each stage are killed and restarted, in turn, and every call counts once', DEADLINE, async () => {
  await using cluster = await start({ settings: { checkpointInterval: 8, window: 16 } });
  await callMeanwhile(cluster, async () => {
    for (const [member, executor] of [
      [0, 0],
      [1, 1],
      [2, 2],
    ] as const) {
      await Promise.all([cluster.kill(member), cluster.killExecutor(executor)]);
      // About as far as the log is kept: they come back by it, or by the state of others.
      await progress(cluster, (executor + 1) % 3, 30);
      await Promise.all([cluster.restart(member), cluster.restartExecutor(executor)]);
      await progress(cluster, executor, 10);
    }
  });
});

test(
  'a call outlives all executors: whoever comes back answers it, and it counts once',
  DEADLINE,
  async () => {
    await using cluster = await start();
    const options = { membership: cluster.membership, identity, retransmitMs: 100 };
    await using client = connectClient(counter, options);
    assert.equal(unwrap(await client.call('add', { amount: 1 })), 1);
    for (const id of [0, 1, 2]) await cluster.killExecutor(id);
    const call = client.call('add', { amount: 1 });
    // Ordered meanwhile, with nobody to execute it.
    const [member] = cluster.members;
    const { executed } = member!.status();
    while (member!.status().executed <= executed + 2) await pause();
    for (const id of [2, 1, 0]) await cluster.restartExecutor(id);
    assert.equal(unwrap(await call), 2);
    assert.equal(unwrap(await client.query('total', {})), 2);
  },
);

test('all nodes are killed and come back from their disks, by snapshot and log', DEADLINE, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-executors-'));
  try {
    const settings = { checkpointInterval: 8, window: 16 };
    await using cluster = await start({ directory, r: 0, settings });
    const [first] = cluster.executors;
    const isSnapshotted = (): boolean => first!.metrics.render().includes('kind="snapshot"');
    const body = new Uint8Array(4096);
    let total = 0;
    while (total < 3 || !isSnapshotted()) {
      await Promise.all(Array.from({ length: 256 }, () => first!.call('echo', body)));
      total = unwrap(await first!.call('add', { amount: 1 }));
    }
    for (const id of [0, 1, 2]) await Promise.all([cluster.kill(id), cluster.killExecutor(id)]);
    for (const id of [2, 1, 0]) await cluster.restartExecutor(id);
    // Nobody orders yet: what they know they have on disk.
    assert.equal(unwrap(await cluster.executors[0]!.peek('total', {})), total);
    for (const id of [2, 1, 0]) await cluster.restart(id);
    assert.equal(unwrap(await cluster.executors[2]!.call('add', { amount: 1 })), total + 1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
