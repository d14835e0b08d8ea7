/** Sessions as every replica sees them (DESIGN section 9, rules 4 and 5), driven body by body from several gateways. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash, modelSignatures } from '@concordat/crypto';
import { bodies, requestFrame } from '../client/requests.ts';
import { decodeEvent } from '../events.ts';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { decodeResults, encodeBody, type Order, type Result } from '../orders.ts';
import type { KeeperService } from '../service.ts';
import { executeAlone } from '../testing/loopback.ts';
import { createTestService, TEST_START } from '../testing/raw-client.ts';
import { seedOf } from './password.ts';
import { domainOfSession, longOfSession, type SessionId, sessionHex, sessionOfLong } from './session-id.ts';
import { moveStatement } from './sessions.ts';

/** A service, and the bodies of gateways executing on it one by one. */
function createBench() {
  const service = createTestService();
  let slot = 0;
  let now = TEST_START;
  const events: string[] = [];
  const run = (domain: number, epoch: number, orders: readonly Order[], gateway = 0): readonly Result[] => {
    const body = encodeBody({ gateway, epoch, identities: [[]], orders });
    const batch = executeAlone(service, { domain, client: 1, seq: ++slot, body }, slot, now);
    events.push(...batch.events.map((event) => decodeEvent(event)?.type ?? 'malformed'));
    const results = decodeResults(batch.outcomes[0]?.reply ?? new Uint8Array(0));
    assert.ok(results !== null);
    return results.results;
  };
  const pass = (millis: number): void => {
    now += millis;
    service.advance(now, (event) => events.push(decodeEvent(event)?.type ?? 'malformed'));
  };
  return { service, run, pass, events };
}

type Bench = ReturnType<typeof createBench>;

const password = (fill: number): Uint8Array => new Uint8Array(16).fill(fill);
const keyOf = (fill: number): Uint8Array => modelSignatures.publicKeyOf(seedOf(modelHash, password(fill)));
const payloadOf = (op: number, write: Parameters<typeof requestFrame>[2]) =>
  requestFrame(0, op, write).subarray(8);

const create = (session: SessionId, path: string, mode = 0): Order => ({
  kind: 'request',
  session,
  identities: 0,
  op: OpCode.create,
  payload: payloadOf(OpCode.create, bodies.create(path, null, { mode })),
});

function opened(bench: Bench, domain: number, epoch: number, fill: number, timeoutMs = 4000): SessionId {
  const [result] = bench.run(domain, epoch, [{ kind: 'open', key: keyOf(fill), timeoutMs }]);
  assert.equal(result?.err, 0);
  return Number(new DataView(result.payload.buffer, result.payload.byteOffset).getBigUint64(0));
}

function move(
  session: SessionId,
  to: readonly [domain: number, epoch: number],
  from: number,
  next: number,
): Order {
  const life = { domain: to[0], gateway: 0, epoch: to[1] };
  const statement = moveStatement(session, life, 4000, keyOf(next));
  const signature = modelSignatures.signWith(seedOf(modelHash, password(from)), statement);
  return { kind: 'move', session, nextKey: keyOf(next), timeoutMs: 4000, signature };
}

const claim: Order = { kind: 'claim' };
const errs = (results: readonly Result[]): number[] => results.map(({ err }) => err);

test('session ids are unique across domains and survive the wire', () => {
  for (const [domain, count] of [
    [0, 1],
    [30, 2 ** 44 - 1],
    [3, 2 ** 32 + 5],
  ] as const) {
    const bench = createBench();
    bench.run(domain % 3, 1, [claim]);
    const id = (domain + 1) * 2 ** 44 + count;
    assert.equal(domainOfSession(id), domain);
    assert.equal(sessionOfLong(longOfSession(id)), id);
    assert.equal(sessionHex(id), `0x${((BigInt(domain + 1) << 56n) | BigInt(count)).toString(16)}`);
  }
  assert.equal(sessionOfLong({ high: 0, low: 5 }), 0);
  assert.equal(sessionOfLong({ high: -1, low: 0xffff_ffff }), 0);
  assert.equal(sessionOfLong({ high: 0x01ff_ffff, low: 0 }), 0);
});

