/** Who may be answered: connections that a domain has signed for, at this executor. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import {
  createExecutorCluster,
  EXECUTOR_CLUSTER_ID,
  type ExecutorCluster,
} from '../compliance/executor-cluster.ts';
import { addOperation } from '../compliance/ledger.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import { signAttach } from './attach.ts';

const SEED = 9;
const STRANGER: NodeId = FIRST_CONNECTION + 100;
const VICTIM = { domain: 0, client: 1_000_000 };

interface Heard {
  readonly messages: Message[];
  isCut: boolean;
}

/** A cluster with one client, whose request is answered, and a stranger who sends `messages` to the first executor. */
function intrude(messages: readonly Message[]): { cluster: ExecutorCluster; heard: Heard } {
  const cluster = createExecutorCluster({ seed: SEED, faults: { u: 1, r: 1 }, clients: 1 });
  const { world } = cluster;
  cluster.add(FIRST_CONNECTION, 'apples', 1);
  world.run(1000);
  assert.equal(cluster.completed(), 1);
  world.add({
    id: STRANGER,
    link: 'connection',
    codec: { encode: encodeMessage, decode: decodeMessage },
    process: {
      start: (env: Env<Message>): Heard => {
        for (const message of messages) env.send(31, message);
        return { messages: [], isCut: false };
      },
      receive: (heard: Heard, _env: Env<Message>, _from: NodeId, m: Message) => void heard.messages.push(m),
      linked: (heard: Heard, _env: Env<Message>, _peer: NodeId, isUp: boolean) => {
        heard.isCut ||= !isUp;
      },
      timeout: () => {},
      settle: () => {},
    },
  });
  cluster.add(FIRST_CONNECTION, 'apples', 1);
  world.run(2000);
  assert.equal(cluster.completed(), 2, 'the client is answered as before');
  return { cluster, heard: world.stateOf<Heard>(STRANGER) };
}

const keysOf = createModelKeys(4, SEED);
const attach = (signer: NodeId, executor: NodeId): Message => ({
  ...signAttach(keysOf(signer), EXECUTOR_CLUSTER_ID, VICTIM, executor),
});
const asks: Message = {
  type: 'request',
  request: { ...VICTIM, seq: 1, acked: 0, body: addOperation('apples', 1), signature: new Uint8Array(64) },
};
const reads: Message = { type: 'read', epoch: 0, id: 1, isWhole: true, query: new Uint8Array(0) };

test('who is not attached hears nothing', () => {
  assert.deepEqual(intrude([asks, reads]).heard.messages, []);
});

test('a signature of another domain attaches nobody, and ends the connection', () => {
  const { heard } = intrude([attach(1, 31), asks, reads]);
  assert.deepEqual(heard.messages, []);
  assert.ok(heard.isCut);
});

test('what was signed for one executor is worth nothing at another', () => {
  assert.deepEqual(intrude([attach(0, 32), asks, reads]).heard.messages, []);
});

test('whoever has the signature is answered, also what it asked meanwhile', () => {
  const { heard } = intrude([attach(0, 31), asks, reads]);
  const kinds = heard.messages.map(({ type }) => type);
  assert.ok(kinds.includes('reply') && kinds.includes('answer'), kinds.join());
});

test('whoever attaches is told what has been replied and not acknowledged, without asking', () => {
  const { heard } = intrude([attach(0, 31)]);
  const told = heard.messages.filter((m) => m.type === 'reply');
  assert.ok(
    told.some(({ seq }) => seq === 1),
    'the reply of before',
  );
});

test('whoever asks again and again is answered at its pace', () => {
  const replies = (count: number): number => {
    const { heard } = intrude([attach(0, 31), ...Array.from({ length: count }, () => asks)]);
    return heard.messages.filter((m) => m.type === 'reply' && m.seq === 1).length;
  };
  assert.equal(replies(50), replies(1));
});
