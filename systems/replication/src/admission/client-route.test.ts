/** Whom a client asks: as many filter nodes as it takes, and all of them while one may be away. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMacs, createModelPairSecrets, modelHash } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { firstMembers } from '../config.ts';
import { quorumsOf } from '../fault-model.ts';
import type { Message } from '../replica/messages.ts';
import { filterRoute } from './client-route.ts';
import { filterId } from './request-quorum/filters.ts';

const quorums = quorumsOf({ u: 1, r: 1 });

function createAsking(hasExecutors: boolean) {
  const route = filterRoute({
    cluster: modelHash(utf8('route test')),
    quorums,
    members: firstMembers(quorums),
    hash: modelHash,
    pair: { macs: createMacs(), secrets: createModelPairSecrets(filterId(4), 1)(0) },
    domain: 0,
    hasExecutors,
  });
  /** Whom the messages of one send go to. */
  return (seq: number, isAgain: boolean, client = 4): NodeId[] => {
    const asked: NodeId[] = [];
    const env = { send: (to: NodeId, _: Message) => void asked.push(to) };
    const request = route.seal({ domain: 0, client, seq, acked: 0, body: new Uint8Array(1) });
    route.send(env, request, isAgain, []);
    return asked.sort((a, b) => a - b);
  };
}

test('three of four are asked, the designated one among them, and others for other clients', () => {
  const ask = createAsking(true);
  assert.deepEqual(ask(1, false), [1, 2, 3].map(filterId));
  assert.deepEqual(ask(1, false, 5), [0, 2, 3].map(filterId));
});

test('when one had to be asked again, all are asked for a while', () => {
  const ask = createAsking(true);
  assert.equal(ask(1, false).length, 3);
  assert.equal(ask(1, true).length, 4);
  for (let seq = 2; seq < 130; seq++) assert.equal(ask(seq, false).length, 4, `${seq}`);
  assert.equal(ask(130, false).length, 3);
});

test('replicas that answer are told where the client waits, executors need not be', () => {
  const members = firstMembers(quorums);
  assert.deepEqual(createAsking(false)(1, false), [...members, ...[1, 2, 3].map(filterId)]);
  assert.deepEqual(createAsking(false)(2, false), [1, 2, 3].map(filterId));
  assert.deepEqual(createAsking(false)(2, true), [...members, ...[0, 1, 2, 3].map(filterId)]);
});
