/** Peers that cannot be called, over real sockets: such a peer does not listen. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { NodeId } from '@concordat/kernel';
import { generateIdentity } from '../../crypto/identity.ts';
import { greet } from '../../links/greeting.ts';
import { RELAY_PROTOCOL } from '../../links/pins.ts';
import {
  handles,
  join,
  LOOPBACK,
  type Member,
  type MemberOptions,
  nothingLeft,
  type Passage,
  passage,
  pause,
  until,
} from '../testing/crowd.ts';
import { createUpload } from '../upload.ts';
import { type Control, createControl } from './control.ts';
import {
  type ControlMessage,
  decodeControl,
  decodePreamble,
  encodeControl,
  encodePreamble,
} from './messages.ts';

const here: Member[] = [];
const sockets: Socket[] = [];
const passages: Passage[] = [];

afterEach(() => {
  for (const member of here.splice(0)) member.peers.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const way of passages.splice(0)) way.close();
});

const RELAY = { maxBytesPerSecond: 10_000_000, maxCircuits: 16 };

async function enter(id: NodeId, options: MemberOptions = {}): Promise<Member> {
  const member = await join(id, options);
  here.push(member);
  return member;
}

const relay = (id: NodeId, options: MemberOptions = {}): Promise<Member> =>
  enter(id, { relay: RELAY, ...options });

const hidden = (id: NodeId, options: MemberOptions = {}): Promise<Member> =>
  enter(id, { listen: null, ...options });

/** Makes all known to each other; those who do not listen are reached through `via`. */
function acquaint(members: readonly Member[], via: NodeId | readonly NodeId[]): void {
  for (const one of members)
    for (const other of members) {
      const { pin } = other.identity;
      if (one !== other)
        one.peers.add(other.id, other.peers.address === null ? { via, pin } : other.contact());
    }
}

const registered = (member: Member, relays: readonly NodeId[]): Promise<void> =>
  until(() => [...member.peers.relays].sort().join() === relays.join(), `${member.id} is with ${relays}`);

const circuitsOf = (member: Member) => member.peers.relay!.circuits;

/** A control link that says what it likes. */
async function controlOf(
  { identity, id }: Member,
  at: Member,
  onMessage: (message: ControlMessage) => void = () => {},
): Promise<{ readonly control: Control; readonly socket: Socket }> {
  const socket = connectTls({
    host: LOOPBACK,
    port: at.peers.address!.port,
    ...identity.tls,
    rejectUnauthorized: false,
    ALPNProtocols: [RELAY_PROTOCOL],
  });
  sockets.push(socket.on('error', () => {}));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  return new Promise((resolve) =>
    greet(socket, id, at.id, (rest) => {
      const upload = createUpload(null);
      const control = createControl({
        socket,
        rest,
        upload,
        silentMs: 60_000,
        onMessage,
        onClosed: () => {},
      });
      resolve({ control, socket });
    }),
  );
}

test('what peers and relays say is canonical, and anything else is null', () => {
  const token = new Uint8Array(16).fill(7);
  const messages: ControlMessage[] = [
    { kind: 'register' },
    { kind: 'registered' },
    { kind: 'reach', peer: 0x01020304 },
    { kind: 'circuit', peer: 5, token },
    { kind: 'refused', peer: 5 },
    { kind: 'called', peer: 0, token },
  ];
  const golden = [
    '00',
    '01',
    '0201020304',
    `0300000005${'07'.repeat(16)}`,
    '0400000005',
    `0500000000${'07'.repeat(16)}`,
  ];
  messages.forEach((message, i) => {
    const bytes = encodeControl(message);
    assert.equal(Buffer.from(bytes).toString('hex'), golden[i]);
    assert.deepEqual(decodeControl(bytes), message);
    assert.equal(decodeControl(new Uint8Array([...bytes, 0])), null);
    assert.equal(decodeControl(bytes.slice(0, -1)), null);
  });
  assert.equal(decodeControl(new Uint8Array([6])), null);
  assert.deepEqual(decodePreamble(encodePreamble(token)), token);
  for (let i = 0; i < 20_000; i++) {
    const bytes = new Uint8Array(randomBytes(i % 24));
    bytes[0] = i % 8;
    const message = decodeControl(bytes);
    if (message !== null) assert.deepEqual(encodeControl(message), bytes);
    assert.equal(decodePreamble(bytes), null);
  }
});

