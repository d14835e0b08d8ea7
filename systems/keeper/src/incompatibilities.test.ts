/**
 * What users of another implementation of the protocol, ClickHouse Keeper, reported as different from ZooKeeper: each of
 * these broke a real client, and each is named by the report.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies } from './client/requests.ts';
import { readStat } from './client/responses.ts';
import { AddWatchMode, CreateMode, ErrorCode, OpCode, Xid } from './jute/protocol.ts';
import { bytesOf, createTestWorld, type RawClient } from './testing/raw-client.ts';

const connected = (): RawClient => createTestWorld().open().connect();

test('ClickHouse#48141: setWatches (opcode 101), which Java clients send on every reconnection, is answered', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  other.create('/changed');
  other.create('/same');
  const { zxid } = client.call(OpCode.exists, bodies.watched('/same'));
  other.call(OpCode.setData, bodies.setData('/changed', bytesOf('new')));
  client.log();
  client.send(
    OpCode.setWatches,
    bodies.setWatches(zxid, ['/changed', '/same'], ['/absent'], []),
    Xid.setWatches,
  );
  assert.deepEqual(client.log(), ['event 3 /changed', '-8 0']);
  other.create('/absent');
  other.call(OpCode.setData, bodies.setData('/same', bytesOf('new')));
  assert.deepEqual(client.log(), ['event 1 /absent', 'event 3 /same']);
});

test('ClickHouse#98079: addWatch, with which CuratorCache starts, sets its watch and does not disconnect', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  for (const mode of [AddWatchMode.persistentRecursive, AddWatchMode.persistent]) {
    const reply = client.call(OpCode.addWatch, bodies.typed('/cache', mode));
    assert.deepEqual([reply.err, reply.body.int(), reply.body.rest], [0, 0, 0]);
  }
  client.log();
  other.create('/cache');
  assert.deepEqual(client.log(), ['event 1 /cache']);
  assert.equal(client.err(OpCode.exists, bodies.watched('/cache')), 0, 'the connection stays');
});

test('ClickHouse#98079: create2, which CuratorCache and storingStatIn need, answers with path and Stat', () => {
  const client = connected();
  const reply = client.call(OpCode.create2, bodies.create('/a', bytesOf('xyz')));
  assert.equal(reply.body.string(), '/a');
  const stat = readStat(reply.body);
  assert.deepEqual(
    [stat.czxid, stat.mzxid, stat.pzxid, stat.version, stat.dataLength, reply.body.rest],
    [reply.zxid, reply.zxid, reply.zxid, 0, 3, 0],
  );
});

test('ClickHouse#108908: createContainer (opcode 19), with which recipes make their folders, is served', () => {
  const client = connected();
  const create = bodies.create('/lock', null, { mode: CreateMode.container });
  assert.equal(client.err(OpCode.createContainer, create), 0);
  assert.equal(client.create('/lock/member-', '', CreateMode.ephemeralSequential), '/lock/member-0000000000');
  assert.equal(client.err(OpCode.createContainer, create), ErrorCode.nodeExists);
});

test('ClickHouse#115457: cversion and pzxid of a parent follow its children coming and going, not their data', () => {
  const client = connected();
  client.create('/a');
  client.create('/a/b');
  const before = client.stat('/a');
  assert.equal(client.err(OpCode.setData, bodies.setData('/a/b', bytesOf('new'))), 0);
  assert.deepEqual(client.stat('/a'), before, 'the data of a child is nothing to its parent');
  client.create('/a/b/c');
  assert.deepEqual(client.stat('/a'), before, 'nor are the children of a child');
  client.call(OpCode.delete, bodies.versioned('/a/b/c'));
  const { zxid } = client.call(OpCode.delete, bodies.versioned('/a/b'));
  const after = client.stat('/a');
  assert.deepEqual([after.cversion, after.pzxid], [before.cversion + 1, zxid]);
  assert.deepEqual([after.version, after.mzxid], [before.version, before.mzxid]);
});

test('ClickHouse#75752: opcodes that only some servers know are answered, not dropped', () => {
  const client = connected();
  for (const op of [500, 501, 502, 503, 504, 505, 506, 507, 997])
    assert.equal(client.err(op, bodies.path('/a')), ErrorCode.unimplemented);
  assert.equal(client.err(OpCode.exists, bodies.watched('/')), 0, 'the connection stays');
});
