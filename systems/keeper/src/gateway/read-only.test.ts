/** Read-only mode, as Apache ZooKeeper 3.8.0 was seen to behave when two of its three servers had been killed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies } from '../client/requests.ts';
import { CreateMode, ErrorCode, OpCode } from '../jute/protocol.ts';
import { createTestWorld, type RawClient, type TestWorld } from '../testing/raw-client.ts';

/** A gateway that has served somebody and is cut off for long enough. */
function cutOff(readOnlyMode = true): { readonly world: TestWorld; readonly before: RawClient } {
  const world = createTestWorld({ readOnlyMode });
  const before = world.open().connect();
  before.create('/a', 'data');
  before.create('/mine', '', CreateMode.ephemeral);
  world.loopback.isHeld = true;
  world.loopback.passAlone(5000);
  return { world, before };
}

const reconnect = (world: TestWorld): void => {
  world.loopback.isHeld = false;
  world.loopback.expose();
  world.loopback.pass(500);
};

/** What a four-letter word is answered. */
function wordAt({ loopback, inboxes, open }: TestWorld, word: string): string {
  const { id } = open();
  loopback.connect(id);
  loopback.deliver(id, { type: 'client-word', word });
  const [first] = inboxes.get(id) ?? [];
  return first?.type === 'client-raw' ? new TextDecoder().decode(first.bytes) : '';
}

test('a gateway that is cut off serves reads to who asks for that, and tells nobody anything else', () => {
  const { world, before } = cutOff();
  assert.deepEqual(before.log(), ['closed'], 'nobody keeps a session without knowing');
  const reader = world.open().connect({ readOnly: true });
  assert.equal(reader.answer?.timeoutMs, 10_000);
  assert.equal(reader.err(OpCode.getData, bodies.watched('/a', true)), ErrorCode.ok);
  assert.equal(reader.call(OpCode.ping, undefined, -2).err, ErrorCode.ok);
  for (const [op, body] of [
    [OpCode.create, bodies.create('/b', null)],
    [OpCode.create2, bodies.create('/b', null)],
    [OpCode.delete, bodies.versioned('/a')],
    [OpCode.setData, bodies.setData('/a', null)],
    [OpCode.sync, bodies.path('/a')],
    [OpCode.check, bodies.versioned('/a')],
  ] as const)
    assert.equal(reader.err(op, body), ErrorCode.notReadOnly, `operation ${op}`);
  const other = world.open().connect();
  world.loopback.passAlone(10_000);
  assert.deepEqual(other.log(), ['closed'], 'who did not ask for it is not served');
  assert.deepEqual(reader.log(), [], 'and who did stays');
  assert.equal(world.service.keeper.tree.nodes.has('/b'), false);
});

test('everybody served so is sent away when the others are back, and nothing was ordered for them', () => {
  const { world } = cutOff();
  const reader = world.open().connect({ readOnly: true });
  reader.call(OpCode.exists, bodies.watched('/b', true));
  const sessions = world.service.keeper.sessions.table.size;
  reconnect(world);
  assert.deepEqual(reader.log(), ['closed']);
  assert.equal(world.service.keeper.sessions.table.size, sessions);
  assert.ok(reader.answer !== null);
  const back = world.open().connect(reader.answer);
  assert.deepEqual(back.answer?.session, { high: 0, low: 0 }, 'its session is gone, as in ZooKeeper');
});

test('a session of the federation reads with its own password, and goes on with it afterwards', () => {
  const { world, before } = cutOff();
  assert.ok(before.answer !== null);
  const { session, password } = before.answer;
  const reader = world.open().connect({ session, password, readOnly: true });
  assert.deepEqual(reader.answer?.session, session);
  assert.deepEqual(reader.answer?.password, password, 'its next endpoint knows this one');
  const owned = reader.call(OpCode.getEphemerals, bodies.path('/'));
  assert.deepEqual([owned.body.int(), owned.body.string()], [1, '/mine']);
  const thief = world.open().connect({ session, password: new Uint8Array(16), readOnly: true });
  assert.deepEqual([thief.answer, reader.err(OpCode.exists, bodies.watched('/a'))], [null, ErrorCode.ok]);
  assert.equal(reader.err(OpCode.closeSession), ErrorCode.ok);
  reconnect(world);
  const back = world.open().connect({ session, password });
  assert.equal(back.err(OpCode.setData, bodies.setData('/mine', null)), ErrorCode.ok);
});

test('a reader ahead of the gateway waits and is refused; closing a session ends its connection alone', () => {
  const { world } = cutOff();
  const ahead = world.open().connect({ readOnly: true, lastZxidSeen: 1000 });
  assert.equal(ahead.answer, null);
  world.loopback.passAlone(11_000);
  assert.deepEqual(ahead.log(), ['closed']);
  const reader = world.open().connect({ readOnly: true });
  reader.send(OpCode.closeSession);
  assert.deepEqual(reader.log(), ['1 0', 'closed']);
});

test('who says nothing for its whole timeout is closed, who pings stays', () => {
  const { world } = cutOff();
  const silent = world.open().connect({ readOnly: true });
  const awake = world.open().connect({ readOnly: true });
  for (let i = 0; i < 8; i++) {
    assert.equal(awake.call(OpCode.ping, undefined, -2).err, ErrorCode.ok);
    world.loopback.passAlone(3000);
  }
  assert.deepEqual([silent.log(), awake.log()], [['closed'], []]);
});

test('words say so, and without the option there is no such mode', () => {
  const { world } = cutOff();
  assert.equal(wordAt(world, 'isro'), 'ro');
  assert.match(
    wordAt(world, 'srvr'),
    /\nREAD-ONLY mode; serving only read-only clients\n.*Mode: read-only\n/s,
  );
  assert.match(wordAt(world, 'mntr'), /zk_server_state\tread-only\n/);
  reconnect(world);
  assert.equal(wordAt(world, 'isro'), 'rw');
  const { world: strict } = cutOff(false);
  const reader = strict.open().connect({ readOnly: true });
  strict.loopback.passAlone(10_000);
  assert.deepEqual([reader.answer, reader.log()], [null, ['closed']]);
  assert.equal(wordAt(strict, 'isro'), 'null');
});