test('a peer that cannot be called is reached through a relay, which sees no word of it', async () => {
  const exchange = await relay(9);
  const seen: Buffer[] = [];
  const way = await passage(exchange.peers.address!.port);
  passages.push(way);
  way.tap = (piece) => void seen.push(piece);
  const [zero, one] = [await enter(0), await hidden(1)];
  acquaint([zero, one, exchange], 9);
  for (const member of [zero, one]) member.peers.add(9, { ...exchange.contact(), port: way.port } as never);
  one.peers.register([9]);
  await registered(one, [9]);
  zero.send(1, 'a secret', 'x'.repeat(100_000));
  await until(() => one.events.length === 2, 'it arrives');
  one.send(0, 'an answer');
  await until(() => zero.events.includes('1: an answer'), 'the same way back');
  assert.deepEqual(one.events.slice(0, 1), ['0: a secret']);
  assert.deepEqual(exchange.events, [], 'the relay has no part in it');
  const [circuit, ...others] = circuitsOf(exchange);
  assert.ok(circuit !== undefined && others.length === 0 && circuit.bytes > 100_000);
  assert.deepEqual([circuit.from, circuit.to], [0, 1]);
  assert.equal(exchange.peers.relay!.bytes, circuit.bytes);
  const all = Buffer.concat(seen);
  assert.ok(
    all.length > 100_000 && !all.includes('secret') && !all.includes('xxxxxxxx') && !all.includes('answer'),
  );
});

test('two that cannot be called reach each other, and the relay reaches them', async () => {
  const exchange = await relay(5);
  const [zero, one] = [await hidden(0), await hidden(1)];
  acquaint([zero, one, exchange], 5);
  for (const member of [zero, one]) member.peers.register([5]);
  await registered(zero, [5]);
  await registered(one, [5]);
  // Both at once: the tie is broken across circuits, too.
  zero.send(1, 'a');
  one.send(0, 'b');
  await until(() => zero.events.length === 1 && one.events.length === 1, 'both are heard');
  assert.deepEqual([...zero.events, ...one.events], ['1: b', '0: a']);
  await until(() => circuitsOf(exchange).length === 1, 'one circuit is left');
  exchange.send(1, 'from the relay itself');
  await until(() => one.events.includes('5: from the relay itself'), 'heard');
  one.send(5, 'to it');
  await until(() => exchange.events.includes('1: to it'), 'heard');
});

test('a direct call goes before one through a relay, whoever has the smaller id', async () => {
  for (const [open, shy] of [
    [0, 1],
    [3, 2],
  ] as const) {
    const exchange = await relay(9);
    const [caller, callee] = [await enter(open), await hidden(shy)];
    acquaint([caller, callee, exchange], 9);
    callee.peers.register([9]);
    await registered(callee, [9]);
    // The way through the relay is slow: the direct call comes while it is still tried.
    const slow = await passage(exchange.peers.address!.port);
    passages.push(slow);
    slow.delayMs = () => 20;
    caller.peers.add(9, { ...exchange.contact(), port: slow.port } as never);
    caller.send(shy, 'through the relay');
    callee.send(open, 'directly');
    await until(() => caller.events.length === 1 && callee.events.length === 1, 'both are heard');
    assert.ok(![...caller.events, ...callee.events].some((event) => event.endsWith('down')));
    await until(() => circuitsOf(exchange).length === 0, 'the circuit is not needed');
    assert.deepEqual([caller.peers.linked, callee.peers.linked], [[shy], [open]]);
    for (const member of here.splice(0)) member.peers.destroy();
  }
});

