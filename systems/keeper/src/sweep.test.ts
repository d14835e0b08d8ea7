/**
 * Nodes that end by themselves: TTL nodes and containers. Answers, errors and events were compared with ZooKeeper 3.8.0
 * started with extended types.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies } from './client/requests.ts';
import { readMultiAnswer, readStat } from './client/responses.ts';
import { CreateMode, ErrorCode, OpCode } from './jute/protocol.ts';
import { createTestService, createTestWorld, type RawClient, type TestWorld } from './testing/raw-client.ts';

const { persistentTtl, persistentSequentialTtl, container } = CreateMode;
const MAX_TTL_MS = 2 ** 40 - 1;

const connected = (): readonly [TestWorld, RawClient] => {
  const world = createTestWorld();
  return [world, world.open().connect({ timeoutMs: 40_000 })];
};

const createTtl = (client: RawClient, path: string, ttlMs: number, mode: number = persistentTtl) =>
  client.call(OpCode.createTTL, bodies.create(path, null, { mode, ttlMs }));

const createContainer = (client: RawClient, path: string) =>
  client.call(OpCode.createContainer, bodies.create(path, null, { mode: container }));

const isThere = (client: RawClient, path: string): boolean =>
  client.err(OpCode.exists, bodies.watched(path)) === ErrorCode.ok;

/** Time passes in steps that are no outage, with the client alive. */
function pass({ loopback }: TestWorld, millis: number, client?: RawClient): void {
  for (let left = millis; left > 0; left -= 500) {
    loopback.pass(Math.min(left, 500));
    client?.send(OpCode.ping, undefined, -2);
  }
}

const eventsOf = (client: RawClient): string[] => client.log().filter((line) => line.startsWith('event'));

test('a TTL node is answered with its Stat, in which nothing tells of the TTL', () => {
  const [, client] = connected();
  const reply = createTtl(client, '/t', 100_000);
  assert.equal(reply.err, ErrorCode.ok);
  assert.equal(reply.body.string(), '/t');
  const stat = readStat(reply.body);
  assert.ok(reply.body.done());
  assert.deepEqual([stat.czxid, stat.pzxid, stat.ephemeralOwner], [2, 2, { high: 0, low: 0 }]);
  assert.deepEqual(client.stat('/t').ephemeralOwner, { high: 0, low: 0 });
  const sequential = createTtl(client, '/t/s-', MAX_TTL_MS, persistentSequentialTtl);
  assert.equal(sequential.body.string(), '/t/s-0000000000');
  client.create('/t/e', '', CreateMode.ephemeral);
  assert.equal(client.stat('/t').numChildren, 2, 'it may have children, ephemeral ones too');
});

test('operation, mode and TTL must go together', () => {
  const [, client] = connected();
  const err = (op: number, mode: number, ttlMs?: number) =>
    client.err(op, bodies.create('/x', null, { mode, ...(ttlMs === undefined ? {} : { ttlMs }) }));
  for (const [op, mode, ttlMs] of [
    [OpCode.createTTL, persistentTtl, 0],
    [OpCode.createTTL, persistentTtl, MAX_TTL_MS + 1],
    [OpCode.createTTL, CreateMode.persistent, 5],
    [OpCode.createTTL, CreateMode.ephemeral, 0],
    [OpCode.createTTL, container, 5],
    [OpCode.createTTL, 9, 5],
    [OpCode.create, persistentTtl],
    [OpCode.create2, persistentSequentialTtl],
    [OpCode.createContainer, persistentTtl],
    [OpCode.createContainer, 9],
  ] as const)
    assert.equal(err(op, mode, ttlMs), ErrorCode.badArguments, `${op} ${mode} ${ttlMs}`);
  const negative = client.err(OpCode.createTTL, (to) => {
    bodies.create('/x', null, { mode: persistentTtl })(to);
    to.i32(-1);
    to.i32(-1);
  });
  assert.equal(negative, ErrorCode.badArguments);
  assert.equal(client.err(OpCode.createTTL, bodies.create('/x', null)), ErrorCode.marshallingError);
  assert.ok(!isThere(client, '/x'));
  assert.equal(createTtl(client, '/no/x', 5).err, ErrorCode.noNode);
});

test('createContainer goes by its mode in everything but what it makes', () => {
  const [world, client] = connected();
  const reply = client.call(
    OpCode.createContainer,
    bodies.create('/c-', null, { mode: CreateMode.ephemeralSequential }),
  );
  assert.equal(reply.body.string(), '/c-0000000000');
  assert.deepEqual(readStat(reply.body).ephemeralOwner, { high: 0, low: 0 });
  client.create('/c-0000000000/x');
  client.err(OpCode.delete, bodies.versioned('/c-0000000000/x'));
  client.err(OpCode.closeSession);
  pass(world, 61_000);
  assert.ok(!isThere(world.open().connect(), '/c-0000000000'));
});

test('within a multi the mode decides what is made', () => {
  const [, client] = connected();
  const multi = (
    ...operations: readonly (readonly [op: number, path: string, mode: number, ttlMs?: number])[]
  ) =>
    client.call(
      OpCode.multi,
      bodies.multi(
        operations.map(([op, path, mode, ttlMs]) => [
          op,
          bodies.create(path, null, { mode, ...(ttlMs === undefined ? {} : { ttlMs }) }),
        ]),
      ),
    );
  const made = multi(
    [OpCode.createTTL, '/a', persistentTtl, 5],
    [OpCode.createTTL, '/b', CreateMode.persistent, 5],
    [OpCode.createTTL, '/c', container, 5],
  );
  assert.deepEqual(
    readMultiAnswer(made.body).map(({ op }) => op),
    [OpCode.create2, OpCode.create, OpCode.create2],
  );
  const refused = multi([OpCode.create, '/d', 0], [OpCode.createTTL, '/e', persistentTtl, 0]);
  assert.deepEqual(
    readMultiAnswer(refused.body).map(({ err }) => err),
    [ErrorCode.ok, ErrorCode.badArguments],
  );
  assert.equal(multi([OpCode.create, '/f', persistentTtl]).err, ErrorCode.marshallingError);
  assert.ok(!isThere(client, '/d') && !isThere(client, '/f'));
});

