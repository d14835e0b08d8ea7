/** Bodies from filter nodes: which are taken, asked for, from whom, and which nobody needs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import type { Env } from '@concordat/kernel';
import { designatedFor, filterId, filterOf } from '../admission/request-quorum/filters.ts';
import { requestOf } from '../admission/request-quorum/vouchers.ts';
import { type Batch, batchDigest, genesisHistory } from '../batch.ts';
import { EXECUTOR_CLUSTER_ID, KEYS, LARGE } from '../compliance/executor-cluster.ts';
import { createIdleEnv } from '../compliance/idle-env.ts';
import { addOperation, createLedger } from '../compliance/ledger.ts';
import { replicaConfig } from '../config.ts';
import { executedOf } from '../execution/core-state.ts';
import { quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import type { Message } from '../replica/messages.ts';
import { type Request, type RequestRef, refOf, requestDigest } from '../request.ts';
import { learnerConfig } from './config.ts';
import { createLearner } from './learner.ts';

const FAULTS = { u: 1, r: 1 };
const quorums = quorumsOf(FAULTS);
const keys = createModelKeys(KEYS, 1)(31);
const CLIENT = { domain: 0, client: 7 };

const request = (seq: number, name: string): Request =>
  requestOf({ ...CLIENT, seq }, { acked: 0, body: addOperation(name, 1) });
const refTo = (one: Request): RequestRef => refOf(one, requestDigest(keys, EXECUTOR_CLUSTER_ID, one));

/** A learner of its own, at a time that the test sets. */
function createSubject() {
  const order = replicaConfig({
    self: 0,
    cluster: EXECUTOR_CLUSTER_ID,
    faults: FAULTS,
    ...presets['upright-separated'].settings,
  });
  const learner = createLearner({
    config: learnerConfig(order, { self: 31 }),
    keys,
    createService: () => createLedger(modelHash),
  });
  let now = 0;
  const asked: number[] = [];
  const records: Uint8Array[] = [];
  const env: Env<Message> = {
    ...createIdleEnv(31, 0),
    get now() {
      return now;
    },
    append: (record) => records.push(record.slice()) - 1,
    send: (to, m) => {
      if (m.type === 'fetch-body') asked.push(filterOf(quorums, to) ?? -1);
    },
  };
  const start = () => learner.start(env, { records, first: 0, whole: true, losses: 0 });
  const l = start();
  return {
    l,
    asked,
    records,
    restart: start,
    /** Two order replicas say that these are committed, and one sends what it has of them. */
    order: (refs: readonly (readonly RequestRef[])[]) => {
      const batches: Batch[] = refs.map((some, i) => ({ time: i + 1, refs: some }));
      const digests = batches.map((batch) => batchDigest(modelHash, batch));
      const end = batches.length;
      const marks = { accepted: end, tentative: end, committed: end };
      for (const from of [0, 1]) {
        const before = genesisHistory();
        learner.receive(l, env, from, { type: 'next-batch', view: 0, after: 0, before, digests, ...marks });
      }
      for (const [i, batch] of batches.entries())
        learner.receive(l, env, 0, { type: 'batch', slot: i + 1, batch, requests: [] });
      learner.settle(l, env);
    },
    tell: (filter: number, m: Message) => {
      learner.receive(l, env, filterId(filter), m);
      learner.settle(l, env);
    },
    pass: (ms: number) => {
      for (const end = now + ms; now < end; ) {
        now += 25;
        learner.timeout(l, env, 'learner/tick');
        learner.settle(l, env);
      }
    },
  };
}

test('a batch waits for a body with the digest that it names, whoever sends it', () => {
  const s = createSubject();
  const [one, other] = [request(1, LARGE), request(1, `other ${LARGE}`)];
  s.order([[refTo(one)]]);
  s.tell(0, { type: 'body', request: other });
  assert.equal(s.l.execution.executed, 0);
  s.tell(3, { type: 'body', request: one });
  assert.equal(s.l.execution.executed, 1);
  assert.equal(executedOf(s.l.execution.core, CLIENT), 1);
});

test('the designated filter node is asked first, whoever denies it or sends another is followed at once', () => {
  const s = createSubject();
  const ref = refTo(request(1, LARGE));
  const first = designatedFor(quorums, ref);
  const inTurn = (count: number): number[] => Array.from({ length: count }, (_, i) => (first + i) % 4);
  s.order([[ref]]);
  s.pass(50);
  assert.deepEqual(s.asked, [], 'what comes unasked may still be on its way');
  s.pass(25);
  assert.deepEqual(s.asked, inTurn(1));
  s.tell(first, { type: 'body-denied', ref });
  assert.deepEqual(s.asked, inTurn(2));
  s.tell(first, { type: 'body-denied', ref });
  assert.deepEqual(s.asked, inTurn(2), 'only who was asked last can deny it');
  s.tell((first + 1) % 4, { type: 'body', request: request(1, `other ${LARGE}`) });
  assert.deepEqual(s.asked, inTurn(3));
  s.tell((first + 2) % 4, { type: 'body-denied', ref });
  s.tell((first + 3) % 4, { type: 'body-denied', ref });
  assert.deepEqual(s.asked, inTurn(4), 'after a round it is time to wait');
  s.pass(125);
  assert.deepEqual(s.asked, [...inTurn(4), first]);
});

test('what will not be executed is not needed: its body may be nowhere', () => {
  const s = createSubject();
  const [one, other, second] = [request(1, LARGE), request(1, `other ${LARGE}`), request(2, LARGE)];
  for (const item of [one, second]) s.tell(2, { type: 'body', request: item });
  s.order([[refTo(one)], [refTo(other)], [refTo(one), refTo(second)]]);
  assert.equal(s.l.execution.executed, 3);
  assert.equal(executedOf(s.l.execution.core, CLIENT), 2);
  s.pass(500);
  assert.deepEqual(s.asked, []);
});

test('bodies without end drop only those of their own sender', () => {
  const s = createSubject();
  const one = request(1, LARGE);
  s.tell(0, { type: 'body', request: one });
  const body = new Uint8Array(1024 * 1024);
  for (let seq = 1; seq <= 100; seq++)
    s.tell(1, { type: 'body', request: requestOf({ domain: 1, client: 9, seq }, { acked: 0, body }) });
  assert.ok((s.l.bodies.pushed[1]?.bytes ?? 0) <= 32 * 1024 * 1024);
  s.order([[refTo(one)]]);
  assert.equal(s.l.execution.executed, 1);
});

test('large bodies are in the journal beside their batches, and lead back to the same state', () => {
  const s = createSubject();
  const requests = [1, 2, 3, 4].map((seq) => request(seq, `${seq} ${LARGE}`));
  for (const item of requests) s.tell(0, { type: 'body', request: item });
  const [a, b, c, d] = requests.map(refTo) as [RequestRef, RequestRef, RequestRef, RequestRef];
  s.order([[a, b], [a, c], [d]]);
  assert.equal(s.l.execution.executed, 3);
  assert.equal(s.records.length, 3 + 4);
  const again = s.restart();
  assert.equal(again.execution.executed, 3);
  assert.deepEqual(again.execution.digest(), s.l.execution.digest());
  // Whose batch was not logged any more is of no use, and does no harm.
  s.records.pop();
  assert.equal(s.restart().execution.executed, 2);
});
