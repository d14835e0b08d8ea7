/** A client of executors: what it believes of what comes late, or only when it asks again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type Env, type NodeId } from '@concordat/kernel';
import { onSend } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorStrategy,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import type { Answer } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import { type ExecutorClientState, READ_TRIES, readFrom } from './client.ts';
import type { ExecutorState } from './executor.ts';

/** Loses the first reply to each request. */
const losingFirst = (): ExecutorStrategy => {
  const lost = new Set<string>();
  return onSend<ExecutorState, Message>((_env, to, message, post) => {
    const isReply = message.type === 'reply';
    const name = isReply ? `${message.domain}/${message.client}/${message.seq}` : '';
    if (!isReply || lost.has(name)) post(to, message);
    lost.add(name);
  });
};

/** Three executors, of which all lose the first reply to each request. */
const create = (): ExecutorCluster =>
  createExecutorCluster({
    seed: 7,
    network: { jitterMs: 20 },
    faults: { u: 1, r: 1 },
    executionLiars: new Map([31, 32, 33].map((id): [NodeId, ExecutorStrategy] => [id, losingFirst()])),
  });

test('a reply that is asked for again is believed wherever the log has come to meanwhile', () => {
  const cluster = create();
  const { world, executors } = cluster;
  let askedAgain = 0;
  world.observe({
    delivered: (_at, _from, to, message) => {
      if (!executors.includes(to) || typeof message !== 'object' || message === null) return;
      if ('type' in message && message.type === 'request') askedAgain++;
    },
  });
  // The log moves on while executors answer again: each from another slot.
  scheduleAdditions(cluster, createPrng(7), 400, 2000);
  world.run(2000);
  world.runUntil(() => cluster.outstanding() === 0, 5000);
  assert.equal(cluster.outstanding(), 0);
  assert.equal(
    askedAgain,
    cluster.completed() * executors.length,
    'each is asked for once more, and no more',
  );
});

test('executors that answer differently are asked again at once, and the read is ordered soon', () => {
  // One of them answers each read as if it had been asked something else.
  const odd: ExecutorStrategy = onSend<ExecutorState, Message>((_env, to, message, post) => {
    const lie = (m: Answer): Answer => ({ ...m, result: utf8('x'.repeat(32)), answer: null });
    post(to, message.type === 'answer' ? lie(message) : message);
  });
  const cluster = createExecutorCluster({
    seed: 7,
    faults: { u: 1, r: 1 },
    executionLiars: new Map([[31, odd]]),
  });
  const { world } = cluster;
  const client = cluster.clients[0] as NodeId;
  world.run(500);
  let answers = 0;
  world.observe({
    delivered: (_at, _from, _to, message) => {
      if (typeof message !== 'object' || message === null || !('type' in message)) return;
      if (message.type === 'answer') answers++;
    },
  });
  world.call(client, (s: ExecutorClientState, env: Env<Message>) => {
    readFrom(s, env, {
      query: utf8('apples'),
      ordered: addOperation('apples', 0),
      isLinearizable: true,
    });
  });
  // Less than the pause before anything is sent again.
  world.run(400);
  assert.equal(cluster.clientOf(client).readResults.size, 1);
  assert.equal(answers, READ_TRIES * cluster.executors.length);
});
