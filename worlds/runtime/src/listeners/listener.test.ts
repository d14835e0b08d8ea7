/** Client ports under crowds, floods, silence and clients that never read. */

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { FIRST_CONNECTION, type NodeId, type Note } from '@concordat/kernel';
import { generateIdentity, pinOf } from '../crypto/identity.ts';
import { createLengthSplitter, type Framing } from '../framing.ts';
import { createRotation } from '../host/inbox.ts';
import type { Connection } from './connection.ts';
import { createPort, type Listener, type ListenerLimits, type Port } from './listener.ts';

const LOOPBACK = '127.0.0.1';

const framing: Framing<string> = {
  maxFrameBytes: 1000,
  createSplitter: () => {
    const splitter = createLengthSplitter(1000);
    return { push: (chunk, emit) => splitter.push(chunk, (frame) => emit(Buffer.from(frame).toString())) };
  },
  encode: (message) => frameOf(message),
};

function frameOf(text: string): Buffer {
  const frame = Buffer.alloc(4 + text.length);
  frame.writeUInt32BE(text.length, 0);
  frame.write(text, 4);
  return frame;
}

interface TestPort {
  readonly port: Port;
  readonly connections: Map<NodeId, Connection>;
  readonly events: string[];
  readonly notes: Note[];
  /** While false, nothing is taken out of the inboxes. */
  drains: boolean;
  drain(): void;
}

const ports: TestPort[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const { port } of ports.splice(0)) port.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function listen(
  limits: Partial<ListenerLimits> = {},
  secure: Pick<Listener<string>, 'tls' | 'certified' | 'onOpened' | 'admits' | 'onLeft'> = {},
): Promise<TestPort> {
  const connections = new Map<NodeId, Connection>();
  const rotation = createRotation<string>();
  const events: string[] = [];
  const notes: Note[] = [];
  const sink = {
    message: (from: NodeId, message: string) => void events.push(`${from - FIRST_CONNECTION}: ${message}`),
    linked: (from: NodeId, isUp: boolean) =>
      void events.push(`${from - FIRST_CONNECTION} ${isUp ? 'up' : 'down'}`),
  };
  let nextId = FIRST_CONNECTION;
  const port = await createPort<string>(
    { name: 'test', host: LOOPBACK, port: 0, framing, limits, ...secure },
    {
      ready: (source) => {
        rotation.ready(source);
        setImmediate(() => {
          if (test.drains) test.drain();
        });
      },
      note: (note) => void notes.push(note),
      opened: (id, connection) => void connections.set(id, connection),
      closed: (id) => void connections.delete(id),
      nextId: () => nextId++,
    },
  );
  port.open();
  const drain = (): void => rotation.drain(sink, 1 << 20);
  const test: TestPort = { port, connections, events, notes, drains: true, drain };
  ports.push(test);
  return test;
}

async function dial(to: TestPort): Promise<Socket> {
  const socket = connect(to.port.address.port, LOOPBACK);
  sockets.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', resolve);
  });
  return socket;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const whys = (port: TestPort): unknown[] => port.notes.map((note) => note['why']);

test('connections get fresh ids, messages in order, and answers', async () => {
  const server = await listen();
  const first = await dial(server);
  first.write(Buffer.concat([frameOf('a'), frameOf('b')]));
  await until(() => server.events.length === 3, 'both arrive');
  const { route } = server.connections.get(FIRST_CONNECTION)!;
  route.queue(frameOf('x'));
  route.queue(frameOf('y'));
  route.flush();
  const answer = await new Promise<Buffer>((resolve) => first.once('data', resolve));
  assert.deepEqual(answer, Buffer.concat([frameOf('x'), frameOf('y')]));
  first.destroy();
  await until(() => server.events.at(-1) === '0 down', 'it is gone');
  await dial(server);
  await until(() => server.events.at(-1) === '1 up', 'the next has another id');
  assert.deepEqual(server.events, ['0 up', '0: a', '0: b', '0 down', '1 up']);
});

test('frames byte by byte arrive; frames too large end the connection', async () => {
  const server = await listen();
  const socket = await dial(server);
  for (const byte of frameOf('hello')) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => server.events.includes('0: hello'), 'it arrives');
  socket.write(Buffer.from([0, 0, 4, 0]));
  await until(() => server.events.includes('0 down'), 'dropped');
  assert.deepEqual(whys(server), ['malformed']);
});

test('connections are bounded in all and per address, and free their places', async () => {
  const server = await listen({ connectionsMax: 3 });
  const crowd = await Promise.all([1, 2, 3, 4, 5].map(() => dial(server)));
  await until(() => whys(server).length === 2, 'two are refused');
  assert.equal(server.port.connections, 3);
  for (const socket of crowd) socket.destroy();
  await until(() => server.port.connections === 0, 'all are gone');
  await dial(server);
  await until(() => server.port.connections === 1, 'there is room again');
  const strict = await listen({ connectionsPerAddress: 1 });
  await dial(strict);
  await dial(strict);
  await until(() => whys(strict).includes('too-many-from-address'), 'the second is refused');
});