test('a TTL node goes when nobody has written to it for longer than its TTL, as if it were deleted', () => {
  const [world, client] = connected();
  client.create('/p');
  createTtl(client, '/p/t', 10_000);
  createTtl(client, '/p/written', 50_000);
  pass(world, 40_000, client);
  assert.equal(client.err(OpCode.setData, bodies.setData('/p/written', null)), ErrorCode.ok);
  assert.ok(isThere(client, '/p/t'), 'a sweep comes once a minute');
  for (const path of ['/p/t', '/p/written']) client.call(OpCode.getData, bodies.watched(path, true));
  client.call(OpCode.getChildren, bodies.watched('/p', true));
  const before = client.call(OpCode.sync, bodies.path('/')).zxid;
  pass(world, 21_000);
  assert.deepEqual(client.log(), ['event 2 /p/t', 'event 4 /p']);
  assert.ok(!isThere(client, '/p/t') && isThere(client, '/p/written'));
  const parent = client.stat('/p');
  assert.deepEqual([parent.pzxid, parent.cversion, parent.numChildren], [before + 1, 3, 1]);
  assert.equal(client.create('/p/next'), '/p/next');
  assert.equal(client.stat('/p/next').czxid, before + 2, 'the end of a node is one transaction');
  pass(world, 61_000, client);
  assert.ok(!isThere(client, '/p/written'));
});

test('a TTL ends only after it: not at the very millisecond', () => {
  const [world, client] = connected();
  createTtl(client, '/t', 60_000);
  createTtl(client, '/u', 59_999);
  pass(world, 60_000, client);
  assert.deepEqual([isThere(client, '/t'), isThere(client, '/u')], [true, false]);
});

test('a TTL node with children stays until it has none', () => {
  const [world, client] = connected();
  createTtl(client, '/t', 1);
  client.create('/t/x');
  client.create('/t/y');
  pass(world, 61_000, client);
  client.err(OpCode.delete, bodies.versioned('/t/x'));
  pass(world, 61_000, client);
  assert.ok(isThere(client, '/t'));
  client.err(OpCode.delete, bodies.versioned('/t/y'));
  pass(world, 61_000, client);
  assert.ok(!isThere(client, '/t'));
});

test('containers within containers go in one sweep, each under its own zxid', () => {
  const [world, client] = connected();
  for (const path of ['/c', '/c/d', '/c/unused']) createContainer(client, path);
  client.create('/c/d/x');
  client.err(OpCode.delete, bodies.versioned('/c/d/x'));
  client.call(OpCode.addWatch, bodies.typed('/c', 1));
  const before = client.call(OpCode.sync, bodies.path('/')).zxid;
  pass(world, 61_000, client);
  assert.deepEqual(eventsOf(client), ['event 2 /c/d']);
  assert.equal(client.stat('/c').pzxid, before + 1);
  client.err(OpCode.delete, bodies.versioned('/c/unused'));
  client.log();
  pass(world, 61_000, client);
  assert.deepEqual(eventsOf(client), ['event 2 /c']);
});

test('one batch removes a hundred nodes, the oldest end first, and the next ones go on', () => {
  const [world, client] = connected();
  const names = Array.from({ length: 250 }, (_, i) => `/t${String(999 - i)}`);
  names.forEach((name, i) => {
    createTtl(client, name, 1 + Math.floor(i / 2));
  });
  const before = client.call(OpCode.sync, bodies.path('/')).zxid;
  const left: number[] = [];
  for (let i = 0; i < 125; i++) {
    pass(world, 500, client);
    left.push(client.stat('/').numChildren - 1);
  }
  const counts = left.filter((count, i) => count !== left[i - 1]);
  assert.deepEqual(counts, [250, 150, 50, 0]);
  assert.equal(client.call(OpCode.sync, bodies.path('/')).zxid, before + 250);
});

test('who could not write during an outage finds its TTL nodes after it', () => {
  const [world, client] = connected();
  createTtl(client, '/kept', 10_000);
  createTtl(client, '/left', 10_000);
  pass(world, 59_500, client);
  world.loopback.pass(3_600_000);
  const back = world.open().connect();
  assert.ok(isThere(back, '/kept') && isThere(back, '/left'));
  pass(world, 55_000, back);
  back.err(OpCode.setData, bodies.setData('/kept', null));
  pass(world, 6_000, back);
  assert.deepEqual([isThere(back, '/kept'), isThere(back, '/left')], [true, false]);
});

test('a federation may sweep more often, and once in so long at most', () => {
  const world = createTestWorld({ service: createTestService({ sweepMs: 2_000 }) });
  const client = world.open().connect({ timeoutMs: 40_000 });
  // The first sweep was with the first batch, in which it connected.
  for (let sweeps = 0; sweeps < 3; sweeps++) {
    createTtl(client, '/t', 1);
    pass(world, 1_500, client);
    assert.equal(isThere(client, '/t'), true);
    pass(world, 500, client);
    assert.equal(isThere(client, '/t'), false);
  }
});
