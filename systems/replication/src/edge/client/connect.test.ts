/** Clients outside the members: r + 1 equal replies over real sockets, whatever one member or the caller does. */

import assert from 'node:assert/strict';
import { connect as connectPlain } from 'node:net';
import { test } from 'node:test';
import { connect, createServer, type Server } from 'node:tls';
import { generateIdentity, type Identity } from '@concordat/runtime';
import { CLIENT_PROTOCOL, frameMessage, replicaFraming } from '../host/client-port.ts';
import { createCluster } from '../host/embedded.ts';
import { clientCardOf } from '../host/membership.ts';
import { encodeDone } from '../service/frames.ts';
import { counter } from '../testing/counter.ts';
import { connectClient } from './connect.ts';
import { unwrap } from './outcome.ts';

const DEADLINE = { timeout: 30_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
const startCluster = () => createCluster(counter, { u: 1, r: 1, clients });

test('an outside client is served, also with a member down', DEADLINE, async () => {
  await using cluster = await startCluster();
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  assert.deepEqual(await client.call('add', { amount: 3 }), { status: 'ok', value: 3 });
  await cluster.kill(3);
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => client.call('add', { amount: 1 })));
  assert.equal(outcomes.filter(({ status }) => status === 'ok').length, 200);
  assert.equal(unwrap(await client.query('total', {})), 203);
});

test('a query from outside needs no order, and sees what was done before it', DEADLINE, async () => {
  await using cluster = await startCluster();
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  await client.call('add', { amount: 3 });
  for (let round = 1; round <= 20; round++) {
    assert.equal(unwrap(await client.query('total', {})), 2 + round);
    await client.call('add', { amount: 1 });
  }
});

test('a refusal is failed, with the code of the service', DEADLINE, async () => {
  await using cluster = await startCluster();
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  const refused = await client.call('addUpTo', { amount: 5, most: 4 });
  assert.deepEqual(refused, { status: 'failed', code: 'too-much', detail: 'at most 4' });
  assert.equal(unwrap(await client.query('total', {})), 0);
});

test(
  'without a quorum a call that was sent is unknown, and one that was not has failed',
  DEADLINE,
  async () => {
    await using cluster = await startCluster();
    await Promise.all([0, 1, 2].map((id) => cluster.kill(id)));
    await using client = connectClient(counter, {
      membership: cluster.membership,
      identity,
      clientWindow: 1,
      retransmitMs: 50,
    });
    const abort = new AbortController();
    const sent = client.call('add', { amount: 1 }, { timeoutMs: 200 });
    // Calls of one moment share a request; these come later, and the window has room for one.
    await new Promise((next) => setImmediate(next));
    const queued = client.call('add', { amount: 1 }, { timeoutMs: 200 });
    const aborted = client.call('add', { amount: 1 }, { signal: abort.signal });
    const closed = client.call('add', { amount: 1 });
    assert.deepEqual(await sent, { status: 'unknown', why: 'timeout' });
    assert.deepEqual(await queued, { status: 'failed', code: 'timeout', detail: '' });
    abort.abort();
    assert.deepEqual(await aborted, { status: 'failed', code: 'aborted', detail: '' });
    await client.close();
    assert.deepEqual(await closed, { status: 'failed', code: 'closed', detail: '' });
  },
);

test('a client whose key no member knows is not served', DEADLINE, async () => {
  await using cluster = await startCluster();
  const stranger = generateIdentity('stranger');
  const membership = { ...cluster.membership, clients: [clientCardOf('stranger', stranger)] };
  await using client = connectClient(counter, { membership, identity: stranger, retransmitMs: 50 });
  assert.equal((await client.call('add', { amount: 1 }, { timeoutMs: 400 })).status, 'unknown');
  assert.equal(unwrap(await cluster.members[0]!.query('total', {})), 0);
});

test(
  'who shows no certificate is served, and who signs falsely is not, whatever it shows',
  DEADLINE,
  async () => {
    await using cluster = await startCluster();
    const { membership } = cluster;
    const { seed, publicKey } = identity;
    await using plain = connectClient(counter, { membership, identity: { seed, publicKey } });
    assert.equal(unwrap(await plain.call('add', { amount: 1 })), 1);
    const forged = { ...identity, seed: generateIdentity('thief').seed };
    await using thief = connectClient(counter, { membership, identity: forged, retransmitMs: 50 });
    assert.equal((await thief.call('add', { amount: 1 }, { timeoutMs: 1500 })).status, 'unknown');
    assert.equal(unwrap(await plain.query('total', {})), 1);
  },
);

