/** Links of peers: when they are joined, told of and forgotten, to the millisecond; and the upload line they share. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type Env, type NodeId, type Process } from '@concordat/kernel';
import { createWorld, type NetworkOptions, type World } from './index.ts';

interface Log {
  readonly heard: string[];
}

/** Writes down when it hears and is told what, in whole milliseconds. */
const log = (): Process<Log, string> => ({
  start: () => ({ heard: [] }),
  receive: ({ heard }, env, from, message) => void heard.push(`${Math.round(env.now)} ${from}: ${message}`),
  linked: ({ heard }, env, peer, isUp) =>
    void heard.push(`${Math.round(env.now)} ${isUp ? '+' : '-'}${peer}`),
  timeout: () => {},
  settle: () => {},
});

function peersOf(count: number, network: NetworkOptions = {}): World {
  const world = createWorld({
    seed: 1,
    network: { latencyMs: 5, jitterMs: 0, detectMs: 100, reconnectMs: 10, idleMs: 1000, ...network },
  });
  for (let id = 0; id < count; id++) world.add({ id, process: log(), link: 'peer' });
  world.run(1);
  return world;
}

const say = (world: World, from: NodeId, to: NodeId, message: string): void =>
  world.call(from, (_state: Log, env: Env<string>) => env.send(to, message));
const heard = (world: World, id: NodeId): string[] => world.stateOf<Log>(id).heard;

test('a call to a peer that is down fails after detectMs, even if it comes up meanwhile', () => {
  const world = peersOf(2);
  world.crash(1);
  say(world, 0, 1, 'lost');
  world.run(50);
  world.restart(1);
  say(world, 0, 1, 'lost as well');
  world.run(100);
  assert.deepEqual(heard(world, 0), ['101 -1']);
  assert.deepEqual(heard(world, 1), []);
});

test('a peer that is up may call one whose own call is failing', () => {
  const world = peersOf(2);
  world.partition([[0]]);
  say(world, 0, 1, 'lost');
  world.run(50);
  world.heal();
  say(world, 1, 0, 'hello');
  world.run(10);
  say(world, 0, 1, 'welcome');
  world.run(200);
  assert.deepEqual(heard(world, 0), ['51 -1', '56 1: hello']);
  assert.deepEqual(heard(world, 1), ['66 0: welcome']);
});

test('a crash is told after detectMs, or when the peer is back', () => {
  const world = peersOf(3);
  say(world, 0, 1, 'a');
  say(world, 2, 1, 'b');
  world.run(9);
  world.crash(1);
  world.run(20);
  world.restart(1);
  world.run(200);
  assert.deepEqual(heard(world, 0), ['40 -1']);
  assert.deepEqual(heard(world, 2), ['40 -1']);
  world.crash(1);
  say(world, 0, 1, 'c');
  world.run(200);
  assert.deepEqual(heard(world, 0), ['40 -1', '330 -1']);
  assert.deepEqual(heard(world, 2), ['40 -1'], 'who was told has no link to lose');
});

test('a reset link is told at once, and what is under way is lost', () => {
  const world = peersOf(2);
  say(world, 0, 1, 'lost');
  world.run(1);
  world.breakLink(1, 0);
  world.run(1);
  say(world, 1, 0, 'again');
  world.run(10);
  assert.deepEqual(heard(world, 0), ['2 -1', '8 1: again']);
  assert.deepEqual(heard(world, 1), ['2 -0']);
});

test('after a one-way cut the other direction goes on until the ends are told', () => {
  const world = peersOf(2);
  say(world, 0, 1, 'hello');
  world.run(9);
  world.cut(0, 1);
  say(world, 0, 1, 'lost');
  say(world, 1, 0, 'through');
  world.run(150);
  say(world, 1, 0, 'no call is answered');
  world.run(150);
  assert.deepEqual(heard(world, 0), ['15 1: through', '110 -1']);
  assert.deepEqual(heard(world, 1), ['6 0: hello', '110 -0', '260 -0']);
  world.mend(0, 1);
  say(world, 0, 1, 'back');
  world.run(10);
  assert.equal(heard(world, 1).at(-1), '315 0: back');
});

test('partitions add up, let mended directions through, and leave newcomers alone', () => {
  const world = peersOf(4);
  world.partition([[0, 1]]);
  world.partition([[0, 2]]);
  world.add({ id: 4, process: log(), link: 'peer' });
  world.run(1);
  for (const to of [1, 2, 3, 4]) say(world, 0, to, 'hello');
  world.run(150);
  assert.deepEqual(heard(world, 0), ['102 -1', '102 -2', '102 -3']);
  assert.deepEqual(heard(world, 4), ['7 0: hello']);
  world.mend(0, 1);
  say(world, 0, 1, 'one direction is not enough');
  world.run(150);
  world.mend(1, 0);
  say(world, 0, 1, 'both are');
  world.run(10);
  assert.deepEqual(heard(world, 1), ['307 0: both are']);
  world.partition([[1]]);
  world.run(150);
  assert.deepEqual(heard(world, 1).slice(1), ['412 -0']);
  world.heal();
  for (const to of [1, 2, 3]) say(world, 0, to, 'healed');
  world.run(10);
  for (const id of [1, 2, 3]) assert.equal(heard(world, id).at(-1), '467 0: healed');
});

