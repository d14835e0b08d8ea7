/** Reads from executors: as old as one honest executor for r + 1 of them, never old where all must agree. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env, NodeId } from '@concordat/kernel';
import { onSend } from '@concordat/sim';
import { toHex, utf8 } from '@concordat/wire';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  type ExecutorStrategy,
} from '../compliance/executor-cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import type { Answer } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import { type ExecutorClientState, READ_TRIES, readFrom } from './client.ts';
import type { ExecutorState } from './executor.ts';

const create = (options: Partial<ExecutorClusterOptions> = {}): ExecutorCluster =>
  createExecutorCluster({ seed: 5, faults: { u: 1, r: 1 }, clients: 2, ...options });

/** Adds to the counter and waits for the result. */
function add(cluster: ExecutorCluster, amount: number): void {
  cluster.add(cluster.clients[0] as NodeId, 'apples', amount);
  cluster.world.run(1);
  assert.ok(cluster.world.runUntil(() => cluster.outstanding() === 0, 10_000));
}

/** Reads the counter: its value, and whether it had to be ordered. */
function read(cluster: ExecutorCluster, isLinearizable: boolean): { value: number; isOrdered: boolean } {
  const client = cluster.clients[1] as NodeId;
  const state = cluster.clientOf(client);
  let id = 0;
  cluster.world.call(client, (s: ExecutorClientState, env: Env<Message>) => {
    const read = { query: utf8('apples'), ordered: addOperation('apples', 0), isLinearizable };
    id = readFrom(s, env, read);
  });
  const before = state.nextSeq;
  cluster.world.run(1);
  assert.ok(
    cluster.world.runUntil(() => state.readResults.has(id), 30_000),
    'a read is answered',
  );
  const value = Number(`0x${toHex(state.readResults.get(id) ?? new Uint8Array(0))}`);
  return { value, isOrdered: state.nextSeq > before };
}

test('a read is answered by executors alone', () => {
  const cluster = create();
  add(cluster, 5);
  cluster.world.run(500);
  const { accepted } = cluster.orderOf(0);
  for (const isLinearizable of [false, true])
    assert.deepEqual(read(cluster, isLinearizable), { value: 5, isOrdered: false });
  assert.ok(cluster.orderOf(0).accepted - accepted <= 2, 'nothing was ordered for it');
});

test('a read survives an executor that is gone, also one of those first asked', () => {
  for (const gone of [31, 32, 33]) {
    const cluster = create();
    add(cluster, 7);
    cluster.world.run(500);
    cluster.world.crash(gone);
    assert.deepEqual(read(cluster, false), { value: 7, isOrdered: false });
    assert.deepEqual(read(cluster, true), { value: 7, isOrdered: true }, 'not all answer');
  }
});

/** Answers a query as it did the first time. */
const backward = (): ExecutorStrategy => {
  let first: Answer | null = null;
  return onSend<ExecutorState, Message>((_env, to, message, post) => {
    if (message.type === 'answer') first ??= message;
    post(to, message.type === 'answer' && first !== null ? { ...first, id: message.id } : message);
  });
};

test('an old answer of a liar and a laggard is not taken for the present one', () => {
  const cluster = create({ executionLiars: new Map([[31, backward()]]) });
  const { world } = cluster;
  cluster.world.run(500);
  assert.equal(read(cluster, true).value, 0);
  for (const id of cluster.members) {
    world.cut(id, 32);
    world.cut(32, id);
  }
  add(cluster, 5);
  // n_e - r = 2 executors say 0: UpRight's client would believe them.
  assert.deepEqual(read(cluster, true), { value: 5, isOrdered: true });
});

test('what is not exposed is not read', () => {
  const cluster = create({ learner: { speculates: true } });
  const { world } = cluster;
  add(cluster, 3);
  // Two order replicas accept, and cannot get any further: r + 1, which is enough to execute ahead.
  world.partition([[2], [3], [0, 1, ...cluster.executors, ...cluster.clients]]);
  cluster.add(cluster.clients[0] as NodeId, 'apples', 4);
  world.run(100);
  for (const id of cluster.executors) {
    const { execution, proven } = cluster.executorOf(id).learner;
    assert.ok(execution.executed > proven.slot, 'it is ahead');
    assert.equal(toHex(execution.service.query(utf8('apples'))), '0000000000000007');
  }
  const client = cluster.clients[1] as NodeId;
  const query = { query: utf8('apples'), ordered: addOperation('apples', 0), isLinearizable: false };
  world.call(client, (s: ExecutorClientState, env: Env<Message>) => void readFrom(s, env, query));
  world.run(1000);
  assert.equal(cluster.clientOf(client).readResults.size, 0, 'nobody answers');
  world.heal();
  world.runUntil(() => cluster.clientOf(client).readResults.size === 1, 10_000);
  assert.equal(toHex(cluster.clientOf(client).readResults.get(1) ?? new Uint8Array(0)), '0000000000000007');
  assert.ok(READ_TRIES > 2);
});
