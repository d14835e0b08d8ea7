/** Overload of a gateway: whose work waits, what is refused and with which error, and that nobody innocent loses a session. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, connectFrame, pingFrame, requestFrame } from '../client/requests.ts';
import { CreateMode, ErrorCode, OpCode } from '../jute/protocol.ts';
import { decodeBody, type Order } from '../orders.ts';
import { sessionOfLong } from '../sessions/session-id.ts';
import { bytesOf, createTestWorld, type RawClient, type TestWorld } from '../testing/raw-client.ts';
import { GATEWAY_LIMITS, type GatewayLimits, problemOf } from './limits.ts';
import { clientFrame, type GatewayMessage } from './message.ts';
import { measure } from './metrics.ts';

const LIMITS: GatewayLimits = { ...GATEWAY_LIMITS, maxPerAddress: 0 };

const worldOf = (limits: Partial<GatewayLimits> = {}): TestWorld =>
  createTestWorld({ limits: { ...LIMITS, ...limits } });

const figure = (world: TestWorld, name: string): unknown =>
  measure(world.loopback.state, world.loopback.now)[name];

const sessionOf = (client: RawClient): number => sessionOfLong(client.answer?.session ?? { high: 0, low: 0 });

type Arrival = readonly [number, GatewayMessage];

const writes = (client: RawClient, count: number, data = 'x'): Arrival[] =>
  Array.from({ length: count }, (_, i) => [
    client.id,
    clientFrame(requestFrame(i + 1, OpCode.setData, bodies.setData('/', bytesOf(data)))),
  ]);

const reads = (client: RawClient, count: number, path = '/'): Arrival[] =>
  Array.from({ length: count }, (_, i) => [
    client.id,
    clientFrame(requestFrame(i + 1, OpCode.getData, bodies.watched(path))),
  ]);

/** Whose orders the held bodies contain, in order. */
const ordersHeld = (world: TestWorld): Order[] =>
  world.loopback.held.flatMap(({ body }) => decodeBody(body)?.orders ?? []);

const sessionsHeld = (world: TestWorld): number[] =>
  ordersHeld(world).map((order) => (order.kind === 'request' ? order.session : 0));

const errorsOf = (client: RawClient): string[] => client.log();

test('the limits fit each other', () => {
  assert.equal(problemOf(GATEWAY_LIMITS), null);
  assert.match(problemOf({ ...GATEWAY_LIMITS, sessionBytes: 1000 }) ?? '', /largest request/);
  assert.match(problemOf({ ...GATEWAY_LIMITS, maxReplyBytes: 64 * 2 ** 20 }) ?? '', /largest reply/);
  assert.match(problemOf({ ...GATEWAY_LIMITS, maxFrameBytes: 2 ** 24 }) ?? '', /1048576 bytes/);
  assert.match(problemOf({ ...GATEWAY_LIMITS, orderedRequests: 0 }) ?? '', /begin/);
});

test('six clients with fifty requests each, and three hundred from one machine, meet no limit', () => {
  for (const clients of [6, 300]) {
    const world = createTestWorld({ limits: GATEWAY_LIMITS });
    const crowd = Array.from({ length: clients }, (_, id) => {
      world.addresses.set(world.open(id).id, '127.0.0.1');
      return world.open(id).connect();
    });
    world.loopback.isHeld = true;
    world.loopback.deliverAll(crowd.flatMap((client) => writes(client, 50)));
    assert.equal(world.loopback.state.held.size, 0);
    assert.equal(figure(world, 'outstanding_requests'), clients * 50);
    world.loopback.isHeld = false;
    world.loopback.expose();
    for (const client of crowd) assert.equal(client.log().length, 50);
    assert.equal(figure(world, 'connection_rejected'), 0);
  }
});

test('a client with ten thousand writes does not delay the single ones of others by more than a quantum', () => {
  const world = worldOf({ sessionRequests: 20_000, maxOutstanding: 20_000 });
  const heavy = world.open().connect();
  const light = Array.from({ length: 5 }, () => world.open().connect());
  world.loopback.isHeld = true;
  world.loopback.deliverAll([...writes(heavy, 10_000), ...light.flatMap((client) => writes(client, 1))]);
  const order = sessionsHeld(world);
  assert.equal(order.length, LIMITS.orderedRequests, 'the rest waits');
  for (const client of light) {
    const position = order.indexOf(sessionOf(client));
    assert.ok(position >= 0 && position < 40, `${position}`);
  }
  // Whoever comes now waits for what is being ordered, and for nothing else of the heavy client's.
  const late = world.open(77);
  world.loopback.connect(late.id);
  world.loopback.isHeld = false;
  late.connect();
  assert.equal(late.err(OpCode.setData, bodies.setData('/', null)), 0);
});

