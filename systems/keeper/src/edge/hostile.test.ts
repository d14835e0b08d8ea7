/** Bytes of hostile clients through framing and gateway: what they make us hold is counted, and others are served. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, requestFrame } from '../client/requests.ts';
import { clientFrame } from '../gateway/message.ts';
import { OpCode } from '../jute/protocol.ts';
import { createTestWorld, type RawClient, type TestWorld } from '../testing/raw-client.ts';
import { createFraming, type Splitter } from './framing.ts';

const framing = createFraming();

/** Hands a client's bytes to the gateway as its socket would; false once it is cut off. */
function feed(world: TestWorld, client: RawClient, splitter: Splitter, bytes: Uint8Array): boolean {
  const messages: [number, ReturnType<typeof clientFrame>][] = [];
  const isSound = splitter.push(bytes, (message) => {
    assert.equal(message.type, 'client-frame');
    if (message.type === 'client-frame') messages.push([client.id, message]);
  });
  world.loopback.deliverAll(messages);
  if (!isSound) world.loopback.disconnect(client.id);
  return isSound;
}

const repeated = (frame: Uint8Array, count: number): Uint8Array => {
  const all = new Uint8Array(frame.length * count);
  for (let i = 0; i < count; i++) all.set(frame, i * frame.length);
  return all;
};

test('a million tiny requests in one packet wait where they are, a thousand at a time', () => {
  const world = createTestWorld();
  const { loopback } = world;
  const [hostile, other] = [world.open().connect(), world.open().connect()];
  const sync = framing.encode(clientFrame(requestFrame(1, OpCode.sync, bodies.path('/'))));
  loopback.isHeld = true;
  assert.ok(feed(world, hostile, framing.createSplitter(), repeated(sync, 1_000_000)));
  assert.equal(loopback.state.ordered.requests + loopback.state.queued.requests, 1000);
  assert.equal(loopback.streams.waiting(hostile.id), 999_000);
  other.send(OpCode.setData, bodies.setData('/', null), 7);
  assert.equal(loopback.state.ordered.requests, 1001);
  loopback.expose();
  assert.equal(other.log().at(-1), '7 0', 'before the second thousand');
  assert.equal(loopback.streams.waiting(hostile.id), 998_000);
  loopback.disconnect(hostile.id);
  loopback.isHeld = false;
  loopback.expose();
  assert.equal(loopback.state.ordered.requests + loopback.state.queued.requests, 0);
});

test('frames that never end, and handshakes that never come, are given up after their time', () => {
  const world = createTestWorld();
  const clients = Array.from({ length: 100 }, () => world.open());
  for (const client of clients) {
    world.loopback.connect(client.id);
    // The length of a megabyte, and no more than the beginning of it.
    assert.ok(feed(world, client, framing.createSplitter(), Uint8Array.of(0, 15, 255, 255, 1, 2, 3)));
  }
  const honest = world.open().connect();
  for (let i = 0; i < 39; i++) {
    world.loopback.pass(250);
    if (i % 8 === 0) assert.equal(honest.err(OpCode.exists, bodies.watched('/')), 0);
  }
  assert.equal(world.loopback.state.silent.size, 100);
  world.loopback.pass(250);
  assert.equal(world.loopback.state.silent.size, 0);
  assert.equal(world.loopback.state.tally.silent, 100);
  assert.equal(world.loopback.state.connections.size, 1);
});

test('a frame that claims too much is refused by its length alone', () => {
  const world = createTestWorld();
  const client = world.open().connect();
  const small = createFraming(4096).createSplitter();
  assert.equal(feed(world, client, small, Uint8Array.of(0, 0, 16, 1)), false);
  assert.equal(world.loopback.state.connections.size, 0);
});
