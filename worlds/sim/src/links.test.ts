/** Links: order, faults, who is told what, and connections. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Env, FIRST_CONNECTION, type NodeId, type Process } from '@concordat/kernel';
import { createWorld, type NetworkOptions, type World } from './index.ts';

interface Log {
  readonly heard: string[];
}

/** Writes down what it hears and is told. */
const log = (): Process<Log, string> => ({
  start: () => ({ heard: [] }),
  receive: (state, _env, _from, message) => void state.heard.push(message),
  linked: (state, _env, peer, isUp) => void state.heard.push(`${isUp ? '+' : '-'}${peer}`),
  timeout: () => {},
  settle: () => {},
});

function worldOf(count: number, network: NetworkOptions = {}, seed = 1): World {
  const world = createWorld({ seed, network });
  for (let id = 0; id < count; id++) world.add({ id, process: log() });
  world.run(10);
  for (let id = 0; id < count; id++) world.stateOf<Log>(id).heard.length = 0;
  return world;
}

const say = (world: World, from: NodeId, to: NodeId, message: string): void =>
  world.call(from, (_state: Log, env: Env<string>) => env.send(to, message));

/** Sends messages 0 to count-1, one each millisecond. */
function count(world: World, total: number): void {
  for (let i = 0; i < total; i++) {
    say(world, 0, 1, String(i));
    world.run(1);
  }
}

const heard = (world: World, id: NodeId): string[] => world.stateOf<Log>(id).heard;
const numbers = (total: number): string[] => Array.from({ length: total }, (_, i) => String(i));

test('links keep order whatever the delays, and losses only cost time', () => {
  const world = worldOf(2, { jitterMs: 30, tailChance: 0.2, tailMs: 200, lossChance: 0.2 });
  count(world, 200);
  world.run(2000);
  assert.deepEqual(heard(world, 1), numbers(200));
});

test('datagrams are lost, duplicated and reordered', () => {
  const world = worldOf(2, {
    isFifo: false,
    lossChance: 0.1,
    duplicateChance: 0.1,
    reorderChance: 0.3,
  });
  count(world, 300);
  world.run(100);
  const got = heard(world, 1).map(Number);
  assert.ok(new Set(got).size < 300, 'some are lost');
  assert.ok(new Set(got).size < got.length, 'some come twice');
  assert.ok(
    got.some((value, i) => i > 0 && value < got[i - 1]!),
    'some overtake',
  );
});

test('a thin line takes its time', () => {
  const world = createWorld({ seed: 1, network: { bytesPerMs: 10, jitterMs: 0, latencyMs: 1 } });
  const codec = {
    encode: (text: string) => new TextEncoder().encode(text),
    decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
  };
  for (const id of [0, 1]) world.add({ id, process: log(), codec });
  world.run(10);
  say(world, 0, 1, 'x'.repeat(100));
  say(world, 0, 1, 'y');
  world.run(10.5);
  assert.equal(heard(world, 1).length, 1);
  world.run(1);
  assert.equal(heard(world, 1).length, 3);
});

test('a partition loses messages, is noticed by both ends, and heals', () => {
  const world = worldOf(3, { detectMs: 100, reconnectMs: 10 });
  say(world, 0, 2, 'under way');
  world.partition([[0, 1]]);
  world.run(1);
  say(world, 0, 2, 'lost');
  say(world, 0, 1, 'hello');
  world.run(200);
  assert.deepEqual(heard(world, 1), ['hello', '-2']);
  assert.deepEqual(heard(world, 2), ['-0', '-1']);
  world.heal();
  world.run(20);
  say(world, 0, 2, 'again');
  world.run(5);
  assert.deepEqual(heard(world, 2), ['-0', '-1', '+0', '+1', 'again']);
});

test('a short partition is told of once it is over', () => {
  const world = worldOf(2, { detectMs: 100, reconnectMs: 10 });
  world.partition([[0]]);
  world.run(5);
  world.heal();
  world.run(50);
  assert.deepEqual(heard(world, 0), ['-1', '+1']);
});

test('a one-way cut lets the other direction through', () => {
  const world = worldOf(2, { detectMs: 100, reconnectMs: 10 });
  world.cut(0, 1);
  say(world, 0, 1, 'lost');
  say(world, 1, 0, 'through');
  world.run(200);
  assert.deepEqual(heard(world, 0), ['through', '-1']);
  assert.deepEqual(heard(world, 1), ['-0']);
  world.mend(0, 1);
  world.run(50);
  say(world, 0, 1, 'back');
  world.run(5);
  assert.deepEqual(heard(world, 1), ['-0', '+0', 'back']);
});

test('a broken link loses what is under way and comes back', () => {
  const world = worldOf(2, { reconnectMs: 10 });
  say(world, 0, 1, 'lost');
  world.run(0.1);
  world.breakLink(0, 1);
  world.run(50);
  say(world, 0, 1, 'again');
  world.run(5);
  assert.deepEqual(heard(world, 1), ['-0', '+0', 'again']);
  assert.deepEqual(heard(world, 0), ['-1', '+1']);
});

