/** Clients outside the members: r + 1 equal replies over real sockets, whatever one member or the caller does. */

import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { generateIdentity } from '@concordat/runtime';
import { frameMessage, replicaFraming } from '../host/client-port.ts';
import { createCluster, type EmbeddedCluster } from '../host/embedded.ts';
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

/** Answers every request at once, with a total of 999, like a replica that lies. */
function startLiar(): Promise<Server> {
  const framing = replicaFraming(0, 100);
  const server = createServer((socket) => {
    const splitter = framing.createSplitter();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      splitter.push(new Uint8Array(chunk), (message) => {
        if (message.type !== 'request') return;
        const { domain, client, seq } = message.request;
        const reply = encodeDone((writer) => writer.u53(999));
        socket.write(frameMessage({ type: 'reply', domain, client, seq, slot: 1, reply }));
      });
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

test('one replica that answers falsely is not believed', DEADLINE, async () => {
  await using cluster = await startCluster();
  const liar = await startLiar();
  const address = liar.address();
  const clientPort = typeof address === 'object' && address !== null ? address.port : 0;
  const members = cluster.membership.members.map((card, id) => (id === 0 ? { ...card, clientPort } : card));
  const client = connectClient(counter, { membership: { ...cluster.membership, members }, identity });
  for (let total = 1; total <= 5; total++)
    assert.equal(unwrap(await client.call('add', { amount: 1 })), total);
  await client.close();
  liar.close();
});

/** Writes hostile bytes to the client port of member 0 and resolves when it hangs up. */
async function hangsUpOn(cluster: EmbeddedCluster<unknown, unknown, unknown, unknown>, hostile: Uint8Array) {
  const port = cluster.membership.members[0]?.clientPort ?? 0;
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(hostile);
  socket.resume();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

test('hostile bytes end their connection and nothing else', DEADLINE, async () => {
  await using cluster = await startCluster();
  const frame = (...body: number[]): Uint8Array => Uint8Array.from([0, 0, 0, body.length, ...body]);
  await hangsUpOn(cluster, Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await hangsUpOn(cluster, frame(99));
  // A vote, well-formed, from someone who has none: tag, view, slot, history.
  await hangsUpOn(cluster, frame(2, ...new Uint8Array(8), ...new Uint8Array(8), ...new Uint8Array(32)));
  await using client = connectClient(counter, { membership: cluster.membership, identity });
  assert.equal(unwrap(await client.call('add', { amount: 1 })), 1);
});
