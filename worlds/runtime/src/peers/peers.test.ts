/** Links on demand, over real sockets. */

import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { generateIdentity } from '../crypto/identity.ts';
import { freePort } from '../free-port.ts';
import { PEER_PROTOCOL } from '../links/pins.ts';
import { createBook } from './book.ts';
import {
  handles,
  introduce,
  join,
  LOOPBACK,
  type Member,
  type MemberOptions,
  nothingLeft,
  passage,
  pause,
  until,
} from './testing/crowd.ts';

const here: Member[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const member of here.splice(0)) member.peers.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function enter(id: number, options: MemberOptions = {}): Promise<Member> {
  const member = await join(id, options);
  here.push(member);
  return member;
}

async function pair(options: MemberOptions = {}): Promise<[Member, Member]> {
  const both: [Member, Member] = [await enter(0, options), await enter(1, options)];
  introduce(both);
  return both;
}

const whys = (member: Member, kind: string): unknown[] =>
  member.notes.filter((note) => note.kind === kind).map(({ why }) => why);

test('the first message joins two peers, whoever sends it, and none is lost or overtaken', async () => {
  const [zero, one] = await pair();
  assert.deepEqual([zero.peers.linked, one.peers.linked], [[], []], 'nobody is linked before');
  for (let i = 0; i < 50; i++) one.send(0, `a${i}`);
  await until(() => zero.events.length === 50, 'what waited for the link');
  zero.send(1, 'b');
  await until(() => one.events.length === 1, 'the answer takes the same link');
  assert.deepEqual(one.events, ['0: b']);
  assert.deepEqual(zero.events, [...Array.from({ length: 50 }, (_, i) => `1: a${i}`)]);
  assert.deepEqual([zero.lost, one.lost], [0, 0]);
});

test('messages of all sizes arrive in order; what no frame holds is a bug of the process', async () => {
  const [zero, one] = await pair({ limits: { frameBytes: 65_536, waitingBytes: 4_000_000 } });
  const sizes = [1, 2, 100, 65_532, 30_000, 40_000, 3];
  zero.send(1, ...sizes.map((size) => 'x'.repeat(size)));
  await until(() => one.events.length === 7, 'all arrive');
  assert.deepEqual(
    one.events.map((event) => event.length - 3),
    sizes,
  );
  assert.throws(() => zero.send(1, 'x'.repeat(65_533)));
});

test('who cannot be reached is told of once, and again once for what is sent before the next try', async () => {
  const zero = await enter(0, { limits: { backoff: { firstMs: 300, lastMs: 300 } } });
  const absent = generateIdentity();
  zero.peers.add(1, { host: LOOPBACK, port: await freePort(), pin: absent.pin });
  zero.send(1, 'a', 'b');
  await until(() => zero.events.length === 1, 'the failure');
  for (let i = 0; i < 5; i++) zero.send(1, 'c');
  await pause(20);
  assert.deepEqual(zero.events, ['1 down', '1 down']);
  assert.equal(zero.lost, 7);
  await until(() => {
    zero.send(1, 'd');
    return zero.events.length === 3;
  }, 'a later message tries again');
  zero.send(2, 'to a stranger');
  assert.equal(zero.peers.exit(2), undefined);
});

test('a peer that never answers is given up after the dial timeout', async () => {
  const [zero, one] = await pair({ limits: { dialMs: 150 } });
  const hole = await passage(one.peers.address!.port);
  hole.isDark = true;
  zero.peers.add(1, { ...one.contact(), port: hole.port } as never);
  zero.send(1, 'a');
  await until(() => zero.events.includes('1 down'), 'given up');
  hole.close();
  assert.deepEqual(zero.events, ['1 down']);
});

test('a link that breaks is told at both ends, and the next message joins them again', async () => {
  const [zero, one] = await pair();
  const between = await passage(one.peers.address!.port);
  zero.peers.add(1, { ...one.contact(), port: between.port } as never);
  zero.send(1, 'a');
  await until(() => one.events.length === 1, 'linked');
  for (const socket of between.sockets) socket.destroy();
  await until(() => zero.events.includes('1 down') && one.events.includes('0 down'), 'both are told');
  one.send(0, 'b');
  await until(() => zero.events.at(-1) === '1: b', 'joined again');
  assert.deepEqual(one.events, ['0: a', '0 down']);
  between.close();
});

test('idle links end without notice, and come back', async () => {
  const [zero, one] = await pair({ limits: { idleMs: 200 } });
  for (let round = 0; round < 4; round++) {
    [zero, one][round % 2]!.send(1 - (round % 2), `round ${round}`);
    await until(() => zero.events.length + one.events.length === round + 1, 'said');
    await until(() => zero.peers.linked.length + one.peers.linked.length === 0, 'ended');
    await until(() => zero.peers.inUse().length + one.peers.inUse().length === 0, 'forgotten');
  }
  assert.deepEqual(zero.events, ['1: round 1', '1: round 3']);
  assert.deepEqual(one.events, ['0: round 0', '0: round 2']);
  assert.ok(!zero.notes.concat(one.notes).some(({ kind }) => kind === 'link-down'));
});

