/** Links under hostile callers, restarts and slow peers, over real sockets. */

import assert from 'node:assert/strict';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { MessageCodec, NodeId, Note } from '@concordat/kernel';
import { generateIdentity, type Identity } from '../crypto/identity.ts';
import { freePort } from '../free-port.ts';
import type { Source } from '../host/inbox.ts';
import { createLinks, type LinkLimits, type Links } from './links.ts';
import { LINK_PROTOCOL } from './pins.ts';

const LOOPBACK = '127.0.0.1';

const codec: MessageCodec<string> = {
  encode: (message) => new Uint8Array(Buffer.from(message)),
  decode: (bytes) => (bytes[0] === 0x21 ? null : Buffer.from(bytes).toString()),
};

interface Node {
  readonly links: Links;
  readonly port: number;
  readonly events: string[];
  readonly notes: Note[];
  send(to: NodeId, text: string): void;
}

const open: Node[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const node of open.splice(0)) node.links.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface NodeOptions {
  readonly identities: readonly Identity[];
  readonly ports: ReadonlyMap<NodeId, number>;
  readonly port?: number;
  readonly limits?: Partial<LinkLimits>;
  /** Leaves what arrives in the inbox. */
  readonly isStuck?: boolean;
  /** Nobody calls it. */
  readonly isDeaf?: boolean;
}