/** Answers every request at once, unless it keeps no reply to it, with a total of 999. `heard` counts the requests. */
async function startLiar(identity: Identity, keeps: (seq: number) => boolean = () => true) {
  const framing = replicaFraming(0, 100);
  const liar = { heard: 0, port: 0, close: () => {} };
  const server: Server = createServer({ ...identity.tls, ALPNProtocols: [CLIENT_PROTOCOL] }, (socket) => {
    const splitter = framing.createSplitter();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      splitter.push(new Uint8Array(chunk), (message) => {
        if (message.type !== 'request') return;
        liar.heard += 1;
        const { domain, client, seq } = message.request;
        if (!keeps(seq)) return;
        const reply = encodeDone((writer) => writer.u53(999));
        socket.write(frameMessage({ type: 'reply', domain, client, seq, slot: 1, reply }));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  liar.port = typeof address === 'object' && address !== null ? address.port : 0;
  liar.close = () => server.close();
  return liar;
}

/** Calls five times, and on until `isEnough`, with member 0 replaced by a liar, on whose card is `pin`. */
async function callBeside(
  cluster: Awaited<ReturnType<typeof startCluster>>,
  port: number,
  isEnough: () => boolean,
  pin?: string,
) {
  const members = cluster.membership.members.map((card, id) =>
    id === 0 ? { ...card, clientPort: port, pin: pin ?? card.pin } : card,
  );
  await using client = connectClient(counter, { membership: { ...cluster.membership, members }, identity });
  for (let total = 1; total <= 5 || !isEnough(); total++) {
    assert.equal(unwrap(await client.call('add', { amount: 1 })), total);
  }
}

test('one replica that answers falsely is heard and not believed', DEADLINE, async () => {
  await using cluster = await startCluster();
  const key = generateIdentity('liar');
  const liar = await startLiar(key);
  await callBeside(cluster, liar.port, () => liar.heard > 3, key.pin);
  liar.close();
});

test(
  'a call whose reply was dropped is unknown, and its place is free for later calls',
  DEADLINE,
  async () => {
    await using cluster = await startCluster();
    await Promise.all([0, 1, 2, 3].map((id) => cluster.kill(id)));
    const keys = ['first', 'second'].map((name) => generateIdentity(name));
    const forgetful = await Promise.all(keys.map((key) => startLiar(key, (seq) => seq !== 1)));
    const members = cluster.membership.members.map((card, id) => {
      const [key, liar] = [keys[id], forgetful[id]];
      return key === undefined || liar === undefined
        ? card
        : { ...card, clientPort: liar.port, pin: key.pin };
    });
    await using client = connectClient(counter, {
      membership: { ...cluster.membership, members },
      identity,
      clientWindow: 2,
      retransmitMs: 50,
    });
    const dropped = client.call('add', { amount: 1 }, { timeoutMs: 300 });
    // Calls of one moment share a request.
    await new Promise((next) => setImmediate(next));
    assert.equal(unwrap(await client.call('add', { amount: 1 })), 999);
    const waiting = client.call('add', { amount: 1 });
    assert.deepEqual(await dropped, { status: 'unknown', why: 'timeout' });
    assert.equal(unwrap(await waiting), 999);
    for (let n = 0; n < 4; n++) assert.equal(unwrap(await client.call('add', { amount: 1 })), 999);
    for (const liar of forgetful) liar.close();
  },
);

test('who has not the key on the card hears nothing', DEADLINE, async () => {
  await using cluster = await startCluster();
  const impostor = await startLiar(generateIdentity('impostor'));
  await callBeside(cluster, impostor.port, () => true);
  assert.equal(impostor.heard, 0);
  impostor.close();
});

/** Writes hostile bytes to the client port of member 0 and resolves when it hangs up. */
async function hangsUpOn(port: number, hostile: Uint8Array, isPlain = false) {
  const to = { port, host: '127.0.0.1' };
  const socket = isPlain
    ? connectPlain(to)
    : connect({ ...to, rejectUnauthorized: false, ALPNProtocols: [CLIENT_PROTOCOL] });
  socket.on('error', () => {});
  socket.write(hostile);
  socket.resume();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

test('who signs falsely is not heard for a while, and nobody else notices', DEADLINE, async () => {
  await using cluster = await startCluster();
  const port = cluster.membership.members[0]?.clientPort ?? 0;
  const signature = new Uint8Array(64);
  const request = { domain: 4, client: 1, seq: 1, acked: 0, body: new Uint8Array(1), signature };
  const liar = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: [CLIENT_PROTOCOL],
  });
  let isClosed = false;
  liar
    .on('error', () => {})
    .once('close', () => {
      isClosed = true;
    });
  liar.write(frameMessage({ type: 'request', request }));
  await new Promise((later) => setTimeout(later, 500));
  // Read, this would end the connection at once.
  liar.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  assert.equal(unwrap(await client.call('add', { amount: 1 })), 1);
  assert.equal(isClosed, false);
  liar.destroy();
});

test('hostile bytes end their connection and nothing else', DEADLINE, async () => {
  await using cluster = await startCluster();
  const port = cluster.membership.members[0]?.clientPort ?? 0;
  const frame = (...body: number[]): Uint8Array => Uint8Array.from([0, 0, 0, body.length, ...body]);
  await hangsUpOn(port, Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await hangsUpOn(port, frame(99));
  await hangsUpOn(port, frame(99), true);
  // A vote, well-formed, from someone who has none: tag, view, slot, history.
  await hangsUpOn(port, frame(2, ...new Uint8Array(8), ...new Uint8Array(8), ...new Uint8Array(32)));
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  assert.equal(unwrap(await client.call('add', { amount: 1 })), 1);
});