test('what a heavy client may have under way leaves room for one that comes later', () => {
  const world = worldOf();
  const [heavy, late] = [world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  world.loopback.deliverAll(writes(heavy, 10_000));
  world.loopback.deliverAll(writes(late, 1));
  const order = sessionsHeld(world);
  assert.equal(order.length, LIMITS.sessionRequests + 1);
  assert.equal(order.at(-1), sessionOf(late));
  assert.equal(world.loopback.streams.waiting(heavy.id), 9000, 'what else it sends waits in its socket');
  assert.deepEqual(
    [...world.loopback.state.held].map(({ id }) => id),
    [heavy.id],
  );
  world.loopback.isHeld = false;
  world.loopback.expose();
  assert.deepEqual(
    errorsOf(heavy),
    Array.from({ length: 10_000 }, (_, i) => `${i + 1} 0`),
  );
  assert.equal(world.loopback.state.held.size, 0);
  assert.ok((world.loopback.state.tally.holds ?? 0) > 1);
});

test('shares are of bytes, not of requests', () => {
  const world = worldOf({ orderedBytes: 2 * 2 ** 20 });
  const [large, small] = [world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  world.loopback.deliverAll([...writes(large, 100, 'x'.repeat(50_000)), ...writes(small, 500)]);
  const order = sessionsHeld(world);
  const smallOnes = order.filter((session) => session === sessionOf(small)).length;
  const largeOnes = order.filter((session) => session === sessionOf(large)).length;
  assert.equal(smallOnes, 500, 'all of them');
  assert.ok(largeOnes >= 1 && largeOnes <= 42, `${largeOnes} fill what is left`);
  assert.ok(order.lastIndexOf(sessionOf(small)) < 500 + 4, 'hardly any large one comes before');
  assert.ok(Number(figure(world, 'request_throttle_wait_count')) > 0);
});

test('beyond the limit of all, who has more than an equal share is not read, heaviest first', () => {
  const world = worldOf({ globalRequests: 300 });
  const [heavy, middle, light] = [world.open().connect(), world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  world.loopback.deliverAll(writes(light, 20));
  world.loopback.deliverAll(writes(middle, 60));
  world.loopback.deliverAll(writes(heavy, 500));
  assert.equal(figure(world, 'outstanding_requests'), 301);
  world.loopback.deliverAll([...writes(light, 1), ...writes(middle, 1)]);
  assert.deepEqual(
    [...world.loopback.state.held].map(({ id }) => id),
    [heavy.id],
  );
  world.loopback.deliverAll(writes(middle, 500));
  assert.deepEqual(
    [...world.loopback.state.held].map(({ id }) => id),
    [heavy.id, middle.id],
  );
  assert.ok(Number(figure(world, 'outstanding_requests')) <= 350);
  world.loopback.isHeld = false;
  world.loopback.expose();
  for (const [client, count] of [
    [heavy, 500],
    [middle, 561],
    [light, 21],
  ] as const)
    assert.equal(client.log().length, count, 'all is answered in the end');
});

/** How often each session was touched by the held bodies. */
function touchesOf(world: TestWorld, client: RawClient): number {
  const sessions = ordersHeld(world).flatMap((order) => (order.kind === 'touch' ? order.sessions : []));
  return sessions.filter((session) => session === sessionOf(client)).length;
}

test('a session that is not read is kept alive, as is an idle one that pings beside it, and a silent one is not', () => {
  const world = worldOf();
  const { loopback } = world;
  const [heavy, idle, silent] = [0, 1, 2].map(() => world.open().connect({ timeoutMs: 4000 })) as [
    RawClient,
    RawClient,
    RawClient,
  ];
  for (const client of [heavy, idle, silent]) client.create(`/${client.id}`, '', CreateMode.ephemeral);
  loopback.isHeld = true;
  loopback.othersGoOn = true;
  loopback.deliverAll([...writes(heavy, 1500), [heavy.id, clientFrame(pingFrame())]]);
  for (let i = 0; i < 14; i++) {
    loopback.pass(250);
    if (i % 4 === 0) loopback.deliver(idle.id, clientFrame(pingFrame()));
  }
  assert.equal(loopback.streams.waiting(heavy.id), 501, 'its ping is behind what we do not read');
  assert.equal(touchesOf(world, heavy), 5, 'each 750 ms');
  assert.equal(touchesOf(world, idle), 5);
  assert.equal(touchesOf(world, silent), 1);
  loopback.isHeld = false;
  loopback.expose();
  for (let i = 0; i < 20; i++) {
    loopback.pass(250);
    for (const { id } of [heavy, idle]) loopback.deliver(id, clientFrame(pingFrame()));
  }
  assert.equal(heavy.err(OpCode.exists, bodies.watched(`/${heavy.id}`)), 0);
  assert.equal(idle.err(OpCode.exists, bodies.watched(`/${idle.id}`)), 0);
  assert.equal(idle.err(OpCode.exists, bodies.watched(`/${silent.id}`)), ErrorCode.noNode);
});

test('touches go before whatever waits', () => {
  const world = worldOf();
  const [heavy, idle] = [world.open().connect(), world.open().connect({ timeoutMs: 4000 })];
  world.loopback.isHeld = true;
  world.loopback.accepts = false;
  world.loopback.deliverAll(writes(heavy, 500));
  world.loopback.deliver(idle.id, clientFrame(pingFrame()));
  world.loopback.pass(1000);
  world.loopback.accepts = true;
  world.loopback.deliver(idle.id, clientFrame(pingFrame()));
  const orders = ordersHeld(world);
  assert.equal(orders[0]?.kind, 'touch');
  assert.equal(orders.length, 501);
});

test('a write that waited longer than its session lasts is refused in its place, and others are not', () => {
  const world = worldOf({ orderedRequests: 2 });
  const { loopback } = world;
  const [hasty, patient] = [
    world.open().connect({ timeoutMs: 4000 }),
    world.open().connect({ timeoutMs: 40_000 }),
  ];
  loopback.isHeld = true;
  loopback.othersGoOn = true;
  loopback.deliverAll([...writes(hasty, 1), ...writes(patient, 3)]);
  loopback.deliverAll([
    [hasty.id, clientFrame(requestFrame(2, OpCode.setData, bodies.setData('/', null)))],
    [hasty.id, clientFrame(requestFrame(3, OpCode.getData, bodies.watched('/')))],
  ]);
  for (let i = 0; i < 17; i++) {
    loopback.pass(250);
    if (i === 8) loopback.deliver(hasty.id, clientFrame(pingFrame()));
  }
  loopback.isHeld = false;
  loopback.expose();
  assert.deepEqual(hasty.log(), ['1 0', '2 -127', '3 0', '-2 0']);
  assert.deepEqual(patient.log(), ['1 0', '2 0', '3 0']);
  assert.equal(figure(world, 'throttled_ops'), 1);
  assert.equal(figure(world, 'stale_requests'), 1);
  assert.equal(figure(world, 'stale_requests_dropped'), 0);
});

test('throttledOpWaitTime refuses earlier', () => {
  const world = worldOf({ orderedRequests: 1, throttledOpMs: 500 });
  const client = world.open().connect();
  world.loopback.isHeld = true;
  world.loopback.othersGoOn = true;
  world.loopback.deliverAll(writes(client, 2));
  for (let i = 0; i < 3; i++) world.loopback.pass(250);
  world.loopback.isHeld = false;
  world.loopback.expose();
  assert.deepEqual(client.log(), ['1 0', '2 -127']);
});

test('nothing is submitted for who is gone, except that its session ends', () => {
  const world = worldOf({ orderedRequests: 10 });
  const { loopback } = world;
  const [gone, leaving, other] = [world.open().connect(), world.open().connect(), world.open().connect()];
  leaving.create('/leaving', '', CreateMode.ephemeral);
  loopback.isHeld = true;
  loopback.accepts = false;
  loopback.deliverAll([...writes(gone, 50), ...writes(leaving, 50)]);
  loopback.deliver(leaving.id, clientFrame(requestFrame(51, OpCode.closeSession)));
  loopback.disconnect(gone.id);
  loopback.disconnect(leaving.id);
  loopback.accepts = true;
  loopback.deliverAll(writes(other, 1));
  const orders = ordersHeld(world);
  assert.deepEqual(
    orders.map((order) => order.kind === 'request' && [order.session, order.op]),
    [
      [sessionOf(leaving), OpCode.closeSession],
      [sessionOf(other), OpCode.setData],
    ],
  );
  assert.equal(figure(world, 'stale_requests_dropped'), 10, 'those that were about to be submitted');
  loopback.isHeld = false;
  loopback.expose();
  assert.equal(other.err(OpCode.exists, bodies.watched('/leaving')), ErrorCode.noNode);
  assert.equal(figure(world, 'outstanding_requests'), 0);
});

test('a session may end however much is being ordered', () => {
  const world = worldOf({ orderedRequests: 1 });
  const [heavy, leaving] = [world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  world.loopback.deliverAll([
    ...writes(heavy, 10),
    [leaving.id, clientFrame(requestFrame(1, OpCode.closeSession))],
  ]);
  const ops = ordersHeld(world).map((order) => order.kind === 'request' && order.op);
  assert.deepEqual(ops, [OpCode.setData, OpCode.closeSession]);
});

test('a queue that moves nowhere for a whole timeout closes the connection: there is no answer to give', () => {
  const world = worldOf();
  const client = world.open().connect({ timeoutMs: 4000 });
  world.loopback.isHeld = true;
  world.loopback.othersGoOn = true;
  world.loopback.accepts = false;
  world.loopback.deliverAll(writes(client, 2));
  for (let i = 0; i < 16; i++) world.loopback.pass(250);
  assert.deepEqual(client.log(), []);
  world.loopback.pass(250);
  assert.deepEqual(client.log(), ['closed']);
  world.loopback.accepts = true;
  world.loopback.pass(250);
  assert.ok(ordersHeld(world).every(({ kind }) => kind === 'touch'));
});

test('connections are bounded for each address, but not for this machine, and in all', () => {
  const world = worldOf({ maxPerAddress: 2, maxConnections: 5 });
  const from = (id: number, address: string): string[] => {
    const client = world.open(id);
    world.addresses.set(client.id, address);
    world.loopback.connect(client.id);
    return client.log();
  };
  assert.deepEqual(
    [1, 2, 3].map((id) => from(id, '192.0.2.1')),
    [[], [], ['closed']],
  );
  assert.deepEqual(from(4, '::ffff:192.0.2.1'), ['closed'], 'the same address');
  assert.deepEqual(
    [5, 6, 7].map((id) => from(id, '127.0.0.1')),
    [[], [], []],
  );
  assert.deepEqual(from(8, '192.0.2.9'), ['closed']);
  assert.equal(figure(world, 'connection_rejected'), 3);
  world.loopback.disconnect(world.open(1).id);
  assert.deepEqual(from(9, '192.0.2.1'), [], 'there is room again');
});

test('silence does not shut the door: the oldest silent connection makes room, and who speaks stays', () => {
  const world = worldOf({ maxHandshakes: 10 });
  const speaker = world.open().connect();
  const silent = Array.from({ length: 50 }, () => world.open());
  for (const { id } of silent) world.loopback.connect(id);
  const late = world.open().connect();
  assert.equal(late.err(OpCode.exists, bodies.watched('/')), 0);
  assert.equal(speaker.err(OpCode.exists, bodies.watched('/')), 0);
  assert.deepEqual(
    silent.map((client) => client.log().length),
    [...Array(41).fill(1), ...Array(9).fill(0)],
  );
  assert.equal(figure(world, 'connection_rejected'), 41);
  for (let i = 0; i < 41; i++) world.loopback.pass(250);
  assert.equal(figure(world, 'sessionless_connections_expired'), 9);
});

test('in a storm of ten thousand, sessions that exist come first, a few at a time, and nobody else waits', () => {
  const world = worldOf({ maxConnections: 0, maxHandshakes: 20_000 });
  const { loopback } = world;
  const established = world.open().connect();
  const lost = Array.from({ length: 500 }, () => world.open().connect());
  for (const { id } of lost) loopback.disconnect(id);
  loopback.isHeld = true;
  const storm = Array.from({ length: 10_000 }, (_, i) => {
    const { id } = world.open();
    loopback.connect(id);
    // Those who come back are the last to arrive.
    const known = i >= 9500 ? lost[i - 9500]?.answer : null;
    const from = known ?? { timeoutMs: 10_000, session: { high: 0, low: 0 }, password: new Uint8Array(16) };
    return [id, clientFrame(connectFrame({ lastZxidSeen: 0, ...from }))] as const;
  });
  loopback.deliverAll(storm);
  loopback.deliverAll(writes(established, 1));
  const orders = ordersHeld(world);
  assert.deepEqual(
    orders.map(({ kind }) => kind),
    [...Array(64).fill('move'), 'request'],
  );
  let rounds = 0;
  for (; loopback.held.length > 0; rounds++) {
    const kinds = ordersHeld(world).map(({ kind }) => kind);
    assert.ok(kinds.length <= 65);
    assert.equal(kinds.includes('open'), rounds >= 7, 'new ones wait for those who may expire');
    loopback.expose();
  }
  assert.equal(rounds, Math.ceil(10_000 / 64));
  assert.equal(figure(world, 'global_sessions'), 501 + 9500);
  for (const [id] of storm) assert.equal(world.inboxes.get(id)?.length, 1);
});

test('large requests are bounded together; whoever exceeds that is closed, as by ZooKeeper', () => {
  const world = worldOf({ largeRequestBytes: 1000, maxLargeBytes: 5000 });
  const [first, second, small] = [world.open().connect(), world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  world.loopback.deliverAll(writes(first, 2, 'x'.repeat(2000)));
  world.loopback.deliverAll([...writes(second, 1, 'x'.repeat(2000)), ...writes(small, 100, 'x'.repeat(900))]);
  assert.deepEqual(second.log(), ['closed']);
  assert.equal(figure(world, 'large_requests_rejected'), 1);
  world.loopback.isHeld = false;
  world.loopback.expose();
  assert.equal(first.log().length, 2);
  assert.equal(small.log().length, 100);
  const third = world.open().connect();
  assert.equal(
    third.err(OpCode.setData, bodies.setData('/', bytesOf('x'.repeat(4000)))),
    0,
    'there is room again',
  );
});

test('a reply too large is an error in its place, also one that a small request would make huge', () => {
  const world = worldOf({ maxReplyBytes: 10_000 });
  const client = world.open().connect();
  client.create('/big', 'x'.repeat(5000));
  const parent = `/${'p'.repeat(50)}`;
  client.create(parent);
  for (let i = 0; i < 100; i++) client.create(`${parent}/${'c'.repeat(100)}${i}`);
  assert.equal(client.err(OpCode.getChildren, bodies.watched(parent)), ErrorCode.marshallingError);
  assert.equal(client.err(OpCode.getData, bodies.watched('/big')), 0);
  const many = (count: number) =>
    bodies.multi(Array.from({ length: count }, () => [OpCode.getData, bodies.watched('/big')] as const));
  assert.equal(client.err(OpCode.multiRead, many(1)), 0);
  assert.equal(client.err(OpCode.multiRead, many(1000)), ErrorCode.marshallingError);
  assert.equal(figure(world, 'large_replies_refused'), 2);
});

/** What lazy clients have been sent and not taken, as their sockets count it. */
const unreadOf = (world: TestWorld, clients: readonly RawClient[]): number =>
  clients.reduce((sum, { id }) => sum + world.loopback.streams.flow.unread(id), 0);

test('a thousand clients that never read cost what one limit says, and those who do read are served', () => {
  const limits = {
    unreadBytes: 100_000,
    maxReplyBytes: 60_000,
    maxUnreadBytes: 200_000,
    maxAllUnreadBytes: 4_000_000,
    turnBytes: 1_000_000,
  };
  /** What is left when all turns so far have ended, and what the next may add. */
  const bound = limits.maxAllUnreadBytes + limits.turnBytes + limits.maxReplyBytes;
  const world = worldOf(limits);
  const { loopback } = world;
  const reader = world.open().connect();
  reader.create('/big', 'x'.repeat(50_000));
  const lazy = Array.from({ length: 1000 }, () => world.open().connect());
  for (const { id } of lazy) loopback.streams.lazy.add(id);
  for (let round = 0; round < 4; round++) {
    reader.log();
    loopback.deliverAll([...lazy.flatMap((client) => reads(client, 3, '/big')), ...reads(reader, 1, '/big')]);
    // A thousand replies, twenty in a turn: after so many it is everybody's turn again.
    for (let turn = 0; turn < 51; turn++) {
      loopback.pass(10);
      assert.ok(unreadOf(world, lazy) <= bound, `${unreadOf(world, lazy)} bytes in round ${round}`);
    }
    for (const client of lazy) client.log();
    assert.deepEqual(reader.log(), ['1 0'], 'who reads is served like them');
  }
  assert.ok(Number(figure(world, 'slow_readers_closed')) >= 900);
  assert.equal(loopback.state.connections.has(reader.id), true);
});

test('a client that takes little is served little, keeps its session, and loses it only when it takes nothing', () => {
  const world = worldOf({ unreadBytes: 100_000, maxReplyBytes: 60_000, maxUnreadBytes: 200_000 });
  const { loopback } = world;
  const client = world.open().connect({ timeoutMs: 4000 });
  client.create('/big', 'x'.repeat(50_000));
  loopback.streams.lazy.add(client.id);
  client.log();
  loopback.deliverAll(reads(client, 50, '/big'));
  assert.equal(client.log().length, 2, 'until it has taken these');
  for (let i = 0; i < 40; i++) {
    loopback.streams.take(client.id, 25_000);
    loopback.pass(250);
  }
  assert.equal(client.log().length, 20, 'one for every two steps, although it was silent for ten seconds');
  for (let i = 0; i < 18; i++) loopback.pass(250);
  assert.equal(client.log().at(-1), 'closed');
  assert.equal(figure(world, 'slow_readers_closed'), 1);
});

test('a flood of events cuts off who does not take them, and nobody else', () => {
  const limits = { unreadBytes: 20_000, maxReplyBytes: 20_000, maxUnreadBytes: 50_000 };
  const world = worldOf(limits);
  const { loopback } = world;
  const [lazy, eager, writer] = [world.open().connect(), world.open().connect(), world.open().connect()];
  for (const client of [lazy, eager]) client.call(OpCode.addWatch, bodies.typed('/', 1));
  loopback.streams.lazy.add(lazy.id);
  for (let i = 0; i < 100; i++) {
    loopback.deliverAll(writes(writer, 50));
    loopback.pass(1);
  }
  assert.equal(lazy.log().at(-1), 'closed');
  assert.equal(eager.log().length, 1 + 5000 - 1);
  assert.equal(figure(world, 'slow_readers_closed'), 1);
});

test('also within one turn a flood of events is bounded', () => {
  const world = worldOf({
    unreadBytes: 2000,
    maxReplyBytes: 2000,
    maxUnreadBytes: 5000,
    maxAllUnreadBytes: 20_000,
  });
  const { loopback } = world;
  const [writer, ...watchers] = Array.from({ length: 21 }, () => world.open().connect());
  assert.ok(writer !== undefined);
  for (const client of watchers) client.call(OpCode.addWatch, bodies.typed('/', 1));
  loopback.pass(1);
  for (const client of watchers) client.log();
  loopback.isHeld = true;
  loopback.deliverAll(writes(writer, 500));
  loopback.pass(1);
  loopback.expose();
  const sent = watchers.flatMap(({ id }) => world.inboxes.get(id) ?? []);
  const bytes = sent.reduce((sum, one) => sum + (one?.type === 'client-frame' ? one.bytes.length + 4 : 0), 0);
  assert.ok(bytes > 35_000 && bytes <= 42_000, `${bytes}`);
  for (const client of watchers)
    assert.equal(client.log().at(-1), 'closed', 'whoever missed one gets no more');
  loopback.isHeld = false;
  loopback.pass(1);
  assert.equal(loopback.state.connections.has(writer.id), false, 'its answers had no room either');
  assert.equal(figure(world, 'unread_bytes'), 0);
});

test('reads that one turn cannot answer are continued in the next, a quantum for each', () => {
  const world = worldOf({
    sessionRequests: 20_000,
    unreadBytes: 64 * 2 ** 20,
    maxUnreadBytes: 128 * 2 ** 20,
  });
  const { loopback } = world;
  const [heavy, light] = [world.open().connect(), world.open().connect()];
  heavy.create('/big', 'x'.repeat(500_000));
  heavy.log();
  loopback.deliverAll([...reads(heavy, 100, '/big'), ...reads(light, 1)]);
  assert.equal(light.log().length, 1);
  const first = heavy.log().length;
  assert.ok(first >= 16 && first <= 18, `${first} of half a megabyte`);
  let rounds = 0;
  for (let got = first; got < 100; rounds++) {
    loopback.pass(1);
    got += heavy.log().length;
  }
  assert.ok(rounds >= 4 && rounds <= 6, `${rounds}`);
});
