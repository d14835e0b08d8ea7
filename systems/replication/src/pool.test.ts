/** The pool: each client's requests in order and without gaps, and a flood that crowds out only its own domain. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { replicaConfig } from './config.ts';
import {
  admit,
  createPool,
  dropPooled,
  findPooled,
  forgetProposed,
  noteExecuted,
  noteProposed,
  noteRetracted,
  type Pool,
  type Pooled,
  takeProposable,
} from './pool.ts';
import { refOf } from './request.ts';

const config = replicaConfig({
  self: 0,
  cluster: modelHash(utf8('pool')),
  faults: { u: 1, r: 1 },
  clientWindow: 4,
  domainBytes: 1000,
});

function pooled(domain: number, client: number, seq: number, bytes = 10, isVerified = true): Pooled {
  const digest = modelHash(utf8(`${domain}/${client}/${seq}`));
  const body = new Uint8Array(bytes);
  const request = { domain, client, seq, acked: 0, body, signature: new Uint8Array(64) };
  return { request, digest, arrivedAt: 0, replyTo: null, isVerified, isBusy: false, isShown: false };
}

const add = (pool: Pool, item: Pooled, executed = 0): string => admit(pool, config, item, executed);
const taken = (pool: Pool, count = 100, bytes = 1e6): string[] =>
  takeProposable(pool, count, bytes).map(({ request: r }) => `${r.domain}/${r.client}/${r.seq}`);

test('a request is admitted once, within its client’s window', () => {
  const pool = createPool();
  assert.equal(add(pool, pooled(1, 1, 1)), 'admitted');
  assert.equal(add(pool, pooled(1, 1, 1)), 'known');
  assert.equal(add(pool, pooled(1, 1, 8)), 'admitted');
  assert.equal(add(pool, pooled(1, 1, 9)), 'too-far-ahead');
  assert.equal(add(pool, pooled(1, 1, 5), 1), 'admitted');
  assert.equal(add(pool, pooled(1, 1, 1), 1), 'executed');
});

test('a domain parks no more than its share, and others are not affected', () => {
  const pool = createPool();
  assert.equal(add(pool, pooled(1, 1, 1, 700)), 'admitted');
  assert.equal(add(pool, pooled(1, 2, 2, 700)), 'domain-full');
  assert.equal(add(pool, pooled(2, 1, 2, 700)), 'admitted');
  noteExecuted(pool, { domain: 1, client: 1 }, 1);
  assert.equal(add(pool, pooled(1, 2, 2, 700)), 'admitted');
});

test('a pool full of requests that wait for another one takes that one in', () => {
  const pool = createPool();
  assert.equal(add(pool, pooled(1, 1, 2, 700)), 'admitted');
  assert.equal(add(pool, pooled(1, 1, 1, 700)), 'admitted');
  assert.equal(add(pool, pooled(1, 2, 1, 700)), 'domain-full', 'within twice the share');
  assert.deepEqual(taken(pool), ['1/1/1', '1/1/2']);
});

test('what arrived in the wrong order is proposed in the right one', () => {
  const pool = createPool();
  for (const seq of [3, 1, 2]) add(pool, pooled(1, 1, seq));
  assert.deepEqual(taken(pool), ['1/1/1', '1/1/2', '1/1/3']);
  assert.deepEqual(taken(pool), [], 'once');
});

test('a gap holds back what follows it, and nobody else', () => {
  const pool = createPool();
  add(pool, pooled(1, 1, 2));
  add(pool, pooled(1, 2, 1));
  assert.deepEqual(taken(pool), ['1/2/1']);
  add(pool, pooled(1, 1, 1));
  assert.deepEqual(taken(pool), ['1/1/1', '1/1/2']);
});

test('what is not verified is not proposed', () => {
  const pool = createPool();
  const unverified = pooled(1, 1, 1, 10, false);
  add(pool, unverified);
  assert.deepEqual(taken(pool), []);
  unverified.isVerified = true;
  assert.deepEqual(taken(pool), ['1/1/1']);
});

test('batches are bounded in number and bytes, but never empty for one large request', () => {
  const pool = createPool();
  for (let client = 1; client <= 4; client++) add(pool, pooled(client, 1, 1, 500));
  assert.equal(taken(pool, 2).length, 2);
  assert.deepEqual(taken(pool, 100, 100), ['3/1/1']);
});

test('a new view proposes again what is not executed', () => {
  const pool = createPool();
  for (const seq of [1, 2, 3]) add(pool, pooled(1, 1, seq));
  taken(pool);
  noteExecuted(pool, { domain: 1, client: 1 }, 1);
  forgetProposed(pool);
  assert.deepEqual(taken(pool), ['1/1/2', '1/1/3']);
});

test('what others proposed is not proposed again', () => {
  const pool = createPool();
  for (const seq of [1, 2, 3]) add(pool, pooled(1, 1, seq));
  for (const seq of [1, 2]) {
    const { request, digest } = pooled(1, 1, seq);
    noteProposed(pool, refOf(request, digest), 0);
  }
  assert.deepEqual(taken(pool), ['1/1/3']);
});

test('what others proposed behind a gap is as if nobody had', () => {
  const pool = createPool();
  for (const seq of [4, 5, 6]) add(pool, pooled(1, 1, seq), 3);
  const { request, digest } = pooled(1, 1, 5);
  noteProposed(pool, refOf(request, digest), 3);
  assert.deepEqual(taken(pool), ['1/1/4', '1/1/5', '1/1/6']);
});

test('what others proposed of a client that is not known here is not proposed again', () => {
  const pool = createPool();
  const { request, digest } = pooled(1, 1, 4);
  noteProposed(pool, refOf(request, digest), 3);
  for (const seq of [4, 5]) add(pool, pooled(1, 1, seq), 3);
  assert.deepEqual(taken(pool), ['1/1/5']);
});

test('what was executed ahead leaves with its outcome, though a later request has counted it', () => {
  const pool = createPool();
  add(pool, pooled(1, 1, 1));
  // The first is executed ahead when the second comes.
  assert.equal(add(pool, pooled(1, 1, 2), 1), 'admitted');
  noteExecuted(pool, { domain: 1, client: 1 }, 1);
  assert.deepEqual(
    [...pool.arrivals].map(({ request }) => request.seq),
    [2],
  );
});

test('what was executed ahead in vain is proposed again', () => {
  const pool = createPool();
  add(pool, pooled(1, 1, 1));
  add(pool, pooled(1, 1, 2), 1);
  assert.deepEqual(taken(pool), ['1/1/2']);
  noteRetracted(pool, { domain: 1, client: 1 }, 1);
  assert.deepEqual(taken(pool), ['1/1/1', '1/1/2']);
});

test('a reference finds only the content it means', () => {
  const pool = createPool();
  const item = pooled(1, 1, 1);
  add(pool, item);
  const ref = refOf(item.request, item.digest);
  assert.equal(findPooled(pool, ref), item);
  assert.equal(findPooled(pool, { ...ref, digest: modelHash(utf8('another')) }), null);
  dropPooled(pool, item);
  assert.equal(findPooled(pool, ref), null);
});

test('in random order with losses and repeats, every client’s requests come out once, in order', () => {
  const random = createPrng(1);
  const pool = createPool();
  const last = new Map<string, number>();
  let proposed = 0;
  for (let step = 0; step < 5000; step++) {
    const [domain, client] = [random.below(3), 1 + random.below(5)];
    const executed = last.get(`${domain}/${client}`) ?? 0;
    add(pool, pooled(domain, client, executed + 1 + random.below(4), random.below(60)), executed);
    if (!random.chance(0.2)) continue;
    for (const { request: r } of takeProposable(pool, 1 + random.below(8), 400)) {
      const key = `${r.domain}/${r.client}`;
      assert.equal(r.seq, (last.get(key) ?? 0) + 1);
      last.set(key, r.seq);
      noteExecuted(pool, r, r.seq);
      proposed++;
    }
  }
  assert.ok(proposed > 1000, `${proposed} proposed`);
  assert.ok([...pool.domainBytes.values()].every((bytes) => bytes >= 0));
  for (const client of pool.clients.values())
    for (const item of client.requests.values()) dropPooled(pool, item);
  assert.deepEqual([...pool.domainBytes.values()], [0, 0, 0], 'all bytes are given back');
});