test('a relay that answers in the place of a peer is found out', async () => {
  const exchange = await relay(9);
  const [zero, one] = [await enter(0), await hidden(1)];
  acquaint([zero, one, exchange], 9);
  // The relay passes calls for the peer on to somebody of its own choice.
  const impostor = await hidden(1);
  impostor.peers.add(0, zero.contact());
  impostor.peers.add(9, exchange.contact());
  exchange.peers.add(1, { via: 9, pin: impostor.identity.pin });
  impostor.peers.register([9]);
  await registered(impostor, [9]);
  zero.send(1, 'a secret');
  await until(() => zero.events.includes('1 down'), 'nobody is believed');
  assert.ok(zero.notes.some(({ kind, why }) => kind === 'link-refused' && why === 'unknown-pin'));
  assert.deepEqual(impostor.events, []);
});

test('when a relay dies, links through it break, and both are back by another', async () => {
  const relays = [await relay(7), await relay(8), await relay(9)];
  const heardOf: string[] = [];
  const [zero, one] = [
    await enter(0),
    await hidden(1, {
      onRelays: (now) => void heardOf.push(now.join()),
      limits: { backoff: { firstMs: 50, lastMs: 200 } },
    }),
  ];
  acquaint([zero, one, ...relays], [7, 8]);
  one.peers.register([7, 8, 9]);
  await registered(one, [7, 8]);
  zero.send(1, 'a');
  await until(() => one.events.length === 1, 'linked through the first');
  assert.equal(circuitsOf(relays[0]!).length, 1);
  relays[0]!.peers.destroy();
  await until(() => zero.events.includes('1 down') && one.events.includes('0 down'), 'both are told');
  await registered(one, [8, 9]);
  assert.ok(heardOf.includes('8,9') || heardOf.includes('9,8'));
  // The first way of its contact is dead: the second is tried in the same call.
  await until(() => {
    zero.send(1, 'b');
    return one.events.includes('0: b');
  }, 'back');
  assert.equal(circuitsOf(relays[1]!).length, 1);
});

test('circuits are bounded, for each peer and in all, and only for those who are known', async () => {
  const exchange = await relay(9, { relay: { ...RELAY, maxCircuits: 3, maxCircuitsPerPeer: 2 } });
  const callees: Member[] = [];
  for (let id = 1; id <= 4; id++) callees.push(await hidden(id));
  const [zero, ten] = [await enter(0), await enter(10)];
  acquaint([zero, ten, ...callees, exchange], 9);
  for (const callee of callees) callee.peers.register([9]);
  for (const callee of callees) await registered(callee, [9]);
  for (const id of [1, 2]) zero.send(id, 'a');
  await until(() => callees[0]!.events.length + callees[1]!.events.length === 2, 'two get through');
  zero.send(3, 'a');
  await until(() => zero.events.includes('3 down'), 'the third of one peer does not');
  ten.send(3, 'a');
  await until(() => callees[2]!.events.includes('10: a'), 'that of another does');
  ten.send(4, 'a');
  await until(() => ten.events.includes('4 down'), 'four are too many in all');
  const why = exchange.notes.filter(({ kind }) => kind === 'relay-refused').map((note) => note['why']);
  assert.deepEqual(why, ['too-many-of-peer', 'too-many-circuits']);
  // Somebody whom the relay does not know gets not even a control link.
  exchange.peers.remove(10);
  await until(() => ten.events.includes('3 down'), 'what it had is cut');
  const stranger = connectTls({
    host: LOOPBACK,
    port: exchange.peers.address!.port,
    ...ten.identity.tls,
    rejectUnauthorized: false,
    ALPNProtocols: [RELAY_PROTOCOL],
  });
  sockets.push(stranger.on('error', () => {}).resume());
  await until(() => stranger.destroyed, 'refused');
});