test('whoever is not admitted is refused before anything else, and who leaves is told of', async () => {
  const told: string[] = [];
  const admits = (): string | null => (told.filter((word) => word === 'admits').length > 1 ? 'full' : null);
  const server = await listen(
    {},
    {
      admits: () => {
        told.push('admits');
        return admits();
      },
      onLeft: () => void told.push('left'),
    },
  );
  const [first, second] = [await dial(server), await dial(server)];
  await until(() => whys(server).includes('full'), 'the second is refused');
  await until(() => second.destroyed || second.readableEnded, 'and told so');
  assert.equal(server.port.connections, 1);
  first.destroy();
  await until(() => told.includes('left'), 'the first leaves');
  assert.deepEqual(told, ['admits', 'admits', 'left']);
  assert.ok(
    server.events.every((event) => event.startsWith('0 ')),
    'nobody was told of the second',
  );
});

test('a connection that is held loses nothing, fills its own socket, and is served on where it stopped', async () => {
  const server = await listen({ inboxBytes: 64 * 1024 });
  const held = await dial(server);
  await until(() => server.connections.size === 1, 'accepted');
  const { stream } = server.connections.get(FIRST_CONNECTION)!;
  held.write(frameOf('a'));
  await until(() => server.events.includes('0: a'), 'it is heard');
  stream.hold(true);
  const block = Buffer.concat(Array.from({ length: 1000 }, () => frameOf('x'.repeat(900))));
  for (let i = 0; i < 30; i++) held.write(block);
  held.write(frameOf('last'));
  const other = await dial(server);
  other.write(frameOf('me too'));
  await until(() => server.events.includes('1: me too'), 'the other one is served');
  assert.deepEqual(
    server.events.filter((event) => event.startsWith('0')),
    ['0 up', '0: a'],
  );
  assert.ok(held.writableLength > 10_000_000, 'most of it waits at the sender');
  stream.hold(false);
  await until(() => server.events.includes('0: last'), 'in the end all is served');
  assert.equal(server.events.filter((event) => event.startsWith('0: x')).length, 30_000);
  stream.hold(true);
  held.destroy();
  // Only who reads a socket sees that it has ended.
  stream.hold(false);
  await until(() => server.events.includes('0 down'), 'it is gone');
});

test('what a client does not take is counted until it does', async () => {
  const server = await listen();
  const socket = await dial(server);
  socket.pause();
  await until(() => server.connections.size === 1, 'accepted');
  const { route, stream } = server.connections.get(FIRST_CONNECTION)!;
  assert.equal(stream.unread, 0);
  route.queue(new Uint8Array(12 * 1024 * 1024));
  route.flush();
  assert.ok(stream.unread > 1024 * 1024, 'more than sockets hold');
  socket.resume();
  await until(() => stream.unread === 0, 'it was taken');
});

test('a connection that never completes a message is closed, one that did is not', async () => {
  const server = await listen({ firstMessageMs: 100 });
  const silent = await dial(server);
  silent.resume();
  const slow = await dial(server);
  slow.resume().write(frameOf('hello').subarray(0, 5));
  const speaker = await dial(server);
  speaker.write(frameOf('hi'));
  await until(() => silent.destroyed && slow.destroyed, 'both are closed');
  assert.equal(speaker.destroyed, false);
  assert.deepEqual(whys(server), ['silent', 'silent']);
});

test('a flood is paused, and everyone else is served', async () => {
  const server = await listen({ inboxBytes: 64 * 1024 });
  server.drains = false;
  const flooder = await dial(server);
  const block = Buffer.concat(Array.from({ length: 1000 }, () => frameOf('x'.repeat(900))));
  for (let i = 0; i < 30; i++) flooder.write(block);
  const other = await dial(server);
  other.write(frameOf('me too'));
  await until(() => flooder.bytesWritten > 500_000, 'the flood has begun');
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(flooder.writableLength > 10_000_000, 'most of it waits at the flooder');
  server.drain();
  assert.ok(server.events.includes('1: me too'), 'the other one is served in the same turn');
  server.drains = true;
  server.drain();
  await until(() => server.events.length === 2 + 1 + 30_000, 'in the end all is served');
});

test('a client that does not read is closed rather than remembered', async () => {
  const server = await listen({ outboxBytes: 1024 * 1024 });
  const socket = await dial(server);
  socket.pause();
  await until(() => server.connections.size === 1, 'accepted');
  const connection = server.connections.get(FIRST_CONNECTION)!;
  for (let i = 0; i < 1000 && server.connections.size > 0; i++) {
    connection.route.queue(new Uint8Array(64 * 1024));
    connection.route.flush();
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => whys(server).includes('overflow'), 'closed');
});

