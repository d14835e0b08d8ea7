/** Corners of the protocol of ZooKeeper 3.9: codes that clients may not use, and those that few clients do. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies } from './client/requests.ts';
import { ErrorCode, OpCode, Xid } from './jute/protocol.ts';
import { bytesOf, createTestWorld } from './testing/raw-client.ts';

test('what only servers send, and what nobody knows, is Unimplemented, changes nothing, and the connection stays', () => {
  const client = createTestWorld().open().connect();
  client.create('/a');
  const before = client.stat('/a');
  const known = new Set<number>(Object.values(OpCode));
  const unknown = Array.from({ length: 160 }, (_, i) => i - 30).filter((op) => !known.has(op));
  assert.ok(unknown.length > 120);
  for (const op of [
    OpCode.createSession,
    OpCode.deleteContainer,
    OpCode.notification,
    OpCode.error,
    ...unknown,
  ])
    assert.equal(client.err(op, bodies.path('/a')), ErrorCode.unimplemented, `operation ${op}`);
  assert.deepEqual(client.stat('/a'), before);
});

test('setWatches2 sets persistent and recursive watches anew, beside one-shot ones that have missed nothing', () => {
  const world = createTestWorld();
  const [client, other] = [world.open().connect(), world.open().connect()];
  for (const path of ['/once', '/always', '/deep']) other.create(path);
  const { zxid } = client.call(OpCode.exists, bodies.watched('/once'));
  const lists = [['/once'], ['/absent'], ['/'], ['/always'], ['/deep']];
  client.send(OpCode.setWatches2, bodies.setWatches(zxid, ...lists), Xid.setWatches);
  assert.deepEqual(client.log(), ['-8 0']);
  for (const path of ['/once', '/always']) {
    other.call(OpCode.setData, bodies.setData(path, bytesOf('1')));
    other.call(OpCode.setData, bodies.setData(path, bytesOf('2')));
  }
  assert.deepEqual(client.log(), ['event 3 /once', 'event 3 /always', 'event 3 /always']);
  other.create('/deep/a');
  other.create('/deep/a/b');
  assert.deepEqual(
    client.log(),
    ['event 1 /deep/a', 'event 1 /deep/a/b'],
    'a recursive watch tells of nodes alone',
  );
  other.create('/absent');
  assert.deepEqual(client.log(), ['event 1 /absent', 'event 4 /']);
});
