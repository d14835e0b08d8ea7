/** What a filter node that lies can make a replica remember: so much, and nothing of what others vouch for goes for it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMacs, createModelKeys, createModelPairSecrets, modelHash, signRow } from '@concordat/crypto';
import type { Env } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { createIdleEnv } from '../../compliance/idle-env.ts';
import { createLedger } from '../../compliance/ledger.ts';
import { replicaConfig } from '../../config.ts';
import { quorumsOf } from '../../fault-model.ts';
import { takeProposable } from '../../pool.ts';
import { presets } from '../../presets/index.ts';
import type { Message } from '../../replica/messages.ts';
import { createReplica } from '../../replica/replica.ts';
import { type Request, refOf, requestDigest } from '../../request.ts';
import { UNSIGNED } from '../codec.ts';
import { createFilterState, filterSettings } from '../filter/state.ts';
import { refStatement } from '../pair-keys.ts';
import { filterId, identityOf } from './filters.ts';
import type { Vouching } from './vouchers.ts';

const FAULTS = { u: 1, r: 1 };
const MEMBERS = [0, 1, 2, 3];
const cluster = modelHash(utf8('vouchers test'));
const secretsOf = createModelPairSecrets(filterId(4), 1);
const macs = createMacs();
const keys = createModelKeys(4, 1)(1);

const noted: string[] = [];
const env: Env<Message> = {
  ...createIdleEnv(1, 1000),
  note: ({ kind }) => void noted.push(kind),
};

function createBackup(preset: 'upright' | 'upright-separated' = 'upright') {
  const { settings } = presets[preset];
  const config = replicaConfig({ self: 1, cluster, faults: FAULTS, ...settings });
  const pair = { macs, secrets: secretsOf(1) };
  const replica = createReplica({ config, keys, pair, createService: () => createLedger(modelHash) });
  const s = replica.start(env, { records: [], first: 0, whole: true, losses: 0 });
  const vouching = s.vouching as Vouching;
  /** Filter node `filter` vouches for a request, with its body. */
  const vouch = (
    filter: number,
    request: Request,
    bodyBytes = request.body.length,
    isInline = true,
  ): void => {
    const pair = { macs, secrets: secretsOf(identityOf(MEMBERS, filter, !config.executes)) };
    const options = { cluster, quorums: quorumsOf(FAULTS), members: MEMBERS, filter, hash: modelHash, pair };
    const { rowKeys, shape } = createFilterState({
      ...filterSettings,
      ...options,
      executors: config.executors,
    });
    const ref = refOf(request, requestDigest(keys, cluster, request));
    const row = signRow(macs, shape, rowKeys, refStatement(ref));
    const inline = isInline ? { acked: request.acked, body: request.body } : null;
    replica.receive(s, env, filterId(filter), { type: 'entry', ref, inline, bodyBytes, row });
  };
  return { s, vouching, vouch };
}

const request = (client: number, seq: number, bytes: number): Request => ({
  domain: 2,
  client,
  seq,
  acked: 0,
  body: new Uint8Array(bytes),
  signature: UNSIGNED,
});

const bodyBytes = ({ requests }: Vouching): number =>
  [...requests.values()].flat().reduce((sum, vouched) => sum + (vouched.request?.body.length ?? 0), 0);

test('rows without end: the oldest of their filter node go, and nothing reaches the pool', () => {
  const { s, vouching, vouch } = createBackup();
  for (const filter of [0, 1]) vouch(filter, request(7, 1, 10));
  for (let i = 0; i < 17_000; i++) vouch(3, request(100 + i, 1, 10));
  assert.equal(vouching.byFilter[3]?.size, 16_384);
  assert.equal(vouching.requests.size, 16_385);
  assert.deepEqual(
    [...s.pool.arrivals].map(({ request: { client } }) => client),
    [7],
  );
  assert.equal([...s.pool.arrivals][0]?.isVerified, false, 'two rows convince this replica, not everyone');
  vouch(2, request(7, 1, 10));
  assert.equal([...s.pool.arrivals][0]?.isVerified, true);
});

test('large bodies without end: the oldest are dropped, and asked for if others vouch for them after all', () => {
  const { s, vouching, vouch } = createBackup();
  const megabyte = 1024 * 1024;
  for (let i = 0; i < 40; i++) vouch(3, request(100 + i, 1, megabyte));
  assert.ok(bodyBytes(vouching) <= 8 * megabyte, `${bodyBytes(vouching)} bytes`);
  assert.equal(vouching.pushed[3]?.bytes, bodyBytes(vouching));
  assert.equal(s.pool.arrivals.size, 0);
  // What enough vouch for is no longer at the liar's expense.
  vouch(0, request(139, 1, megabyte));
  assert.equal(s.pool.arrivals.size, 1);
  assert.equal(vouching.pushed[3]?.bytes, bodyBytes(vouching) - megabyte);
});

test('a row of one filter node sent by another, or for another replica, is noticed and remembered nowhere', () => {
  const { s, vouching } = createBackup();
  noted.length = 0;
  const pair = { macs, secrets: secretsOf(0) };
  const options = { cluster, quorums: quorumsOf(FAULTS), members: MEMBERS, filter: 0, hash: modelHash, pair };
  const { rowKeys, shape } = createFilterState({ ...options, ...filterSettings });
  const one = request(7, 1, 10);
  const ref = refOf(one, requestDigest(keys, cluster, one));
  const row = signRow(macs, shape, rowKeys, refStatement(ref));
  const inline = { acked: 0, body: one.body };
  const { admission } = s;
  admission.receive(s, env, filterId(2), { type: 'entry', ref, inline, bodyBytes: 0, row });
  admission.receive(s, env, filterId(0), {
    type: 'entry',
    ref: { ...ref, seq: 2 },
    inline,
    bodyBytes: 0,
    row,
  });
  admission.receive(s, env, filterId(0), { type: 'entry', ref, inline, bodyBytes: 0, row: row.slice(16) });
  admission.receive(s, env, 2, { type: 'entry', ref, inline, bodyBytes: 0, row });
  assert.deepEqual(noted, ['strike', 'strike', 'strike', 'strike']);
  assert.equal(vouching.requests.size, 0);
  admission.receive(s, env, filterId(0), { type: 'entry', ref, inline, bodyBytes: 0, row });
  assert.equal(vouching.requests.size, 1);
});

test('where replicas order references, rows are enough, large bodies are not kept, and nobody lies about their size', () => {
  const { s, vouching, vouch } = createBackup('upright-separated');
  const size = 5000;
  vouch(0, request(7, 1, size), size, false);
  assert.equal(s.pool.arrivals.size, 0, 'one row convinces nobody');
  // A liar says that it is a gigabyte, and sends it along.
  vouch(3, request(7, 1, size), 2 ** 30);
  vouch(1, request(7, 1, size), size, false);
  // Another liar could say that it is nothing.
  vouch(0, request(8, 1, size), size, false);
  vouch(2, request(8, 1, size), size, false);
  vouch(3, request(8, 1, size), 0, false);
  assert.deepEqual(
    [...s.pool.arrivals].map(({ request: { client, body }, isVerified }) => ({ client, body, isVerified })),
    [7, 8].map((client) => ({ client, body: null, isVerified: true })),
  );
  for (const { request: pooled } of s.pool.arrivals)
    assert.equal(pooled.body === null ? pooled.sizeBytes : -1, size);
  assert.equal(bodyBytes(vouching), 0);
  assert.deepEqual(
    takeProposable(s.pool, 500, size + 200).map(({ request: { client } }) => client),
    [7],
    'a batch names no more bodies than executors shall have at once',
  );
});