async function start(self: NodeId, options: NodeOptions): Promise<Node> {
  const events: string[] = [];
  const notes: Note[] = [];
  const sink = {
    message: (from: NodeId, message: string) => void events.push(`${from}: ${message}`),
    linked: (peer: NodeId, isUp: boolean) => void events.push(`${peer} ${isUp ? 'up' : 'down'}`),
  };
  const peers = options.identities.map(
    ({ pin }, id): [NodeId, { host: string; port: number; pin: string }] => [
      id,
      { host: LOOPBACK, port: options.ports.get(id) ?? 1, pin },
    ],
  );
  const links = await createLinks<string>(
    {
      self,
      listen: options.isDeaf === true ? null : { host: LOOPBACK, port: options.port ?? (await freePort()) },
      tls: options.identities[self]!.tls,
      peers: new Map(peers),
      limits: options.limits ?? {},
    },
    codec,
    {
      ready: (source: Source<string>) => {
        if (options.isStuck !== true) setImmediate(() => source.deliver(sink, 1 << 20));
      },
      note: (note) => void notes.push(note),
      sent: () => {},
      received: () => {},
      lost: (count) => void events.push(`lost ${count}`),
    },
  );
  links.open();
  const send = (to: NodeId, text: string): void => {
    const route = links.peers.get(to)!.route;
    route.queue(codec.encode(text));
    route.flush();
  };
  const node = { links, port: links.address?.port ?? 0, events, notes, send };
  open.push(node);
  return node;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const runningTimers = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

const refusals = (node: Node): unknown[] =>
  node.notes.filter(({ kind }) => kind === 'link-refused').map((note) => note['why']);

async function pair(
  limits: Partial<LinkLimits> = {},
): Promise<{ zero: Node; one: Node; identities: Identity[] }> {
  const identities = [generateIdentity(), generateIdentity()];
  const one = await start(1, { identities, ports: new Map(), limits });
  const zero = await start(0, { identities, ports: new Map([[1, one.port]]), limits });
  await until(() => zero.events.includes('1 up') && one.events.includes('0 up'), 'linked');
  return { zero, one, identities };
}

/** A caller with an identity of its choice that speaks TLS, and then what it likes. */
async function call(port: number, identity: Identity | null, protocol = LINK_PROTOCOL): Promise<Socket> {
  const socket = connectTls({
    host: LOOPBACK,
    port,
    ...(identity?.tls ?? {}),
    rejectUnauthorized: false,
    ALPNProtocols: [protocol],
  });
  sockets.push(socket);
  socket.on('error', () => {}).resume();
  await new Promise((resolve) => {
    socket.once('secureConnect', resolve);
    socket.once('close', resolve);
  });
  return socket;
}

test('messages of all sizes arrive in order, both ways', async () => {
  const { zero, one } = await pair();
  const sizes = [1, 2, 100, 65_536, 1_000_000, 4_194_296, 3];
  for (const size of sizes) {
    zero.send(1, 'a'.repeat(size));
    one.send(0, 'b'.repeat(size));
  }
  await until(() => zero.events.length === 8 && one.events.length === 8, 'all arrive');
  assert.deepEqual(
    one.events.slice(1).map((event) => event.length - 3),
    sizes,
  );
  assert.deepEqual(
    zero.events.slice(1).map((event) => event.length - 3),
    sizes,
  );
});

test('a restarted peer is linked again, from either side', async () => {
  const { zero, one, identities } = await pair();
  one.links.destroy();
  await until(() => zero.events.includes('1 down'), 'the break is noticed');
  zero.send(1, 'into the void');
  assert.ok(zero.events.includes('lost 1'));
  const again = await start(1, { identities, ports: new Map(), port: one.port });
  await until(() => again.events.includes('0 up'), 'the caller calls again');
  zero.links.destroy();
  await until(() => again.events.includes('0 down'), 'the break is noticed');
  const caller = await start(0, { identities, ports: new Map([[1, again.port]]) });
  await until(() => caller.events.includes('1 up'), 'linked anew');
  caller.send(1, 'hello');
  await until(() => again.events.at(-1) === '0: hello', 'it works');
});

test('a newer link replaces one that is dead but not noticed', async () => {
  const { one, identities } = await pair();
  const twin = await start(0, { identities, ports: new Map([[1, one.port]]) });
  await until(() => twin.events.includes('1 up'), 'the newer link is taken');
  await until(() => one.events.join().startsWith('0 up,0 down,0 up'), 'the older one is down first');
});

test('strangers, wrong protocols and callers without a certificate are refused', async () => {
  const { one, identities } = await pair();
  for (const identity of [generateIdentity(), null]) {
    const socket = await call(one.port, identity);
    await until(() => socket.destroyed, 'hung up');
  }
  await call(one.port, identities[0]!, 'http/1.1');
  const plain = connectTcp(one.port, LOOPBACK);
  sockets.push(plain);
  plain.on('error', () => {});
  plain.write('GET / HTTP/1.0\r\n\r\n');
  await until(() => refusals(one).length === 4, 'all are noted');
  assert.deepEqual(refusals(one).sort(), [
    'handshake-failed',
    'handshake-failed',
    'unknown-pin',
    'unknown-pin',
  ]);
  assert.deepEqual(one.events, ['0 up'], 'the process hears of none of it');
});

test('a member that calls the wrong way round is refused', async () => {
  const { zero, identities } = await pair();
  const socket = await call(zero.port, identities[1]!);
  await until(() => socket.destroyed, 'hung up');
  assert.deepEqual(refusals(zero), ['wrong-direction']);
});

test('a caller that greets wrongly, or not at all, is dropped', async () => {
  const identities = [generateIdentity(), generateIdentity()];
  const one = await start(1, { identities, ports: new Map(), limits: { handshakeMs: 300 } });
  // The member itself is patient: hanging up while it is being linked would show as a link that breaks.
  await start(0, { identities, ports: new Map([[1, one.port]]) });
  await until(() => one.events.includes('0 up'), 'linked');
  const wrong = await call(one.port, identities[0]!);
  wrong.write(Buffer.alloc(12, 1));
  const mute = await call(one.port, identities[0]!);
  const slow = connectTcp(one.port, LOOPBACK);
  sockets.push(slow);
  slow.on('error', () => {}).resume();
  await until(() => wrong.destroyed && mute.destroyed && slow.destroyed, 'all are dropped');
  assert.deepEqual(one.events, ['0 up']);
});

test('a crowd of silent strangers cannot keep a member out', async () => {
  const identities = [generateIdentity(), generateIdentity()];
  const one = await start(1, {
    identities,
    ports: new Map(),
    limits: { strangersMax: 8, handshakeMs: 60_000 },
  });
  for (let i = 0; i < 50; i++) {
    const socket = connectTcp(one.port, LOOPBACK);
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await until(() => refusals(one).length >= 42, 'the oldest make room');
  const zero = await start(0, { identities, ports: new Map([[1, one.port]]) });
  await until(() => zero.events.includes('1 up'), 'the member gets through');
});

test('calls beyond the rate cost no handshake', async () => {
  const identities = [generateIdentity(), generateIdentity()];
  const one = await start(1, { identities, ports: new Map(), limits: { callsPerSecond: 5 } });
  for (let i = 0; i < 20; i++) {
    const socket = connectTcp(one.port, LOOPBACK);
    socket.on('error', () => {});
    sockets.push(socket);
  }
  await until(() => refusals(one).filter((why) => why === 'too-many-calls').length >= 10, 'refused at once');
});

test('a malformed message drops the link and is a strike', async () => {
  const { zero, one } = await pair();
  zero.send(1, 'fine');
  zero.send(1, '!undecodable');
  zero.send(1, 'never believed');
  await until(() => one.events.includes('0 down'), 'dropped');
  assert.deepEqual(one.events.slice(0, 3), ['0 up', '0: fine', '0 down']);
  assert.ok(one.notes.some(({ kind, peer }) => kind === 'strike' && peer === 0));
  await until(() => one.events.at(-1) === '0 up', 'and is linked again');
});

test('a peer that announces too large a frame is dropped', async () => {
  const { one, identities } = await pair();
  const socket = await call(one.port, identities[0]!);
  const greeting = Buffer.alloc(12);
  greeting.writeUInt32BE(0x43434c4b, 0);
  greeting.writeUInt32BE(0, 4);
  greeting.writeUInt32BE(1, 8);
  socket.write(Buffer.concat([greeting, Buffer.from([0xff, 0xff, 0xff, 0xff])]));
  await until(() => one.notes.some(({ why }) => why === 'frame-too-large'), 'it is a strike');
  await until(() => socket.destroyed, 'dropped');
});

test('a peer that does not read is dropped rather than remembered', async () => {
  const identities = [generateIdentity(), generateIdentity()];
  const limits = { inboxBytes: 64 * 1024, outboxBytes: 1024 * 1024 };
  const one = await start(1, { identities, ports: new Map(), limits, isStuck: true });
  const zero = await start(0, { identities, ports: new Map([[1, one.port]]), limits });
  await until(() => zero.events.includes('1 up'), 'linked');
  for (let i = 0; i < 2000 && !zero.events.includes('1 down'); i++) {
    zero.send(1, 'x'.repeat(64 * 1024));
    if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => zero.notes.some(({ why }) => why === 'overflow'), 'the link is dropped');
  assert.ok(one.links.peers.get(0)!.inboxBytes < 1024 * 1024, 'the receiver had stopped reading');
});

test('a link on which nothing arrives is dropped; keep-alives prevent that', async () => {
  const { zero, one } = await pair({ beatMs: 20, silentMs: 200 });
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.deepEqual(zero.events, ['1 up']);
  assert.deepEqual(one.events, ['0 up']);
  const identities = [generateIdentity(), generateIdentity()];
  const idle = await start(1, { identities, ports: new Map(), limits: { beatMs: 20, silentMs: 200 } });
  // The caller never beats, as if the network had swallowed it.
  const caller = await start(0, { identities, ports: new Map([[1, idle.port]]), limits: { beatMs: 60_000 } });
  await until(() => idle.notes.some(({ why }) => why === 'silent'), 'silence is noticed');
  await until(() => caller.events.includes('1 down'), 'and the caller is told');
});

test('what arrived while this node stood still is no silence', async () => {
  const { zero, one } = await pair({ beatMs: 20, silentMs: 200 });
  const end = performance.now() + 500;
  while (performance.now() < end);
  zero.send(1, 'still here');
  await until(() => one.events.length > 1 || zero.events.length > 1, 'something happens');
  assert.deepEqual(one.events, ['0 up', '0: still here']);
  assert.deepEqual(zero.events, ['1 up']);
});

test('a taken port and unusable identities are typed errors', async () => {
  const identities = [generateIdentity(), generateIdentity()];
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, LOOPBACK, resolve));
  const address = blocker.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const timers = runningTimers();
  await assert.rejects(start(0, { identities, ports: new Map(), port }), { code: 'port-failed' });
  assert.ok(runningTimers() <= timers, 'links that never opened keep no process alive');
  blocker.close();
  const crossed = [{ ...identities[0]!, tls: { ...identities[0]!.tls, cert: identities[1]!.tls.cert } }];
  await assert.rejects(start(0, { identities: crossed, ports: new Map() }), { code: 'bad-configuration' });
  const unpinned = [identities[0]!, { ...identities[1]!, pin: 'abc' }];
  await assert.rejects(start(0, { identities: unpinned, ports: new Map() }), { code: 'bad-configuration' });
});

test('a node that does not listen calls all others, and is called by nobody', async () => {
  const identities = [0, 1].map((id) => generateIdentity(`node ${id}`));
  const member = await start(0, { identities, ports: new Map([[1, 0]]) });
  const ports = new Map([[0, member.port]]);
  const quiet = await start(1, { identities, ports, isDeaf: true });
  assert.equal(quiet.links.address, null);
  await until(() => member.events.includes('1 up') && quiet.events.includes('0 up'), 'the link');
  member.send(1, 'news');
  quiet.send(0, 'thanks');
  await until(() => quiet.events.includes('0: news') && member.events.includes('1: thanks'), 'messages');
  // It is back by its own call.
  member.links.peers.get(1)?.detach('a test');
  await until(() => member.events.filter((event) => event === '1 up').length === 2, 'the link again');
});