test('tokens are good once; ends that never come, and idle circuits, leave nothing', async () => {
  const limits = { handshakeMs: 400, dialMs: 400, silentMs: 1500 };
  const exchange = await relay(9, { limits });
  const [zero, one] = [await enter(0, { limits }), await enter(1, { limits })];
  acquaint([zero, one, exchange], 9);
  const before = handles();
  zero.peers.add(1, { via: 9, pin: one.identity.pin });
  // One that registers, is called, and never comes.
  const called: ControlMessage[] = [];
  const sleeper = await controlOf(one, exchange, (message) => void called.push(message));
  sleeper.control.send({ kind: 'register' });
  await until(() => called.length === 1, 'registered');
  zero.send(1, 'a');
  await until(() => zero.events.includes('1 down'), 'given up');
  assert.equal(called[1]?.kind, 'called');
  await until(() => circuitsOf(exchange).length === 0, 'forgotten');
  // An asker that never comes; and ends that come with tokens that are not, or no longer, good.
  const answers: ControlMessage[] = [];
  const asker = await controlOf(zero, exchange, (message) => void answers.push(message));
  asker.control.send({ kind: 'reach', peer: 1 });
  await until(() => answers.length === 1, 'an answer');
  const answer = answers[0]!;
  assert.equal(answer.kind, 'circuit');
  const token = 'token' in answer ? answer.token : new Uint8Array(16);
  const knock = (with_: Uint8Array): Socket => {
    const socket = connectTcp(exchange.peers.address!.port, LOOPBACK, () =>
      socket.write(encodePreamble(with_)),
    );
    sockets.push(socket.on('error', () => {}).resume());
    return socket;
  };
  knock(token);
  const replayed = knock(token);
  const invented = knock(new Uint8Array(16).fill(1));
  const partial = connectTcp(exchange.peers.address!.port, LOOPBACK, () => partial.write(Buffer.from('CCR')));
  const other = connectTcp(exchange.peers.address!.port, LOOPBACK, () => other.write(Buffer.alloc(64, 0x41)));
  for (const socket of [partial, other]) sockets.push(socket.on('error', () => {}).resume());
  await until(() => sockets.slice(2).every(({ destroyed }) => destroyed), 'all are hung up on');
  assert.ok(replayed.destroyed && invented.destroyed);
  const refusals = exchange.notes
    .filter(({ kind }) => kind === 'link-refused')
    .map((note) => `${note['why']}`);
  assert.deepEqual(refusals.sort(), ['handshake-timeout', 'malformed', 'unknown-token', 'unknown-token']);
  await until(() => circuitsOf(exchange).length === 0, 'forgotten');
  // Two ends that come, and say nothing.
  asker.control.send({ kind: 'reach', peer: 1 });
  await until(() => answers.length === 2 && called.length === 4, 'another circuit');
  const ends = [answers[1]!, called[3]!].map((message) => knock('token' in message ? message.token : token));
  await until(() => exchange.notes.some(({ kind }) => kind === 'circuit'), 'spliced');
  await until(() => ends.every(({ destroyed }) => destroyed), 'idle for too long');
  sleeper.socket.destroy();
  asker.socket.destroy();
  zero.peers.remove(9);
  await nothingLeft(before);
});

test('a flood of asks costs its sender the control link, and nobody else anything', async () => {
  const exchange = await relay(9);
  const [zero, one, two] = [await enter(0), await hidden(1), await enter(2)];
  acquaint([zero, one, two, exchange], 9);
  one.peers.register([9]);
  await registered(one, [9]);
  const flooder = await controlOf(two, exchange);
  const ask = Buffer.concat([Buffer.from([0, 0, 0, 5]), encodeControl({ kind: 'reach', peer: 1 })]);
  for (let i = 0; i < 3000 && !flooder.socket.destroyed; i++) flooder.socket.write(ask);
  await until(() => flooder.socket.destroyed, 'hung up on');
  assert.ok(exchange.notes.some(({ kind, why }) => kind === 'strike' && why === 'circuit-flood'));
  assert.ok(circuitsOf(exchange).length <= 2);
  zero.send(1, 'a');
  await until(() => one.events.includes('0: a'), 'others get through');
});