test('only the present epoch of a gateway is obeyed', () => {
  const bench = createBench();
  const open: Order = { kind: 'open', key: keyOf(1), timeoutMs: 4000 };
  assert.deepEqual(errs(bench.run(0, 5, [open])), [ErrorCode.sessionMoved]);
  assert.deepEqual(errs(bench.run(0, 5, [claim])), [0]);
  const session = opened(bench, 0, 5, 1);
  assert.deepEqual(errs(bench.run(0, 5, [claim])), [ErrorCode.sessionMoved], 'an epoch is claimed once');
  assert.deepEqual(errs(bench.run(0, 9, [claim])), [0]);
  assert.deepEqual(errs(bench.run(0, 5, [open, create(session, '/a')])), [-118, -118], 'a late body');
  assert.deepEqual(
    errs(bench.run(0, 9, [create(session, '/a')])),
    [-118],
    'the new life does not own it either',
  );
  assert.deepEqual(
    errs(bench.run(0, 9, [claim, open], 1)),
    [0, 0],
    'another gateway of the domain is another life',
  );
});

test('whoever does not own a session is refused, and does not keep it alive', () => {
  const bench = createBench();
  bench.run(0, 1, [claim]);
  bench.run(1, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  assert.deepEqual(errs(bench.run(1, 1, [create(session, '/stolen')])), [ErrorCode.sessionMoved]);
  for (let i = 0; i < 10; i++) {
    bench.pass(500);
    bench.run(1, 1, [{ kind: 'touch', sessions: [session] }]);
  }
  assert.deepEqual(errs(bench.run(0, 1, [create(session, '/late')])), [ErrorCode.sessionExpired]);
});

test('a move needs the key, names the new owner, and both keys hold until the first request', () => {
  const bench = createBench();
  for (const domain of [0, 1, 2]) bench.run(domain, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  assert.deepEqual(
    errs(bench.run(1, 1, [move(session, [1, 1], 9, 2)])),
    [ErrorCode.sessionExpired],
    'wrong key',
  );
  assert.deepEqual(errs(bench.run(1, 1, [move(session, [2, 1], 1, 2)])), [-112], 'signed for somebody else');
  assert.deepEqual(errs(bench.run(1, 1, [move(session, [1, 1], 1, 2)])), [0]);
  assert.deepEqual(errs(bench.run(0, 1, [create(session, '/a')])), [-118], 'the former owner');
  // The client never heard of key 2 and goes on with key 1.
  assert.deepEqual(errs(bench.run(2, 1, [move(session, [2, 1], 1, 3)])), [0]);
  assert.deepEqual(errs(bench.run(1, 1, [create(session, '/a')])), [-118]);
  assert.deepEqual(errs(bench.run(2, 1, [create(session, '/a')])), [0]);
  // Now it has heard of key 3: the gateways that know key 1 cannot take it back.
  assert.deepEqual(errs(bench.run(0, 1, [move(session, [0, 1], 1, 4)])), [-112]);
  assert.deepEqual(errs(bench.run(1, 1, [move(session, [1, 1], 2, 4)])), [-112]);
  assert.deepEqual(errs(bench.run(0, 1, [move(session, [0, 1], 3, 4)])), [0]);
  assert.deepEqual(bench.events.filter((type) => type === 'session-moved').length, 3);
});

test('a move that was given up and is ordered late takes the session, but not the key that the client has', () => {
  const bench = createBench();
  for (const domain of [0, 1, 2]) bench.run(domain, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  // The client turned to 2, which was cut off, and then with success to 1.
  assert.deepEqual(errs(bench.run(1, 1, [move(session, [1, 1], 1, 2)])), [0]);
  assert.deepEqual(errs(bench.run(2, 1, [move(session, [2, 1], 1, 3)])), [0]);
  assert.deepEqual(errs(bench.run(1, 1, [move(session, [1, 1], 2, 4)])), [0]);
});

test('a client that tries every endpoint often while nothing is ordered keeps its key', () => {
  const bench = createBench();
  for (const domain of [0, 1, 2]) bench.run(domain, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  // Each of its attempts is ordered at last, and it hears of none.
  for (let attempt = 0; attempt < 30; attempt++)
    assert.deepEqual(
      errs(bench.run(attempt % 3, 1, [move(session, [attempt % 3, 1], 1, 10 + attempt)])),
      [0],
    );
  assert.deepEqual(errs(bench.run(1, 1, [move(session, [1, 1], 1, 50)])), [0]);
  // Or it heard of the last one.
  assert.deepEqual(errs(bench.run(2, 1, [move(session, [2, 1], 50, 51)])), [0]);
  assert.deepEqual(errs(bench.run(2, 1, [create(session, '/a')])), [0]);
  assert.deepEqual(errs(bench.run(0, 1, [move(session, [0, 1], 1, 52)])), [-112], 'it was heard since');
});

test('a touch is a request too: it ends the former key', () => {
  const bench = createBench();
  bench.run(0, 1, [claim]);
  bench.run(1, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  bench.run(1, 1, [move(session, [1, 1], 1, 2), { kind: 'touch', sessions: [session] }]);
  assert.deepEqual(errs(bench.run(0, 1, [move(session, [0, 1], 1, 3)])), [ErrorCode.sessionExpired]);
});

const isThere = (service: KeeperService, path: string): boolean => service.keeper.tree.nodes.has(path);

test('an untouched session expires with its ephemerals, never early, at most a bucket late', () => {
  const bench = createBench();
  bench.run(0, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  bench.run(0, 1, [create(session, '/e', 1), create(session, '/p')]);
  for (let i = 0; i < 8; i++) bench.pass(500);
  assert.ok(isThere(bench.service, '/e'));
  bench.pass(500);
  bench.pass(500);
  assert.ok(!isThere(bench.service, '/e'));
  assert.ok(isThere(bench.service, '/p'));
  assert.deepEqual(bench.events.slice(-2), ['deleted', 'session-closed']);
  assert.deepEqual(errs(bench.run(0, 1, [move(session, [0, 1], 1, 2)])), [ErrorCode.sessionExpired]);
});

test('touched sessions live on', () => {
  const bench = createBench();
  bench.run(0, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  for (let i = 0; i < 30; i++) {
    bench.pass(500);
    if (i % 6 === 0) bench.run(0, 1, [{ kind: 'touch', sessions: [session] }]);
  }
  assert.deepEqual(errs(bench.run(0, 1, [create(session, '/a')])), [0]);
});

test('an outage expires nobody: the lease clock takes at most two heartbeats per batch', () => {
  const bench = createBench();
  bench.run(0, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  bench.pass(3_600_000);
  assert.deepEqual(errs(bench.run(0, 1, [create(session, '/a')])), [0]);
});

test('a domain cannot open more sessions than it may', () => {
  const service = createTestService({ maxSessions: 2 });
  const open: Order = { kind: 'open', key: keyOf(1), timeoutMs: 4000 };
  const body = encodeBody({ gateway: 0, epoch: 1, identities: [], orders: [claim, open, open, open] });
  const batch = executeAlone(service, { domain: 0, client: 1, seq: 1, body }, 1, TEST_START);
  const results = decodeResults(batch.outcomes[0]?.reply ?? new Uint8Array(0));
  assert.deepEqual(errs(results?.results ?? []), [0, 0, 0, ErrorCode.systemError]);
});

test('a request that names no identity list is refused', () => {
  const bench = createBench();
  bench.run(0, 1, [claim]);
  const session = opened(bench, 0, 1, 1);
  const order = { ...create(session, '/a'), identities: 3 } as Order;
  assert.deepEqual(errs(bench.run(0, 1, [order])), [ErrorCode.marshallingError]);
});
