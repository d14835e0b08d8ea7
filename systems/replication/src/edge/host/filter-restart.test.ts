/** Three stages on real sockets and disks, while nodes of each are killed and come back. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateIdentity } from '@concordat/runtime';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { encodeCall } from '../service/frames.ts';
import { filterRequests } from '../testing/asking.ts';
import { counter } from '../testing/counter.ts';
import { dial } from '../testing/dial.ts';
import { noted } from '../testing/noted.ts';
import { shelf } from '../testing/shelf.ts';
import { frameMessage } from './client-port.ts';
import { createCluster } from './embedded.ts';
import { clientCardOf } from './membership.ts';

const DEADLINE = { timeout: 60_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
const common = { u: 1, r: 1, preset: 'upright-separated', clients } as const;
const settings = { checkpointInterval: 8, window: 16 };

const pause = () => new Promise((next) => setTimeout(next, 5));

async function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-filters-'));
  try {
    await act(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('u of each stage are killed and restarted, in turn, and every call counts once', DEADLINE, () =>
  inDirectory(async (directory) => {
    await using cluster = await createCluster(counter, { ...common, settings, directory });
    const options = { membership: cluster.membership, identity, retransmitMs: 100 };
    await using client = connectClient(counter, options);
    const totals: number[] = [];
    let isOver = false;
    const goOn = async (): Promise<void> => {
      while (!isOver) totals.push(unwrap(await client.call('add', { amount: 1 })));
    };
    const callers = [goOn(), goOn()];
    const more = async (count: number): Promise<void> => {
      const target = totals.length + count;
      while (totals.length < target) await pause();
    };
    for (const i of [0, 1, 2, 3]) {
      const executor = i % 3;
      await Promise.all([cluster.kill(i), cluster.killExecutor(executor), cluster.killFilter(i)]);
      await more(30);
      await Promise.all([cluster.restart(i), cluster.restartExecutor(executor), cluster.restartFilter(i)]);
      await more(10);
    }
    isOver = true;
    await Promise.all(callers);
    assert.deepEqual(
      totals.sort((a, b) => a - b),
      Array.from({ length: totals.length }, (_, i) => i + 1),
    );
    for (const executor of cluster.executors)
      assert.equal(unwrap(await executor.query('total', {})), totals.length);
  }),
);

test('all nodes are killed at once and come back from their disks with all that was answered', DEADLINE, () =>
  inDirectory(async (directory) => {
    await using cluster = await createCluster(counter, { ...common, settings, directory });
    const options = { membership: cluster.membership, identity, retransmitMs: 100 };
    await using client = connectClient(counter, options);
    for (let round = 1; round <= 2; round++) {
      const before = unwrap(await client.call('add', { amount: 1 }));
      let answered = before;
      let isOver = false;
      const callers = Array.from({ length: 4 }, async () => {
        while (!isOver) answered = Math.max(answered, unwrap(await client.call('add', { amount: 1 })));
      });
      while (answered < before + 40) await pause();
      await Promise.all([
        ...cluster.members.map((_, id) => cluster.kill(id)),
        ...cluster.executors.map((_, id) => cluster.killExecutor(id)),
        ...cluster.filters.map((_, id) => cluster.killFilter(id)),
      ]);
      isOver = true;
      const acknowledged = answered;
      for (const id of [2, 1, 0]) await cluster.restartExecutor(id);
      for (const id of [3, 2, 1, 0]) await Promise.all([cluster.restart(id), cluster.restartFilter(id)]);
      // What was under way when they fell is answered as well, and counts once.
      await Promise.all(callers);
      const total = unwrap(await cluster.executors[round % 3]!.query('total', {}));
      assert.ok(acknowledged <= answered && answered === total, `${acknowledged}, ${answered}, ${total}`);
    }
  }),
);

test('large bodies never meet members; executors that missed them fetch them by digest', DEADLINE, () =>
  inDirectory(async (directory) => {
    await using cluster = await createCluster(shelf, { ...common, directory });
    const { members, executors } = cluster;
    await using client = connectClient(shelf, { membership: cluster.membership, identity });
    const large = (seed: number) => Uint8Array.from({ length: 250_000 }, (_, i) => (i * seed) & 0xff);
    unwrap(await client.call('put', { name: 'first', content: large(1) }));
    await cluster.killExecutor(0);
    const puts = [2, 3, 4, 5].map((i) => client.call('put', { name: `${i}`, content: large(i) }));
    await Promise.all(puts);
    await cluster.killFilter(1);
    await cluster.restartExecutor(0);
    while (unwrap(await executors[0]!.peek('puts', {})) < 5) await pause();
    for (const i of [2, 3, 4, 5])
      assert.deepEqual(unwrap(await executors[0]!.peek('content', { name: `${i}` })), large(i));
    assert.ok(noted(executors[0]!, 'body-asked') > 0, 'what was sent while it was down, it asks for');
    for (const node of members) {
      const [, received] = /^concordat_link_received_bytes_total (\d+)$/m.exec(node.metrics.render()) ?? [];
      assert.ok(Number(received) < (5 * 250_000) / 2, `${received} bytes of links came to a member`);
    }
  }),
);

test(
  'what is ordered while no executor is there outlives everyone, on the disks of filter nodes',
  DEADLINE,
  () =>
    inDirectory(async (directory) => {
      await using cluster = await createCluster(shelf, { ...common, directory });
      const { membership, members, executors, filters } = cluster;
      for (const id of [0, 1, 2]) await cluster.killExecutor(id);
      const content = new Uint8Array(120_000).fill(7);
      const body = encodeCall('operation', 'put', shelf.operations.put, { name: 'kept', content });
      // Said once, by a client that is gone afterwards.
      const asked = filterRequests(membership, identity, { client: 9, seq: 1, body });
      for (const [i, each] of asked.entries())
        dial(membership.filters?.[i]?.clientPort ?? 0).socket.end(frameMessage(each));
      while (filters.some((filter) => filter.status().keeps?.requests !== 1)) await pause();
      const { executed } = members[1]!.status();
      while (members[1]!.status().executed < executed + 4) await pause();
      await Promise.all([
        ...members.map((_, id) => cluster.kill(id)),
        ...filters.map((_, id) => cluster.killFilter(id)),
      ]);
      for (const id of [3, 2, 1, 0]) await Promise.all([cluster.restart(id), cluster.restartFilter(id)]);
      for (const id of [2, 1, 0]) await cluster.restartExecutor(id);
      for (const id of [0, 1, 2]) {
        while (unwrap(await executors[id]!.peek('puts', {})) < 1) await pause();
        assert.deepEqual(unwrap(await executors[id]!.peek('content', { name: 'kept' })), content);
        assert.ok(noted(executors[id]!, 'body-asked') > 0, 'nobody sent it unasked');
      }
    }),
);

test('bodies are forgotten once executors have certified what they led to', DEADLINE, async () => {
  await using cluster = await createCluster(shelf, { ...common, settings });
  await using client = connectClient(shelf, { membership: cluster.membership, identity });
  const content = new Uint8Array(100_000);
  const kept = () => cluster.filters.map((filter) => filter.status().keeps?.bytes ?? 0);
  let most = 0;
  for (let i = 0; i < 10; i++) {
    unwrap(await client.call('put', { name: 'same', content }));
    most = Math.max(most, ...kept());
  }
  assert.ok(most >= content.length, 'they outlast the answer');
  // Heartbeats fill the interval.
  while (kept().some((bytes) => bytes > 0)) await pause();
});
