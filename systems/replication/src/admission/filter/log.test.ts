/** A filter node's log: what is in it after a restart, and that it shrinks whatever clients do. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMacs, createModelPairSecrets, modelHash } from '@concordat/crypto';
import type { Env } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import fc from 'fast-check';
import { createIdleEnv } from '../../compliance/idle-env.ts';
import { quorumsOf } from '../../fault-model.ts';
import type { Message } from '../../replica/messages.ts';
import { type Request, requestDigest } from '../../request.ts';
import { UNSIGNED } from '../codec.ts';
import { onCompleted } from './completion.ts';
import { createFilter } from './filter.ts';
import { decodeLogged, encodeLogged, keep, refresh, trim } from './log.ts';
import {
  createFilterState,
  type FilterOptions,
  type FilterState,
  filterSettings,
  invariants,
} from './state.ts';

const options: FilterOptions = {
  cluster: modelHash(utf8('filter log test')),
  quorums: quorumsOf({ u: 1, r: 1 }),
  members: [0, 1, 2, 3],
  filter: 0,
  hash: modelHash,
  pair: { macs: createMacs(), secrets: createModelPairSecrets(4, 1)(0) },
  ...filterSettings,
};

/** A journal that forgets what is released. */
function createDisk() {
  const records: Uint8Array[] = [];
  let first = 0;
  const env: Env<Message> = {
    ...createIdleEnv(32, 0),
    append: (record) => first + records.push(record.slice()) - 1,
    release: (position) => {
      records.splice(0, position - first);
      first = position;
    },
  };
  return { env, recovered: () => ({ records, first, whole: true, losses: 0 }) };
}

const request = (client: number, seq: number): Request => ({
  domain: client % 4,
  client,
  seq,
  acked: 0,
  body: utf8(`${client} asks ${seq}`),
  signature: UNSIGNED,
});

/** Two of four replicas say that it is executed: one of them is correct. */
function complete(s: FilterState, env: Env<Message>, { domain, client, seq }: Request): void {
  for (const replica of [1, 2])
    onCompleted(s, env, replica, { type: 'completed', view: 0, done: [{ domain, client, seq }] });
}

const put = (s: FilterState, env: Env<Message>, one: Request): Request =>
  keep(s, env, one, requestDigest(options, options.cluster, one)).request;

const heldIn = (s: FilterState): string[] => [...s.log].map(({ ref }) => `${ref.client}/${ref.seq}`).sort();

test('what one replica alone says is executed is kept', () => {
  const disk = createDisk();
  const s = createFilterState(options);
  const one = put(s, disk.env, request(5, 1));
  onCompleted(s, disk.env, 1, { type: 'completed', view: 0, done: [one] });
  assert.deepEqual(heldIn(s), ['5/1']);
  onCompleted(s, disk.env, 3, { type: 'completed', view: 0, done: [one] });
  assert.deepEqual(heldIn(s), []);
});

test('a restart finds what is not executed, and of two things under one number the later', () => {
  const disk = createDisk();
  const s = createFilterState(options);
  for (let seq = 1; seq <= 10; seq++) put(s, disk.env, request(5, seq));
  put(s, disk.env, { ...request(5, 10), body: utf8('something else') });
  for (let seq = 1; seq <= 4; seq++) complete(s, disk.env, request(5, seq));
  trim(s, disk.env);
  const again = createFilter(options).start(disk.env, disk.recovered());
  assert.deepEqual(heldIn(again), heldIn(s));
  assert.equal(again.log.size, 7, 'somebody may have ordered what the later has replaced');
  assert.deepEqual(again.domainBytes, s.domainBytes);
  assert.equal(again.clients.get('1/5')?.held.get(10)?.request.body.length, 'something else'.length);
  invariants(again);
});

test('requests that are never ordered do not keep the log from shrinking', () => {
  const disk = createDisk();
  const s = createFilterState(options);
  for (let client = 100; client < 120; client++) put(s, disk.env, request(client, 1));
  let most = 0;
  for (let seq = 1; seq <= 20_000; seq++) {
    complete(s, disk.env, put(s, disk.env, request(5, seq)));
    trim(s, disk.env);
    most = Math.max(most, disk.recovered().records.length);
  }
  assert.ok(most < 1200, `${most} records for 20 that are needed`);
  const again = createFilter(options).start(disk.env, disk.recovered());
  for (let client = 100; client < 120; client++) assert.ok(heldIn(again).includes(`${client}/1`));
  invariants(again);
});

test('records are read as they were written, and nothing else is', () => {
  for (const epoch of [0, 1, 300]) {
    const one = { epoch, request: request(7, 3) };
    assert.deepEqual(decodeLogged(encodeLogged(one).slice()), one);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const read = decodeLogged(bytes);
      if (read !== null) assert.deepEqual(encodeLogged(read), bytes);
    }),
  );
});

test('when an epoch begins what is held is vouched for again, unless its client has another key; also after a restart', () => {
  const disk = createDisk();
  const s = createFilterState(options);
  for (const client of [100, 101]) put(s, disk.env, request(client, 1));
  const rekeyed = { ...options, epoch: 1, isKept: (_: number, since: number) => since === 1 };
  const kept = { ...options, epoch: 1, isKept: () => true };
  for (const held of s.log) held.waitMs = 1000;
  refresh(s, kept);
  assert.deepEqual(heldIn(s), ['100/1', '101/1']);
  assert.ok([...s.log].every(({ sentAt, waitMs }) => sentAt < 0 && waitMs === options.retransmitMs));
  put(s, disk.env, request(102, 1));
  const again = (as: FilterOptions) => heldIn(createFilter(as).start(disk.env, disk.recovered()));
  assert.deepEqual(again(kept), ['100/1', '101/1', '102/1']);
  assert.deepEqual(again(rekeyed), ['102/1'], 'what was asked before with a key that is no more');
  refresh(s, rekeyed);
  assert.deepEqual(heldIn(s), ['102/1']);
  invariants(s);
});
