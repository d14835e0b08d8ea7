/** Clients of executors over real sockets: connections that break, and executors that lie or are somebody else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { generateIdentity, type Identity } from '@concordat/runtime';
import type { Message } from '../../replica/messages.ts';
import { CLIENT_PROTOCOL, frameMessage } from '../host/client-port.ts';
import { createCluster } from '../host/embedded.ts';
import { executorFraming } from '../host/executor-port.ts';
import { clientCardOf, type Membership } from '../host/membership.ts';
import { encodeDone } from '../service/frames.ts';
import { counter } from '../testing/counter.ts';
import { listenOn, startProxy } from '../testing/proxy.ts';
import { connectClient } from './connect.ts';
import { unwrap } from './outcome.ts';

const DEADLINE = { timeout: 30_000 };
const identity = generateIdentity('outside');
const clients = [clientCardOf('outside', identity)];
const startCluster = () => createCluster(counter, { u: 1, r: 1, preset: 'executors', clients });
const pause = () => new Promise((next) => setTimeout(next, 5));

/** The membership with other client ports, and pins, of executors. */
const withExecutors = (membership: Membership, changed: (i: number) => object): Membership => ({
  ...membership,
  executors: (membership.executors ?? []).map((card, i) => ({ ...card, ...changed(i) })),
});

/** A proxy before each executor, and the membership that leads there. */
async function behindProxies(direct: Membership) {
  const ports = (direct.executors ?? []).map(({ clientPort = 0 }) => clientPort);
  const proxies = await Promise.all(ports.map(startProxy));
  return { proxies, membership: withExecutors(direct, (i) => ({ clientPort: proxies[i]?.port })) };
}

test(
  'a client makes lost connections again, and replies find it though it sends nothing over them',
  DEADLINE,
  async () => {
    await using cluster = await startCluster();
    const { proxies, membership } = await behindProxies(cluster.membership);
    // Nothing is sent again within the deadline: what is answered is answered at once.
    await using client = connectClient(counter, { membership, identity, retransmitMs: 60_000 });
    assert.deepEqual(
      proxies.map(({ made }) => made),
      [0, 0, 0],
      'no connection before the first call',
    );
    for (let total = 1; total <= 4; total++) {
      assert.equal(unwrap(await client.call('add', { amount: 1 })), total);
      const before = proxies.map(({ made }) => made);
      for (const proxy of proxies) proxy.cut();
      while (proxies.some(({ made }, i) => made === before[i])) await pause();
    }
    for (const proxy of proxies) proxy.close();
  },
);

test(
  'a call whose reply was lost with the connection is answered when it is asked for again',
  DEADLINE,
  async () => {
    await using cluster = await startCluster();
    const { proxies, membership } = await behindProxies(cluster.membership);
    await using client = connectClient(counter, { membership, identity, retransmitMs: 50 });
    const results: number[] = [];
    const calls = Promise.all(
      Array.from({ length: 300 }, async () => {
        results.push(unwrap(await client.call('add', { amount: 1 })));
        await pause();
      }).concat(
        Array.from({ length: 20 }, async (_, i) => {
          await new Promise((next) => setTimeout(next, 20 * i));
          results.push(unwrap(await client.call('add', { amount: 1 })));
          for (const proxy of proxies) proxy.cut();
        }),
      ),
    );
    await calls;
    assert.deepEqual(
      results.sort((a, b) => a - b),
      Array.from({ length: 320 }, (_, i) => i + 1),
    );
    for (const proxy of proxies) proxy.close();
  },
);

test('the first thing that a client does may be a query', DEADLINE, async () => {
  await using cluster = await startCluster();
  assert.equal(unwrap(await cluster.executors[0]!.call('add', { amount: 3 })), 3);
  const { membership } = cluster;
  // What is lost is not sent again within the deadline.
  await using client = connectClient(counter, { membership, identity, retransmitMs: 60_000 });
  const outcome = await client.query('total', {});
  // All answer; one that lags does so once more, or has it ordered.
  assert.deepEqual(outcome, { status: 'ok', value: 3 });
});

/** Says that whatever is attached, asked again or read came to 999. `heard` counts what it was asked. */
async function startLiar(key: Identity) {
  const framing = executorFraming(31, 0, 200);
  const liar = { heard: 0, port: 0, close: () => {} };
  const reply = encodeDone((writer) => writer.u53(999));
  const server = createTlsServer({ ...key.tls, ALPNProtocols: [CLIENT_PROTOCOL] }, (socket) => {
    const splitter = framing.createSplitter();
    const say = (message: Message): boolean => socket.write(frameMessage(message));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      splitter.push(new Uint8Array(chunk), (message) => {
        liar.heard += 1;
        if (message.type === 'attach') {
          const { domain, client } = message;
          for (let seq = 1; seq <= 20; seq++) say({ type: 'reply', domain, client, seq, slot: 1, reply });
        }
        if (message.type === 'read')
          say({ type: 'answer', id: message.id, result: new Uint8Array(32), answer: reply });
      });
    });
  });
  liar.port = await listenOn(server);
  liar.close = () => void server.close();
  return liar;
}

test('one executor that answers falsely is heard and not believed', DEADLINE, async () => {
  await using cluster = await startCluster();
  const key = generateIdentity('liar');
  const liar = await startLiar(key);
  const membership = withExecutors(cluster.membership, (i) =>
    i === 0 ? { clientPort: liar.port, pin: key.pin } : {},
  );
  await using client = connectClient(counter, { membership, identity });
  for (let total = 1; total <= 5 || liar.heard < 4; total++) {
    assert.equal(unwrap(await client.call('add', { amount: 1 })), total);
    assert.equal(unwrap(await client.query('total', {})), total);
  }
  liar.close();
});

test('an executor without the key on the card hears nothing', DEADLINE, async () => {
  await using cluster = await startCluster();
  const impostor = await startLiar(generateIdentity('impostor'));
  const membership = withExecutors(cluster.membership, (i) => (i === 0 ? { clientPort: impostor.port } : {}));
  await using client = connectClient(counter, { membership, identity });
  for (let total = 1; total <= 5; total++)
    assert.equal(unwrap(await client.call('add', { amount: 1 })), total);
  assert.equal(impostor.heard, 0);
  impostor.close();
});

test('an executor without a port for clients is named', DEADLINE, async () => {
  await using cluster = await startCluster();
  const executors = (cluster.membership.executors ?? []).map(({ clientPort: _, ...card }) => card);
  assert.throws(
    () => connectClient(counter, { membership: { ...cluster.membership, executors }, identity }),
    {
      code: 'bad-configuration',
      message: /executor-0 has no port for clients/,
    },
  );
});
