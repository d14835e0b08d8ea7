/** Bytes from outside: whatever arrives, decoders answer null and say the same for what they accept. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type Prng } from '@concordat/kernel';
import { bodies, connectFrame, requestFrame } from './client/requests.ts';
import { decodeEvent, encodeEvent } from './events.ts';
import { readConnectRequest } from './jute/handshake.ts';
import { OpCode } from './jute/protocol.ts';
import { readReadRequest } from './jute/read-requests.ts';
import { createJuteReader } from './jute/reader.ts';
import { readWriteRequest } from './jute/requests.ts';
import { decodeBody, decodeResults, encodeBody, encodeResults } from './orders.ts';
import { decodeQuery, encodeQuery } from './query.ts';
import { bytesOf, createTestWorld } from './testing/raw-client.ts';
import { OPEN_ACL } from './tree/acl.ts';

const ROUNDS = 400;

function damaged(random: Prng, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(0, random.chance(0.3) ? random.below(bytes.length + 1) : bytes.length);
  for (let hits = random.below(4); hits > 0 && copy.length > 0; hits--)
    copy[random.below(copy.length)] = random.chance(0.3) ? 0xff : random.below(256);
  return copy;
}

/** What a codec accepts, it writes back the same: one spelling for every value. */
function isCanonical<T>(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => T | null,
  encode: (value: T) => Uint8Array,
) {
  const value = decode(bytes);
  if (value !== null) assert.deepEqual(encode(value), bytes);
  return value !== null;
}

const payload = requestFrame(1, OpCode.create, bodies.create('/a', bytesOf('x'))).slice(8);
const body = encodeBody({
  gateway: 1,
  epoch: 77,
  identities: [[{ scheme: 'digest', id: 'u:h' }], []],
  orders: [
    { kind: 'claim' },
    { kind: 'open', key: new Uint8Array(32), timeoutMs: 4000 },
    { kind: 'move', session: 5, nextKey: new Uint8Array(32), timeoutMs: 1, signature: new Uint8Array(64) },
    { kind: 'touch', sessions: [1, 2] },
    { kind: 'request', session: 9, identities: 1, op: OpCode.create, payload },
  ],
});
const events = [
  {
    type: 'created',
    zxid: 3,
    path: '/a',
    acl: OPEN_ACL,
    parentAcl: [{ perms: 1, scheme: 'ip', id: '1.2.3.4' }],
  },
  { type: 'session-moved', zxid: 3, session: 4, domain: 1, gateway: 0, epoch: 9 },
  { type: 'session-closed', zxid: 3, session: 4, expired: true },
] as const;

test('bodies, results, events and queries have one spelling each', () => {
  const random = createPrng(1, 'canonical');
  const results = encodeResults({ gateway: 1, epoch: 2, results: [{ err: -101, zxid: 7, payload }] });
  const principal = { domain: 'red', identities: [{ scheme: 'ip', id: '1.2.3.4' }] };
  const query = encodeQuery({ principal, session: 4, op: OpCode.getData, payload });
  let accepted = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const change = i === 0 ? (bytes: Uint8Array) => bytes : (bytes: Uint8Array) => damaged(random, bytes);
    if (isCanonical(change(body), decodeBody, encodeBody)) accepted++;
    if (isCanonical(change(results), decodeResults, encodeResults)) accepted++;
    if (isCanonical(change(query), decodeQuery, encodeQuery)) accepted++;
    for (const event of events)
      if (isCanonical(change(encodeEvent(event)), decodeEvent, encodeEvent)) accepted++;
  }
  assert.ok(accepted > 6, 'damage does not always show');
});

const frames: readonly (readonly [number, Uint8Array])[] = [
  [OpCode.create, requestFrame(1, OpCode.create, bodies.create('/a', bytesOf('x')))],
  [
    OpCode.createTTL,
    requestFrame(1, OpCode.createTTL, bodies.create('/t', bytesOf('x'), { mode: 5, ttlMs: 9 })),
  ],
  [OpCode.setACL, requestFrame(1, OpCode.setACL, bodies.setAcl('/a', OPEN_ACL))],
  [OpCode.multi, requestFrame(1, OpCode.multi, bodies.multi([[OpCode.check, bodies.versioned('/a')]]))],
  [
    OpCode.multiRead,
    requestFrame(1, OpCode.multiRead, bodies.multi([[OpCode.getData, bodies.watched('/a')]])),
  ],
  [
    OpCode.setWatches2,
    requestFrame(1, OpCode.setWatches2, bodies.setWatches(1, ['/a'], [], ['/b'], [], ['/c'])),
  ],
  [OpCode.addWatch, requestFrame(1, OpCode.addWatch, bodies.typed('/a', 1))],
  [OpCode.auth, requestFrame(1, OpCode.auth, bodies.auth('digest', bytesOf('u:p')))],
  [OpCode.getData, requestFrame(1, OpCode.getData, bodies.watched('/a', true))],
];

test('requests of clients are read or refused, never more', () => {
  const random = createPrng(2, 'requests');
  const reader = createJuteReader();
  const handshake = connectFrame({
    lastZxidSeen: 4,
    timeoutMs: 10_000,
    session: { high: 1, low: 2 },
    password: new Uint8Array(16),
  });
  for (let i = 0; i < ROUNDS; i++) {
    for (const [op, frame] of frames) {
      reader.reset(damaged(random, frame), 8);
      readWriteRequest(reader, op);
      reader.reset(damaged(random, frame), 8);
      readReadRequest(reader, op);
    }
    reader.reset(damaged(random, handshake));
    readConnectRequest(reader);
  }
});

test('a claimed count cannot outgrow the frame', () => {
  const reader = createJuteReader();
  reader.reset(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0));
  assert.deepEqual(reader.strings(), []);
  assert.ok(reader.failed);
});

test('a gateway under a hail of damaged frames goes on serving others', () => {
  const random = createPrng(3, 'hail');
  const world = createTestWorld();
  const good = world.open(1_000).connect();
  for (let i = 0; i < 150; i++) {
    const bad = world.open(i).connect();
    for (const [, frame] of frames) {
      const bytes = damaged(random, frame);
      world.loopback.deliver(bad.id, { type: 'client-frame', bytes });
    }
    if (i % 3 === 0) world.loopback.disconnect(bad.id);
  }
  assert.equal(good.create('/good'), '/good');
  assert.equal(good.err(OpCode.exists, bodies.watched('/good')), 0);
});