test('a message larger than what may wait reaches its client, with those after it', async () => {
  const server = await listen({ outboxBytes: 1024 * 1024 });
  const socket = await dial(server);
  socket.pause();
  await until(() => server.connections.size === 1, 'accepted');
  const { route } = server.connections.get(FIRST_CONNECTION)!;
  const large = 64 * 1024 * 1024;
  route.queue(new Uint8Array(large));
  route.flush();
  for (let i = 0; i < 10; i++) {
    route.queue(new Uint8Array(1000));
    route.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
  });
  socket.resume();
  await until(() => received === large + 10 * 1000, 'all of it');
  assert.deepEqual(whys(server), []);
});

test('many messages that nobody reads are too many, also if they are written at once', async () => {
  const server = await listen({ outboxBytes: 1024 * 1024 });
  const socket = await dial(server);
  socket.pause();
  await until(() => server.connections.size === 1, 'accepted');
  const { route } = server.connections.get(FIRST_CONNECTION)!;
  for (let i = 0; i < 1000; i++) route.queue(new Uint8Array(64 * 1024));
  route.flush();
  await until(() => whys(server).includes('overflow'), 'closed');
});

test('an ended connection delivers its last words', async () => {
  const server = await listen();
  const socket = await dial(server);
  await until(() => server.connections.size === 1, 'accepted');
  const { route } = server.connections.get(FIRST_CONNECTION)!;
  route.queue(frameOf('bye'));
  route.end();
  const words = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  assert.deepEqual(words, frameOf('bye'));
  await until(() => server.events.includes('0 down'), 'closed');
});

test('a thousand idle connections cost no timers and no turns', async () => {
  const server = await listen();
  await Promise.all(Array.from({ length: 1000 }, () => dial(server)));
  await until(() => server.events.length === 1000, 'all are accepted');
  const speaker = sockets.at(-1)!;
  speaker.write(frameOf('hi'));
  await until(() => server.events.length === 1001, 'one speaks');
  assert.equal(server.port.connections, 1000);
});

test('a port with an identity shows whose it is, and hears only who speaks TLS and its protocol', async () => {
  const identity = generateIdentity();
  const server = await listen(
    { firstMessageMs: 1500 },
    { tls: { identity: identity.tls, protocol: 'test/1' } },
  );
  const call = (protocol: string) => {
    const options = { port: server.port.address.port, host: LOOPBACK, ALPNProtocols: [protocol] };
    const socket = connectTls({ ...options, rejectUnauthorized: false });
    sockets.push(socket);
    return socket.on('error', () => {});
  };
  const socket = call('test/1');
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  assert.equal(pinOf(socket.getPeerX509Certificate()?.raw ?? ''), identity.pin);
  socket.write(frameOf('hello'));
  await until(() => server.events.includes('0: hello'), 'it arrives');
  server.connections.get(FIRST_CONNECTION)?.route.queue(frameOf('bye'));
  server.connections.get(FIRST_CONNECTION)?.route.end();
  assert.deepEqual(await new Promise<Buffer>((resolve) => socket.once('data', resolve)), frameOf('bye'));
  const plain = await dial(server);
  plain.write(frameOf('hello'));
  const stranger = call('other/1');
  const silent = await dial(server);
  await until(() => plain.destroyed && stranger.destroyed, 'both are dropped');
  silent.resume();
  await until(() => silent.destroyed, 'a handshake that does not happen ends');
  assert.deepEqual(server.events, ['0 up', '0: hello', '0 down']);
  assert.ok(whys(server).every((why) => why === 'handshake-failed'));
});

test('handshakes that do not end are few, and end', async () => {
  const identity = generateIdentity();
  const tls = createTlsServer({ ...identity.tls, handshakeTimeout: 1000 });
  const shown: unknown[] = [];
  const server = await listen(
    { handshakesMax: 2 },
    {
      certified: { server: tls, certificates: 'none' },
      onOpened: (_id, _address, _stream, certificate) => void shown.push(certificate),
    },
  );
  const crowd = await Promise.all([1, 2, 3].map(() => dial(server)));
  await until(() => whys(server).includes('too-many-handshakes'), 'the third is refused');
  crowd[0]?.write(Buffer.from('160301', 'hex'));
  await until(() => crowd.every((socket) => socket.destroyed), 'none is waited for');
  const failures = () => server.notes.filter(({ kind }) => kind === 'handshake-failed');
  await until(() => failures().length >= 2, 'and told');
  assert.ok(failures().some((note) => note['why'] === 'ERR_TLS_HANDSHAKE_TIMEOUT'));
  assert.equal(whys(server).filter((why) => why === 'too-many-handshakes').length, 1);
  const { port } = server.port.address;
  const socket = connectTls({ port, host: LOOPBACK, rejectUnauthorized: false });
  sockets.push(socket.on('error', () => {}));
  socket.write(frameOf('hello'));
  await until(() => server.events.includes('0: hello'), 'and there is room again');
  assert.deepEqual(shown, [undefined]);
});