test('clients are cut off from peers as from members', () => {
  const world = createWorld({ seed: 1, network: { latencyMs: 5, jitterMs: 0, detectMs: 100 } });
  world.add({ id: 0, process: log(), link: 'peer' });
  world.add({ id: 9, process: log(), link: 'connection' });
  world.run(1);
  say(world, 9, 0, 'hello');
  world.run(9);
  world.partition([[0]]);
  world.run(200);
  assert.deepEqual(heard(world, 0), ['1 +9', '6 9: hello', '110 -9']);
  say(world, 9, 0, 'lost');
  world.heal();
  world.run(100);
  say(world, 9, 0, 'again');
  world.run(10);
  assert.match(heard(world, 0).at(-1) ?? '', /: again$/);
});

test('ten thousand peers are parted and reunited as fast as their links are', () => {
  const world = createWorld({ seed: 1, keepNotes: false, network: { detectMs: 100 } });
  const count = 10_000;
  for (let id = 0; id < count; id++) world.add({ id, process: log(), link: 'peer' });
  world.run(1);
  const half = Array.from({ length: count / 2 }, (_, i) => i);
  for (const id of half) say(world, id, count - 1 - id, 'hello');
  world.run(10);
  world.partition([half]);
  world.run(200);
  for (const id of half) {
    assert.equal(heard(world, id).length, 1);
    assert.equal(heard(world, count - 1 - id).length, 2);
  }
  world.heal();
  assert.equal(world.linkCount, 0);
});

test('an idle link is forgotten, whether or not anybody looked', () => {
  const world = peersOf(2);
  say(world, 0, 1, 'hello');
  world.run(1010);
  world.crash(1);
  world.run(500);
  assert.deepEqual(heard(world, 0), []);
});

test('peers and members are joined by messages, and clients connect to peers', () => {
  const world = createWorld({ seed: 1, network: { latencyMs: 5, jitterMs: 0 } });
  world.add({ id: 0, process: log() });
  world.add({ id: 1, process: log(), link: 'peer' });
  world.add({ id: 2, process: log(), link: 'connection' });
  world.run(1);
  say(world, 0, 1, 'member');
  say(world, 1, 0, 'peer');
  say(world, 2, 1, 'client');
  say(world, 1, 2, 'nobody calls a client');
  world.run(10);
  assert.deepEqual(heard(world, 0), ['6 1: peer']);
  assert.deepEqual(heard(world, 1).sort(), ['1 +2', '6 0: member', '6 2: client']);
});

test('peers that meet strangers keep no more links than are in use', () => {
  const world = createWorld({ seed: 3, keepNotes: false, network: { idleMs: 2000 } });
  const count = 300;
  const wanderer: Process<null, string> = {
    start: (env) => {
      env.setTimer('go', 10);
      return null;
    },
    receive: () => {},
    timeout: (_state, env) => {
      const to = env.random.below(count - 1);
      env.send(to < env.self ? to : to + 1, 'hello');
      env.setTimer('go', 250);
    },
    settle: () => {},
  };
  for (let id = 0; id < count; id++) world.add({ id, process: wanderer, link: 'peer' });
  world.run(10_000);
  const early = world.linkCount;
  world.run(30_000);
  assert.ok(early > 300 && world.linkCount < 2 * 2 * 32 * count, `${early}, then ${world.linkCount}`);
  assert.ok(world.linkCount < 1.3 * early, `${early}, then ${world.linkCount}`);
});

test('an upload line is shared by all links of a node, and counts what messages say they take', () => {
  const world = createWorld({ seed: 1, network: { latencyMs: 5, jitterMs: 0 } });
  const add = (id: NodeId, uploadBytesPerMs?: number): void =>
    world.add({
      id,
      process: log(),
      link: 'peer',
      sizeOf: (message: string) => 100 * message.length,
      ...(uploadBytesPerMs === undefined ? {} : { uploadBytesPerMs }),
    });
  add(0, 10);
  add(1);
  add(2);
  world.run(1);
  say(world, 0, 1, 'a');
  say(world, 0, 2, 'bc');
  say(world, 1, 2, 'def');
  world.run(100);
  assert.deepEqual(heard(world, 1), ['16 0: a']);
  assert.deepEqual(heard(world, 2), ['6 1: def', '36 0: bc']);
  assert.deepEqual(world.trafficOf(0), { sentBytes: 300, receivedBytes: 0 });
  assert.deepEqual(world.trafficOf(2), { sentBytes: 0, receivedBytes: 500 });
});

/** Everything a faulty run tells its nodes. */
function transcript(seed: number): string {
  const random = createPrng(seed, 'faults');
  const world = createWorld({ seed, network: { detectMs: 100, reconnectMs: 10, idleMs: 300 } });
  const lines: string[] = [];
  const chatter: Process<null, number> = {
    start: (env) => {
      env.setTimer('go', 1);
      return null;
    },
    receive: (_state, env, from, message) => void lines.push(`${env.self} ${from} ${message}`),
    linked: (_state, env, peer) => void lines.push(`${env.self} -${peer}`),
    timeout: (_state, env) => {
      env.send(env.random.below(20), Math.floor(env.now));
      env.setTimer('go', env.random.below(200));
    },
    settle: () => {},
  };
  for (let id = 0; id < 20; id++) world.add({ id, process: chatter, link: 'peer' });
  for (let i = 0; i < 100; i++) {
    world.run(random.below(60));
    const [a, b] = [random.below(20), random.below(20)];
    if (i % 4 === 0) world.heal();
    else if (i % 4 === 1 && a !== b) world.cut(a, b);
    else if (i % 4 === 2) world.partition([[a, b]]);
    else if (world.isUp(a)) world.crash(a);
    else world.restart(a);
  }
  return lines.join('\n');
}

test('the same seed gives the same run', () => {
  const first = transcript(5);
  assert.ok(first.split('\n').length > 500);
  assert.equal(transcript(5), first);
  assert.notEqual(transcript(6), first);
});
