/** Pipelined reads between writes are answered from the state between them, though all of the writes are under way at once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, requestFrame } from '../client/requests.ts';
import { readReplyHeader } from '../client/responses.ts';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { createJuteReader } from '../jute/reader.ts';
import { bytesOf, createTestWorld, type RawClient, type TestWorld } from '../testing/raw-client.ts';
import { requireInvariants } from './invariants.ts';
import { GATEWAY_LIMITS } from './limits.ts';
import { clientFrame } from './message.ts';

type Asked = readonly [op: number, body: Parameters<typeof requestFrame>[2]];

const get = (path: string, watch = false): Asked => [OpCode.getData, bodies.watched(path, watch)];
const set = (path: string, text: string): Asked => [OpCode.setData, bodies.setData(path, bytesOf(text))];
const create = (path: string): Asked => [OpCode.create, bodies.create(path, null)];
const SYNC: Asked = [OpCode.sync, bodies.path('/')];

/** All in one turn, numbered from 0. */
const send = (world: TestWorld, { id }: RawClient, asked: readonly Asked[]): void =>
  world.loopback.deliverAll(
    asked.map(([op, body], xid) => [id, clientFrame(requestFrame(xid, op, body))] as const),
  );

/** What came, as `XID ERR DATA`; events and ends as `raw-client.ts` describes them. */
function received(world: TestWorld, { id }: RawClient): string[] {
  const inbox = world.inboxes.get(id) ?? [];
  world.inboxes.set(id, []);
  return inbox.map((message) => {
    if (message?.type !== 'client-frame') return 'closed';
    const reader = createJuteReader();
    reader.reset(message.bytes);
    const { xid, err } = readReplyHeader(reader);
    // A header and a Stat alone, or the path of what was created, are shorter.
    const text =
      err === 0 && message.bytes.length > 84 ? ` ${Buffer.from(reader.buffer() ?? []).toString()}` : '';
    return `${xid} ${err}${text}`;
  });
}

/** A world in which `/a` and `/b` are there, and one whose client's writes are held. */
function held(more: Parameters<typeof createTestWorld>[0] = {}): [TestWorld, RawClient] {
  const world = createTestWorld(more);
  const client = world.open().connect();
  for (const path of ['/a', '/b']) client.create(path, 'old');
  received(world, client);
  world.loopback.isHeld = true;
  return [world, client];
}

test('each read sees the writes before it and none after it, all of them ordered in one body', () => {
  const [world, client] = held();
  send(world, client, [
    ...[
      get('/a'),
      set('/a', '1'),
      get('/a'),
      get('/b'),
      set('/a', '2'),
      set('/b', '3'),
      get('/a'),
      get('/b'),
    ],
    ...[
      [OpCode.delete, bodies.versioned('/a')] as const,
      get('/a'),
      create('/a'),
      get('/a'),
      SYNC,
      get('/b'),
    ],
  ]);
  assert.equal(world.loopback.held.length, 1);
  assert.deepEqual(received(world, client), ['0 0 old']);
  requireInvariants(world.loopback.state);
  world.loopback.expose();
  assert.deepEqual(received(world, client), [
    ...['1 0', '2 0 1', '3 0 old', '4 0', '5 0', '6 0 2', '7 0 3'],
    ...['8 0', `9 ${ErrorCode.noNode}`, '10 0', '11 0 ', '12 0', '13 0 3'],
  ]);
  requireInvariants(world.loopback.state);
});

test('a read does not see what others write after the write that it trails, even if it is exposed with it', () => {
  const [world, client] = held();
  const other = world.open();
  world.loopback.isHeld = false;
  other.connect();
  world.loopback.isHeld = true;
  send(world, client, [set('/a', 'mine'), get('/b')]);
  send(world, other, [set('/b', 'theirs')]);
  send(world, client, [get('/b'), set('/a', 'again'), get('/b')]);
  assert.equal(world.loopback.held.length, 3);
  world.loopback.expose();
  // The numbers of the second turn begin with 0 again.
  assert.deepEqual(received(world, client), ['0 0', '1 0 old', '0 0 old', '1 0', '2 0 theirs']);
});

test('what leaves a trace, or costs much, waits for the writes before it, and holds up those behind it', () => {
  const [world, client] = held();
  const [large, childless] = ['x'.repeat(200_000), [OpCode.getAllChildrenNumber, bodies.path('/')] as const];
  world.loopback.isHeld = false;
  client.err(...set('/b', large));
  world.loopback.isHeld = true;
  const waits: Asked[][] = [[get('/a', true)], [childless], [get('/b'), get('/b')]];
  for (const reads of waits) {
    received(world, client);
    send(world, client, [set('/a', '1'), ...reads, set('/a', '2')]);
    assert.equal(world.loopback.held.length, 1);
    world.loopback.expose();
    assert.equal(world.loopback.held.length, 1, 'now that the reads are answered');
    world.loopback.expose();
    const { length } = received(world, client).filter((line) => !line.startsWith('-1'));
    assert.equal(length, 2 + reads.length);
  }
});

test('a watch that was set between writes fires by the later one, and not by the one before', () => {
  const [world, client] = held();
  send(world, client, [set('/a', '1'), get('/a', true), set('/a', '2')]);
  world.loopback.expose();
  world.loopback.expose();
  assert.deepEqual(client.log(), ['0 0', '1 0', 'event 3 /a', '2 0']);
});

test('a client that goes, or loses its session, takes what trails its writes along', () => {
  for (const end of ['goes', 'closes', 'loses'] as const) {
    const [world, client] = held();
    send(world, client, [set('/a', '1'), get('/a'), set('/a', '2'), get('/a')]);
    if (end === 'goes') world.loopback.disconnect(client.id);
    if (end === 'closes') send(world, client, [[OpCode.closeSession, () => {}]]);
    requireInvariants(world.loopback.state);
    if (end === 'loses') world.loopback.jump();
    else world.loopback.expose();
    requireInvariants(world.loopback.state);
    const lines = received(world, client);
    if (end === 'closes') assert.deepEqual(lines, ['0 0', '1 0 1', '2 0', '3 0 2', '0 0', 'closed']);
    else assert.deepEqual(lines, end === 'goes' ? [] : ['closed']);
    const { queued, ordered } = world.loopback.state;
    assert.deepEqual([queued.requests, queued.bytes, ordered.requests], [0, 0, 0]);
  }
});

test('answers that outgrow what may wait cost their client the connection, and nobody else anything', () => {
  const [world, client] = held({ limits: { ...GATEWAY_LIMITS, maxPerAddress: 0 } });
  const other = world.open();
  world.loopback.isHeld = false;
  other.connect();
  world.loopback.isHeld = true;
  // It is small when the reads begin to trail, and a megabyte when they are answered.
  send(world, other, [set('/b', 'x'.repeat(900_000))]);
  send(world, client, [set('/a', '1'), ...Array.from({ length: 50 }, () => get('/b'))]);
  world.loopback.expose();
  const lines = received(world, client);
  assert.equal(lines.at(-1), 'closed');
  assert.ok(lines.length < 6, `${lines.length} answers`);
  assert.deepEqual(received(world, other), ['0 0']);
  requireInvariants(world.loopback.state);
});
