/** A gateway that stops lets its clients go one by one, each when it waits for nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies } from '../client/requests.ts';
import { OpCode } from '../jute/protocol.ts';
import { createTestWorld, type TestWorld } from '../testing/raw-client.ts';
import { requireInvariants } from './invariants.ts';

/** Time in small steps, as timers fire. */
function pass(world: TestWorld, millis: number): void {
  for (let left = millis; left > 0; left -= 10) world.loopback.pass(10);
}

test('answers are kept back until their client asks for nothing more, and come with the end', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  world.loopback.isHeld = true;
  client.send(OpCode.create, bodies.create('/a', null), 1);
  world.loopback.leave();
  client.send(OpCode.getData, bodies.watched('/a'), 2);
  world.loopback.isHeld = false;
  world.loopback.expose();
  pass(world, 50);
  // It sent this before it knew; had it been answered already, it would go on for ever.
  client.send(OpCode.exists, bodies.watched('/a'), 3);
  pass(world, 90);
  assert.deepEqual(client.log(), []);
  pass(world, 20);
  assert.deepEqual(client.log(), ['1 0', '2 0', '3 0', 'closed']);
  assert.equal(world.loopback.state.connections.size, 0);
  requireInvariants(world.loopback.state);
});

test('a client whose writes are not ordered yet stays', () => {
  const world = createTestWorld();
  const [busy, idle] = [world.open().connect(), world.open().connect()];
  world.loopback.isHeld = true;
  world.loopback.othersGoOn = true;
  busy.send(OpCode.create, bodies.create('/a', null), 1);
  world.loopback.leave();
  pass(world, 300);
  assert.deepEqual([busy.log(), idle.log()], [[], ['closed']]);
  world.loopback.isHeld = false;
  world.loopback.expose();
  pass(world, 20);
  assert.deepEqual(busy.log(), ['1 0', 'closed']);
});

test('nobody else comes in, and a session that is closed meanwhile ends as ever', () => {
  const world = createTestWorld();
  const [client, silent, late] = [world.open().connect(), world.open(), world.open()];
  world.loopback.connect(silent.id);
  world.loopback.leave();
  assert.deepEqual(silent.log(), ['closed']);
  world.loopback.connect(late.id);
  assert.deepEqual(late.log(), ['closed']);
  client.send(OpCode.closeSession, undefined, 1);
  assert.deepEqual(client.log(), ['1 0', 'closed']);
  assert.equal(world.service.keeper.sessions.counts.get(0) ?? 0, 0);
});

test('events are not lost, and who is told more than may wait gets it at once', () => {
  const world = createTestWorld();
  const [watcher, writer] = [world.open().connect(), world.open().connect()];
  writer.create('/a', 'x'.repeat(600_000));
  assert.equal(watcher.err(OpCode.exists, bodies.watched('/a', true)), 0);
  world.loopback.leave();
  writer.send(OpCode.setData, bodies.setData('/a', new Uint8Array(600_000)), 7);
  assert.deepEqual(watcher.log(), []);
  for (const xid of [1, 2]) watcher.send(OpCode.getData, bodies.watched('/a'), xid);
  assert.deepEqual(watcher.log(), ['event 3 /a', '1 0', '2 0']);
  pass(world, 110);
  assert.deepEqual([watcher.log(), writer.log()], [['closed'], ['7 0', 'closed']]);
});
