/** An executor's own process: what it submits and asks, and what it is shown of the log. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Env, isBatch, type NodeId } from '@concordat/kernel';
import { toHex, utf8 } from '@concordat/wire';
import { createExecutorCluster, type ExecutorCluster } from '../compliance/executor-cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import type { Message } from '../replica/messages.ts';
import { type ExecutorState, executedLog } from './executor.ts';
import { askOwn, takeAnswers } from './replies.ts';

const FIRST: NodeId = 31;
/** Keys are by id: executors sign as their own domains. */
const create = (isGateway = true): ExecutorCluster =>
  createExecutorCluster({
    seed: 3,
    faults: { u: 1, r: 1 },
    settings: { checkpointInterval: 4, window: 8 },
    ...(isGateway && { learner: { domain: FIRST } }),
  });

const own = (cluster: ExecutorCluster, id: NodeId = FIRST): ExecutorState => cluster.executorOf(id);

function submit({ world }: ExecutorCluster, amount: number): void {
  world.call(FIRST, (e: ExecutorState, env: Env<Message>) => {
    assert.notEqual(executedLog.submit(e, env, addOperation('apples', amount)), null);
  });
  world.run(1);
}

/** The own outcomes shown so far, as numbers. */
function results(e: ExecutorState): number[] {
  const items = executedLog.takeExposed(e).filter(isBatch);
  return items.flatMap(({ outcomes }) =>
    outcomes.filter(({ domain }) => domain === FIRST).map(({ reply }) => Number(`0x${toHex(reply)}`)),
  );
}

test('what an executor submits is ordered, executed everywhere, and shown to it', () => {
  const cluster = create();
  const { world } = cluster;
  world.run(500);
  for (const amount of [3, 4, 5]) submit(cluster, amount);
  world.runUntil(() => own(cluster).learner.submission.outstanding.size === 0, 5000);
  world.run(500);
  assert.deepEqual(results(own(cluster)), [3, 7, 12]);
  assert.deepEqual(results(own(cluster)), [], 'once');
  const sums = cluster.executors.map((id) =>
    toHex(own(cluster, id).learner.execution.service.query(utf8('apples'))),
  );
  assert.deepEqual(new Set(sums).size, 1);
});

test('outcomes are shown also when its state jumps over their batches', () => {
  const cluster = create();
  const { world } = cluster;
  world.run(500);
  // Its requests leave, and nothing comes back until the log has moved on.
  for (const id of cluster.members) world.cut(id, FIRST);
  for (const id of cluster.executors) if (id !== FIRST) world.cut(id, FIRST);
  submit(cluster, 9);
  world.run(8000);
  world.heal();
  world.runUntil(() => own(cluster).learner.submission.outstanding.size === 0, 10_000);
  const jumps = world.notes.filter(({ node, note }) => node === FIRST && note.kind === 'state-transferred');
  assert.ok(jumps.length > 0, 'the log it needed was dropped');
  assert.deepEqual(results(own(cluster)), [9]);
});

test('a question of the own process is answered from what is exposed here, without a message', () => {
  const cluster = create();
  const { world } = cluster;
  world.run(500);
  submit(cluster, 6);
  world.runUntil(() => own(cluster).learner.submission.outstanding.size === 0, 5000);
  let id = 0;
  world.call(FIRST, (e: ExecutorState) => {
    id = askOwn(e, utf8('apples'));
  });
  world.run(1);
  assert.deepEqual([...takeAnswers(own(cluster))], [[id, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 6)]]);
  assert.equal(takeAnswers(own(cluster)).size, 0, 'once');
});

test('where nobody takes it, nothing is kept to be taken', () => {
  const cluster = create(false);
  cluster.world.run(3000);
  assert.ok(own(cluster).learner.execution.executed > 0);
  assert.equal(own(cluster).exposed.length, 0);
});
