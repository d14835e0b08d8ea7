/** What an executor's client port lets in, and what its socket does with the rest. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeys, generateIdentity } from '@concordat/runtime';
import { signAttach } from '../../executor/attach.ts';
import type { Message } from '../../replica/messages.ts';
import { COMMAND_CLIENT, GOVERNANCE_CLIENTS } from '../../request.ts';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { counter } from '../testing/counter.ts';
import { dial } from '../testing/dial.ts';
import { frameMessage, MAX_CLIENT_FRAME_BYTES } from './client-port.ts';
import { createCluster } from './embedded.ts';
import { executorFraming } from './executor-port.ts';
import { clientCardOf, clusterOf, domainOf } from './membership.ts';

const SELF = 31;
const attach = (change: object = {}): Message => ({
  type: 'attach',
  domain: 128,
  client: 1,
  executor: SELF,
  signature: new Uint8Array(64),
  ...change,
});
const request = (change: object = {}): Message => ({
  type: 'request',
  request: {
    domain: 128,
    client: 1,
    seq: 1,
    acked: 0,
    body: Uint8Array.of(1, 2, 3),
    signature: new Uint8Array(64),
    ...change,
  },
});
const read: Message = { type: 'read', epoch: 0, id: 1, isWhole: true, query: Uint8Array.of(1) };
const framing = executorFraming(SELF, 128, 130);

/** What comes out of these messages on one connection, byte by byte; null if it is cut off. */
function through(...messages: Message[]): Message[] | null {
  const splitter = framing.createSplitter();
  const heard: Message[] = [];
  for (const message of messages)
    for (const byte of frameMessage(message))
      if (!splitter.push(Uint8Array.of(byte), (each) => heard.push(each))) return null;
  return heard;
}

test('who has said which client it is may ask again and read; what it asks again keeps no body', () => {
  assert.deepEqual(through(attach(), request(), read, attach({ domain: 129 })), [
    attach(),
    request({ body: new Uint8Array(0) }),
    read,
    attach({ domain: 129 }),
  ]);
});

test('whoever asks before, or as nobody known, or at another executor, is cut off', () => {
  for (const first of [
    request(),
    read,
    attach({ domain: 127 }),
    attach({ domain: 130 }),
    attach({ domain: 3 }),
    attach({ client: COMMAND_CLIENT }),
    attach({ client: GOVERNANCE_CLIENTS }),
    attach({ executor: SELF + 1 }),
  ])
    assert.equal(through(first), null);
  for (const second of [
    request({ domain: 3 }),
    request({ client: COMMAND_CLIENT }),
    attach({ executor: SELF + 1 }),
  ])
    assert.equal(through(attach(), second), null);
});

test('votes, tokens, feeds and states are for links between nodes alone', () => {
  const nothing = new Uint8Array(32);
  const others: Message[] = [
    { type: 'last-executed', epoch: 0, executed: 0, known: 0, isSupplier: true },
    {
      type: 'next-batch',
      view: 0,
      after: 0,
      before: nothing,
      digests: [],
      accepted: 0,
      tentative: 0,
      committed: 0,
    },
    { type: 'fetch-batch', slot: 1, digest: nothing },
    { type: 'stable', certificate: [] },
    { type: 'fetch-chain', epoch: 0 },
    { type: 'reply', domain: 128, client: 1, seq: 1, slot: 1, reply: nothing },
  ];
  for (const other of others) assert.equal(through(attach(), other), null, other.type);
});

test('frames too large, bytes after a message, and other bytes cut the peer off', () => {
  const cuts = (bytes: Uint8Array): boolean => !framing.createSplitter().push(bytes, () => {});
  const claim = new Uint8Array(4);
  new DataView(claim.buffer).setUint32(0, MAX_CLIENT_FRAME_BYTES + 1);
  const longer = Uint8Array.of(...frameMessage(attach()), 0);
  new DataView(longer.buffer).setUint32(0, longer.length - 4);
  assert.deepEqual([claim, longer, Uint8Array.of(0, 0, 0, 1, 99)].map(cuts), [true, true, true]);
  assert.ok(!cuts(frameMessage(attach())));
});

test('hostile bytes and false signatures end their connection and nothing else', {
  timeout: 60_000,
}, async () => {
  const identity = generateIdentity('outside');
  await using cluster = await createCluster(counter, {
    u: 1,
    r: 1,
    preset: 'executors',
    clients: [clientCardOf('outside', identity)],
  });
  const { membership } = cluster;
  const port = membership.executors?.[0]?.clientPort ?? 0;
  await using client = connectClient(counter, { membership, identity });
  assert.equal(unwrap(await client.call('add', { amount: 1 })), 1);
  // A stranger's key signs for the client's domain; then the client's own, for another executor.
  const domain = domainOf(membership, identity.publicKey);
  const signed = (seed: Uint8Array, executor: number): Message => {
    const keys = createKeys({ self: domain, seed, publicKeys: new Map() });
    return signAttach(keys, clusterOf(membership), { domain, client: 7 }, executor);
  };
  const stranger = generateIdentity('stranger');
  for (const hostile of [
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0, 0, 0, 1, 99),
    frameMessage(read),
    frameMessage(request({ domain, client: 7 })),
    frameMessage(signed(stranger.seed, SELF)),
    frameMessage({ ...signed(identity.seed, SELF + 1), executor: SELF } as Message),
  ]) {
    const { socket, heard, ended } = dial(port);
    socket.write(hostile);
    await ended;
    assert.deepEqual(heard, []);
  }
  // The genuine signature is answered.
  const { socket, heard, ended } = dial(port);
  socket.write(frameMessage(signed(identity.seed, SELF)));
  socket.write(frameMessage(read));
  while (heard.length === 0) await new Promise((next) => setTimeout(next, 5));
  assert.deepEqual(
    heard.map(({ type }) => type),
    ['answer'],
  );
  socket.destroy();
  await ended;
  assert.equal(unwrap(await client.call('add', { amount: 1 })), 2);
});