test('an ending for lack of use loses nothing that is said meanwhile', async () => {
  const counts = [0, 0];
  const counting = (id: number): MemberOptions => ({
    limits: { idleMs: 5, beatMs: 5 },
    onMessage: () => void counts[id]!++,
  });
  const both = [await enter(0, counting(0)), await enter(1, counting(1))];
  introduce(both);
  const sent = [0, 0];
  for (let round = 0; round < 400; round++) {
    const from = Math.floor(Math.random() * 2);
    const size = Math.random() < 0.1 ? 200_000 : 100;
    both[from]!.send(1 - from, 'x'.repeat(size));
    sent[1 - from]!++;
    await pause(Math.random() * 16);
  }
  await until(() => counts[0] === sent[0] && counts[1] === sent[1], 'all arrive');
  assert.ok(both[0]!.notes.filter(({ kind }) => kind === 'link-parted').length > 20, 'it did end often');
  assert.deepEqual(
    [...both[0]!.events, ...both[1]!.events].filter((event) => event.endsWith('down')),
    [],
  );
});

test('ten thousand known peers cost a line each; only those in use have more', async () => {
  const zero = await enter(0);
  const before = handles();
  const { pin } = generateIdentity();
  for (let id = 1; id <= 10_000; id++)
    zero.peers.add(id, { host: LOOPBACK, port: 1, pin: pin.slice(5) + id.toString(16).padStart(5, '0') });
  assert.deepEqual(handles(), before);
  assert.equal(zero.peers.known.size, 10_000);
  assert.equal(zero.peers.inUse().length, 0);
  for (let id = 1; id <= 9_990; id++) zero.peers.remove(id);
  assert.equal(zero.peers.known.size, 10);
});

test('a peer that is removed is cut off, and no stranger gets in; a new pin replaces the old', async () => {
  const [zero, one] = await pair();
  zero.send(1, 'a');
  await until(() => one.events.length === 1, 'linked');
  one.peers.remove(0);
  await until(() => zero.events.includes('1 down'), 'cut off');
  assert.equal(one.peers.exit(0), undefined);
  await until(() => {
    zero.send(1, 'b');
    return whys(one, 'link-refused').includes('unknown-pin');
  }, 'refused');
  const identity = generateIdentity();
  const anew = await enter(0, { identity });
  anew.peers.add(1, one.contact());
  one.peers.add(0, zero.contact());
  one.peers.add(0, anew.contact());
  anew.send(1, 'c');
  await until(() => one.events.at(-1) === '0: c', 'the new one is heard');
  assert.throws(() => one.peers.add(7, anew.contact()), { code: 'bad-configuration' });
  assert.throws(() => one.peers.add(7, { ...anew.contact(), pin: 'no' }), { code: 'bad-configuration' });
});

test('the book keeps pins and contacts together', () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
  const book = createBook([[1, { host: 'h', port: 1, pin: a }]]);
  assert.equal(book.set(1, { via: 9, pin: a }), false, 'the same key elsewhere');
  assert.equal(book.set(1, { host: 'h', port: 1, pin: b }), true, 'another key');
  assert.deepEqual([...book.pins], [[b, 1]]);
  assert.throws(() => book.set(2, { host: 'h', port: 1, pin: b }));
  assert.equal(book.delete(1), true);
  assert.deepEqual([book.size, book.pins.size, book.delete(1)], [0, 0, false]);
});

test('beyond the limit the longest idle link makes room; a caller gets only what is at rest', async () => {
  const hub = await enter(0, { limits: { linksMax: 3, restMs: 60_000 } });
  const others: Member[] = [];
  for (let id = 1; id <= 5; id++) others.push(await enter(id));
  introduce([hub, ...others]);
  for (const id of [1, 2, 3]) {
    hub.send(id, 'hello');
    await until(() => hub.peers.linked.includes(id), 'linked');
  }
  hub.send(1, 'still in use');
  hub.send(4, 'one more');
  await until(() => hub.peers.linked.includes(4) && hub.peers.linked.length === 3, 'room was made');
  assert.deepEqual([...hub.peers.linked].sort(), [1, 3, 4]);
  others[4]!.send(0, 'let me in');
  await until(() => others[4]!.events.includes('0 down'), 'nobody is at rest');
  assert.deepEqual(whys(hub, 'link-refused').at(-1), 'too-many-links');
  assert.ok(!hub.events.some((event) => event.endsWith('down')), 'and nobody was cut off');
});

