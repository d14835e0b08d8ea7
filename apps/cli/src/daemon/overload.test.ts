/** A daemon under clients that ask for too much, through real sockets: they wait or are closed, and others are served. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { GATEWAY_LIMITS, type GatewayLimits, measure, OpCode } from '@concordat/keeper';
import { connectLive, type LiveClient } from '@concordat/keeper/edge';
import { bodies, connectFrame, requestFrame } from '@concordat/keeper/frames';
import { federationOf, HERE, makeMember, startAlone } from '../testing/alone.ts';
import type { Daemon } from './daemon.ts';

const MIB = 1024 * 1024;
const directory = mkdtempSync(join(tmpdir(), 'overload-'));
const started: { daemon: Daemon | null } = { daemon: null };
const sockets: Socket[] = [];

const LIMITS: GatewayLimits = {
  ...GATEWAY_LIMITS,
  maxHandshakes: 5,
  sessionRequests: 100,
  orderedRequests: 50,
  maxAllUnreadBytes: 4 * MIB,
};

before(async () => {
  started.daemon = await startAlone(directory, federationOf(await makeMember(directory)), { limits: LIMITS });
});

after(async () => {
  for (const socket of sockets) socket.destroy();
  await started.daemon?.close();
  rmSync(directory, { recursive: true, force: true });
});

function daemon(): Daemon {
  assert.ok(started.daemon !== null);
  return started.daemon;
}

const port = (): number => daemon().host.addresses.get('clients')?.port ?? 0;

const figure = (name: string): number =>
  Number(measure(daemon().host.state.clients, daemon().host.state.clients.exposedTime)[name]);

async function until(holds: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; !holds(); ) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function dial(): Promise<Socket> {
  const socket = connect(port(), HERE);
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const framed = (bytes: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const setRoot = (client: LiveClient) => client.request(OpCode.setData, bodies.setData('/', null));

test('five thousand writes in one go are all answered, and a single one in between does not wait for them', async () => {
  const [heavy, light] = await Promise.all([1, 2].map(() => connectLive({ host: HERE, port: port() })));
  assert.ok(heavy !== undefined && light !== undefined);
  let answered = 0;
  const all = Array.from({ length: 5000 }, async () => {
    const { err } = await setRoot(heavy);
    if (err === 0) answered++;
  });
  await until(() => figure('connection_hold_count') > 0, 'the heavy one is not read for a while');
  assert.ok(figure('outstanding_requests') <= LIMITS.sessionRequests);
  const before = answered;
  assert.equal((await setRoot(light)).err, 0);
  const meanwhile = answered - before;
  assert.ok(meanwhile < 1000, `${meanwhile} of the heavy one's were answered first`);
  await Promise.all(all);
  assert.equal(answered, 5000);
  assert.equal(figure('held_connections'), 0);
  assert.ok(figure('connection_hold_count') > 1);
  await Promise.all([heavy.close(), light.close()]);
});

test('silent connections make room for each other, and for whoever speaks', async () => {
  const silent = await Promise.all(Array.from({ length: 20 }, dial));
  await until(
    () => silent.filter((socket) => socket.resume().destroyed).length === 15,
    'the oldest are closed',
  );
  assert.equal(figure('connection_rejected'), 15);
  const client = await connectLive({ host: HERE, port: port() });
  assert.equal((await setRoot(client)).err, 0);
  await client.close();
  for (const socket of silent) socket.destroy();
});

test('clients that do not read are closed before they cost more than all may, and others are served', async () => {
  const client = await connectLive({ host: HERE, port: port() });
  const data = new Uint8Array(900_000);
  assert.equal((await client.request(OpCode.create, bodies.create('/big', data))).err, 0);
  const hello = {
    lastZxidSeen: 0,
    timeoutMs: 30_000,
    session: { high: 0, low: 0 },
    password: new Uint8Array(16),
  };
  const ask = Buffer.concat(
    Array.from({ length: 60 }, (_, i) => framed(requestFrame(i + 1, OpCode.getData, bodies.watched('/big')))),
  );
  for (let i = 0; i < 12; i++) {
    const socket = await dial();
    socket.pause();
    socket.write(Buffer.concat([framed(connectFrame(hello)), ask]));
  }
  await until(() => figure('slow_readers_closed') >= 6, 'most are closed');
  assert.ok(figure('unread_bytes') <= LIMITS.maxAllUnreadBytes + LIMITS.turnBytes + LIMITS.maxReplyBytes);
  assert.equal((await client.request(OpCode.getData, bodies.watched('/big'))).err, 0);
  await client.close();
});