test('a relay passes on no more than it has said, first second and later, and its own cap counts it', async () => {
  for (const [own, all] of [
    [60_000, 10_000_000],
    [10_000_000, 60_000],
  ] as const) {
    const exchange = await relay(9, {
      relay: { ...RELAY, maxBytesPerSecond: own },
      uploadCap: { bytesPerSecond: all, burstBytes: 32_768 },
    });
    const way = await passage(exchange.peers.address!.port);
    passages.push(way);
    const seen: { at: number; bytes: number }[] = [];
    way.onDown = (bytes, at) => void seen.push({ at, bytes });
    const [zero, one] = [await enter(0), await hidden(1)];
    acquaint([zero, one, exchange], 9);
    for (const member of [zero, one]) member.peers.add(9, { ...exchange.contact(), port: way.port } as never);
    one.peers.register([9]);
    await registered(one, [9]);
    const from = seen.length;
    for (let i = 0; i < 50; i++) zero.send(1, `${i} `.padEnd(5000, 'x'));
    await until(() => one.events.length === 50, 'all arrives');
    const passed = seen.slice(from);
    const total = passed.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(total > 250_000);
    for (const [i, { at }] of passed.entries()) {
      const within = passed.slice(i).filter((piece) => piece.at < at + 900);
      const bytes = within.reduce((sum, piece) => sum + piece.bytes, 0);
      // Besides what is passed on, the relay says a little itself.
      assert.ok(bytes <= 32_768 + 60_000 + 4000, `${bytes} bytes in a second`);
    }
    for (const member of here.splice(0)) member.peers.destroy();
  }
});

test('a peer without a port and without a relay calls; it cannot be called', async () => {
  const [zero, one] = [await enter(0), await hidden(1)];
  zero.peers.add(1, { host: LOOPBACK, port: 0, pin: one.identity.pin });
  one.peers.add(0, zero.contact());
  zero.send(1, 'a');
  await until(() => zero.events.length === 1, 'told');
  assert.deepEqual(zero.events, ['1 down']);
  one.send(0, 'b');
  await until(() => zero.events.includes('1: b'), 'it calls');
  zero.send(1, 'c');
  await until(() => one.events.includes('0: c'), 'and is answered');
  await pause(1);
  const other = generateIdentity();
  zero.peers.add(2, { via: 3, pin: other.pin });
  zero.send(2, 'through somebody unknown');
  await until(() => zero.events.includes('2 down'), 'told');
});

test('a relay that makes a peer come back all the time is dropped', async () => {
  const exchange = await relay(9);
  const [zero, one] = [await enter(0), await enter(1)];
  acquaint([zero, one, exchange], 9);
  // The peer registers with somebody who answers every registration with a thousand calls.
  const calls = Buffer.concat(
    Array.from({ length: 1000 }, () =>
      Buffer.from([0, 0, 0, 21, ...encodeControl({ kind: 'called', peer: 0, token: new Uint8Array(16) })]),
    ),
  );
  const { join: take } = exchange.peers.relay!;
  let joins = 0;
  Object.assign(exchange.peers.relay!, {
    join: (peer: NodeId, socket: Socket, rest: Buffer) => {
      joins++;
      take(peer, socket, rest);
      socket.write(Buffer.concat([Buffer.from([0, 0, 0, 1, 1]), calls]));
    },
  });
  one.peers.register([9]);
  await until(() => one.notes.some(({ kind, why }) => kind === 'strike' && why === 'call-flood'), 'dropped');
  const came = exchange.notes.filter(({ why }) => why === 'unknown-token').length;
  assert.ok(joins === 1 && came <= 64, `${joins} control links, ${came} circuits`);
});
