/** A client of executors: what it believes of what comes late, or only when it asks again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import { onSend } from '@concordat/sim';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorStrategy,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import type { Message } from '../replica/messages.ts';
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
  assert.equal(askedAgain, cluster.completed() * executors.length, 'each is asked for once more, and no more');
});