test('a caller replaces a link that is at rest', async () => {
  const hub = await enter(0, { limits: { linksMax: 1, restMs: 0 } });
  const others = [await enter(1), await enter(2)];
  introduce([hub, ...others]);
  for (const member of others) {
    member.send(0, 'hello');
    await until(() => hub.events.includes(`${member.id}: hello`), 'heard');
  }
  await until(() => hub.peers.linked.length === 1 && hub.peers.linked[0] === 2, 'replaced');
  assert.deepEqual(others[0]!.events, []);
});

test('a malformed message breaks the link and is a strike', async () => {
  const [zero, one] = await pair();
  zero.send(1, 'fine', '!undecodable', 'never believed');
  await until(() => one.events.includes('0 down') && zero.events.includes('1 down'), 'broken');
  assert.deepEqual(one.events, ['0: fine', '0 down']);
  assert.deepEqual(whys(one, 'strike'), ['malformed']);
});

test('a peer that vanishes is noticed, and the link that it makes anew replaces the dead one', async () => {
  const [zero, one] = await pair({ limits: { silentMs: 400 } });
  const between = await passage(one.peers.address!.port);
  zero.peers.add(1, { ...one.contact(), port: between.port } as never);
  zero.send(1, 'a');
  await until(() => one.events.length === 1, 'linked');
  between.isDark = true;
  await until(() => zero.events.includes('1 down') && one.events.includes('0 down'), 'silence is noticed');
  between.close();
});

test('a restarted peer is heard though its former link is not known to be dead', async () => {
  const [zero, one] = await pair();
  const between = await passage(one.peers.address!.port);
  zero.peers.add(1, { ...one.contact(), port: between.port } as never);
  zero.send(1, 'a');
  await until(() => one.events.length === 1, 'linked');
  between.isDark = true;
  zero.peers.destroy();
  const again = await enter(0, { identity: zero.identity });
  again.peers.add(1, one.contact());
  one.peers.add(0, again.contact());
  again.send(1, 'b');
  await until(() => one.events.at(-1) === '0: b', 'heard');
  assert.deepEqual(one.events, ['0: a', '0 down', '0: b']);
  between.close();
  // A link that was replaced is no reason not to call.
  one.peers.inUse()[0]!.peer.detach('a test');
  one.send(0, 'c');
  await until(() => again.events.includes('1: c'), 'called at once');
});

test('strangers are refused without a word to the process, and leave nothing', async () => {
  const [zero, one] = await pair({ limits: { handshakeMs: 300, strangersMax: 8 } });
  zero.send(1, 'a');
  await until(() => one.events.length === 1, 'linked');
  const before = handles();
  for (let i = 0; i < 12; i++) {
    const silent = connectTcp(one.peers.address!.port, LOOPBACK);
    sockets.push(silent.on('error', () => {}).resume());
  }
  for (const identity of [generateIdentity(), zero.identity]) {
    const caller = connectTls({
      host: LOOPBACK,
      port: one.peers.address!.port,
      ...identity.tls,
      rejectUnauthorized: false,
      ALPNProtocols: [PEER_PROTOCOL],
    });
    // The one that is known is greeted, and never answers.
    sockets.push(caller.on('error', () => {}).resume());
  }
  await until(() => sockets.every(({ destroyed }) => destroyed), 'all are hung up on');
  const refusals = new Set(whys(one, 'link-refused'));
  assert.ok(refusals.has('unknown-pin') && refusals.has('handshake-timeout'));
  zero.send(1, 'b');
  await until(() => one.events.at(-1) === '0: b', 'the link was not touched');
  assert.deepEqual(one.events, ['0: a', '0: b']);
  await nothingLeft(before);
});

test('a muted peer is not heard, and its link stays; what waits for a link is bounded', async () => {
  const [zero, one] = await pair({ limits: { frameBytes: 1000, waitingBytes: 10_000 } });
  zero.send(1, 'a');
  await until(() => one.events.length === 1, 'linked');
  one.peers.exit(0)!.mute(300);
  zero.send(1, 'b');
  await pause(100);
  assert.deepEqual(one.events, ['0: a']);
  await until(() => {
    zero.send(1, 'c');
    return one.events.includes('0: c');
  }, 'heard again');
  const two = await enter(2, { limits: { frameBytes: 1000, waitingBytes: 10_000 } });
  introduce([two, zero]);
  for (let i = 0; i < 100; i++) two.send(0, `${i}`.padEnd(900, 'x'));
  await until(() => zero.events.some((event) => event.startsWith('2: 99')), 'the newest arrive');
  const heard = zero.events.filter((event) => event.startsWith('2: ')).length;
  assert.ok(heard >= 5 && heard <= 11, `${heard} of 100`);
  assert.equal(two.lost, 100 - heard);
});