test('a crash breaks links; what had left still arrives', () => {
  const world = worldOf(2, { detectMs: 100, reconnectMs: 10 });
  say(world, 0, 1, 'last words');
  world.run(0.1);
  world.crash(0);
  world.run(200);
  assert.deepEqual(heard(world, 1), ['last words', '-0']);
  world.restart(0);
  world.run(20);
  assert.deepEqual(heard(world, 1), ['last words', '-0', '+0']);
  assert.deepEqual(heard(world, 0), ['+1']);
});

test('links have properties of their own, and get them back', () => {
  const world = worldOf(2, { latencyMs: 1, jitterMs: 0 });
  world.setLink(0, 1, { latencyMs: 50 });
  say(world, 0, 1, 'slow');
  world.run(49);
  assert.deepEqual(heard(world, 1), []);
  world.run(2);
  world.resetLink(0, 1);
  say(world, 0, 1, 'fast');
  world.run(2);
  assert.deepEqual(heard(world, 1), ['slow', 'fast']);
});

const CLIENT = FIRST_CONNECTION + 5;

function withClient(): World {
  const world = worldOf(2, { detectMs: 100, reconnectMs: 10, jitterMs: 0 });
  world.add({ id: CLIENT, process: log(), link: 'connection' });
  return world;
}

test('a connection is made by the first message, to one node only', () => {
  const world = withClient();
  world.run(5);
  assert.deepEqual(heard(world, 0), []);
  say(world, CLIENT, 0, 'hello');
  world.run(5);
  assert.deepEqual(heard(world, 0), [`+${CLIENT}`, 'hello']);
  assert.deepEqual(heard(world, CLIENT), ['+0']);
  assert.deepEqual(heard(world, 1), []);
});

test('a closed connection delivers the last words; a new one has a new name', () => {
  const world = withClient();
  say(world, CLIENT, 0, 'hello');
  world.run(5);
  world.call(0, (_state: Log, env: Env<string>) => {
    env.send(CLIENT, 'bye');
    env.close(CLIENT);
  });
  world.run(5);
  assert.deepEqual(heard(world, CLIENT), ['+0', 'bye', '-0']);
  assert.deepEqual(heard(world, 0), [`+${CLIENT}`, 'hello', `-${CLIENT}`]);
  say(world, CLIENT, 0, 'again');
  world.run(5);
  const [news, message] = heard(world, 0).slice(3);
  assert.match(news!, /^\+\d+$/);
  assert.notEqual(news, `+${CLIENT}`);
  assert.equal(message, 'again');
  say(world, 0, CLIENT, 'to nobody');
  say(world, 0, Number(news), 'to you');
  world.run(5);
  assert.deepEqual(heard(world, CLIENT), ['+0', 'bye', '-0', '+0', 'to you']);
});

test('a connection does not survive a partition, nor pass through one', () => {
  const world = withClient();
  say(world, CLIENT, 0, 'hello');
  world.run(5);
  world.partition([[0, 1]]);
  world.run(200);
  assert.deepEqual(heard(world, CLIENT), ['+0', '-0']);
  say(world, CLIENT, 0, 'lost');
  world.run(200);
  world.heal();
  world.run(200);
  assert.deepEqual(heard(world, CLIENT), ['+0', '-0']);
  say(world, CLIENT, 0, 'again');
  world.run(5);
  assert.equal(heard(world, 0).at(-1), 'again');
});

test('a connection to a server that is down is made once it is up, by a later message', () => {
  const world = withClient();
  world.crash(0);
  for (let i = 0; i < 3; i++) say(world, CLIENT, 0, 'lost');
  world.run(50);
  world.restart(0);
  world.run(5);
  assert.deepEqual(heard(world, CLIENT), []);
  say(world, CLIENT, 0, 'hello');
  world.run(5);
  assert.deepEqual(heard(world, 0).slice(0, 2), [`+${CLIENT}`, 'hello']);
});

test('a reset connection is gone for both ends, a crashed client for the server', () => {
  const world = withClient();
  say(world, CLIENT, 0, 'hello');
  world.run(5);
  world.breakLink(CLIENT, 0);
  world.run(200);
  assert.deepEqual(heard(world, CLIENT), ['+0', '-0']);
  say(world, CLIENT, 0, 'again');
  world.run(5);
  world.crash(CLIENT);
  world.run(200);
  const news = heard(world, 0);
  assert.equal(news.length, 6);
  assert.equal(news.at(-1)?.slice(1), news.at(-3)?.slice(1));
  world.restart(CLIENT);
  say(world, 0, CLIENT, 'to nobody');
  world.run(200);
  assert.deepEqual(heard(world, CLIENT), []);
});

test('members are not closed, and messages to nobody are noted', () => {
  const world = worldOf(2);
  say(world, 0, 7, 'to nobody');
  world.run(1);
  assert.deepEqual(world.notes.at(-1)?.note, { kind: 'no-such-peer', to: 7 });
  world.call(0, (_state: Log, env: Env<string>) => env.close(1));
  assert.throws(() => world.run(1), /only connections are closed/);
});
