/** Contents that do not carry every body: what they must and must not carry, and what a replica makes of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { utf8 } from '@concordat/wire';
import type { FullBatch } from '../batch.ts';
import { replicaConfig } from '../config.ts';
import { presets } from '../presets/index.ts';
import {
  COMMAND_CLIENT,
  type Request,
  type RequestRef,
  refOf,
  requestDigest,
  signRequest,
} from '../request.ts';
import { carried, carriesRightly, executable } from './references.ts';
import type { ReplicaState } from './state.ts';

const cluster = modelHash(utf8('references test'));
const keys = createModelKeys(4, 1)(1);

const request = (client: number, seq: number, bytes = 10): Request =>
  signRequest(keys, cluster, { domain: 1, client, seq, acked: 0, body: new Uint8Array(bytes) }).request;
const refTo = (one: Request): RequestRef => refOf(one, requestDigest(keys, cluster, one));

const content = (refs: readonly RequestRef[], requests: readonly Request[]): FullBatch => ({
  batch: { time: 1, refs },
  requests,
});

const [short, other, large, command] = [
  request(7, 1),
  request(7, 2),
  request(8, 1, 500),
  request(COMMAND_CLIENT, 3),
];
const refs = [short, other, large, command].map(refTo);

const judge = (requests: readonly Request[], isByReference: boolean, at = refs): boolean => {
  const found = carried(keys, cluster, content(at, requests));
  return found !== null && carriesRightly(content(at, requests), found, isByReference);
};

test('where replicas execute, a content carries everything, in order', () => {
  assert.ok(judge([short, other, large, command], false));
  assert.ok(!judge([short, other, command], false));
  assert.ok(!judge([other, short, large, command], false));
});

test('where they order references, commands must be carried, short bodies may, large ones and others must not', () => {
  assert.ok(judge([command], true));
  assert.ok(judge([other, command], true));
  assert.ok(judge([short, other, command], true));
  assert.ok(!judge([short, other], true), 'a command is for replicas');
  assert.ok(!judge([large, command], true), 'a large body is for executors');
  assert.ok(!judge([command, other], true), 'in order');
  assert.ok(!judge([request(9, 1), command], true), 'nothing that is not named');
});

test('a reference that names another client than its request is none of its own', () => {
  for (const lie of [{ client: 9 }, { seq: 9 }, { domain: 2 }]) {
    const [first, ...rest] = refs as [RequestRef, ...RequestRef[]];
    assert.ok(!judge([short, command], true, [{ ...first, ...lie }, ...rest]));
    assert.ok(!judge([short, other, large, command], false, [{ ...first, ...lie }, ...rest]));
  }
});

test('what is executed of a request without a body is that it was made', () => {
  const config = replicaConfig({
    self: 1,
    cluster,
    faults: { u: 1, r: 1 },
    ...presets['upright-separated'].settings,
  });
  const state = { config } as ReplicaState;
  const marks = (requests: readonly Request[]): string[] =>
    executable(state, content(refs, requests)).map(
      ({ client, seq, body }) => `${client}/${seq}: ${body.length}`,
    );
  assert.deepEqual(marks([other, command]), ['7/1: 0', '7/2: 10', '8/1: 0', '0/3: 10']);
  assert.deepEqual(marks([command]), ['7/1: 0', '7/2: 0', '8/1: 0', '0/3: 10']);
});
