/** What waits for a turn: fair among peers, timers last, and bounded by the disk. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env, NodeId, Process } from '@concordat/kernel';
import { createWorld, freeCosts, type World } from './index.ts';

interface Log {
  /** One list for each turn in which something happened. */
  readonly turns: string[][];
  current: string[];
}

const log: Process<Log, string> = {
  start: () => ({ turns: [], current: [] }),
  receive: (state, _env, from, message) => void state.current.push(`${from}:${message.slice(0, 6)}`),
  linked: (state, _env, peer, isUp) => void state.current.push(`${isUp ? '+' : '-'}${peer}`),
  timeout: (state, _env, timer) => void state.current.push(timer),
  settle: (state) => {
    if (state.current.length > 0) state.turns.push(state.current);
    state.current = [];
  },
};

const codec = {
  encode: (text: string) => new TextEncoder().encode(text),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
};

const BUSY_MS = 1000;

/** Three members, the first of which takes its time for every turn. */
function busyWorld(): World {
  const world = createWorld({ seed: 1, network: { jitterMs: 0, detectMs: 100, reconnectMs: 10 } });
  for (const id of [0, 1, 2])
    world.add({
      id,
      process: log,
      codec,
      cpu: id === 0 ? { ...freeCosts, turnUs: BUSY_MS * 1000 } : freeCosts,
    });
  world.run(5000);
  world.stateOf<Log>(0).turns.length = 0;
  world.call(0, () => {});
  world.run(1);
  return world;
}

const say = (world: World, from: NodeId, message: string): void => {
  world.call(from, (_state: Log, env: Env<string>) => env.send(0, message));
  world.run(0.01);
};

test('a flood delays its sender and nobody else', () => {
  const world = busyWorld();
  for (let i = 0; i < 100; i++) say(world, 1, `${String(i).padStart(6)}${'x'.repeat(100_000)}`);
  say(world, 2, 'small');
  world.run(20 * BUSY_MS);
  const { turns } = world.stateOf<Log>(0);
  assert.ok(turns.length >= 3, `${turns.length} turns`);
  assert.ok(turns[0]?.slice(0, 3).includes('2:small'), 'the quiet one is heard at once');
  const flood = turns.flat().filter((text) => text.startsWith('1:'));
  assert.deepEqual(
    flood,
    Array.from({ length: 100 }, (_, i) => `1:${String(i).padStart(6)}`),
  );
});

test('news of a link keeps its place among the messages of that link', () => {
  const world = busyWorld();
  for (let i = 0; i < 30; i++) say(world, 1, `before${'x'.repeat(100_000)}`);
  world.run(1);
  world.breakLink(0, 1);
  world.run(50);
  say(world, 1, 'after');
  world.run(10 * BUSY_MS);
  const heard = world.stateOf<Log>(0).turns.flat();
  assert.deepEqual(heard, [...Array.from({ length: 30 }, () => '1:before'), '-1', '+1', '1:after']);
});

test('timers come after messages, whichever was first', () => {
  const world = createWorld({ seed: 1 });
  world.add({ id: 0, process: log, cpu: { ...freeCosts, turnUs: 20_000 } });
  world.add({ id: 1, process: log });
  world.run(100);
  world.call<Log, string>(0, (_state, env) => env.setTimer('timer', 5));
  world.run(10);
  say(world, 1, 'late');
  world.run(100);
  assert.deepEqual(world.stateOf<Log>(0).turns.at(-1), ['1:late', 'timer']);
});

test('no more than 256 turns wait for the disk', () => {
  const world = createWorld({ seed: 1, network: { jitterMs: 0 } });
  for (const id of [0, 1]) world.add({ id, process: log });
  world.run(10);
  world.holdSyncs(0, true);
  let turns = 0;
  for (let i = 0; i < 300; i++) {
    world.call(0, (_state: Log, env: Env<string>) => {
      turns++;
      env.append(Uint8Array.of(1));
      env.send(1, String(i));
    });
    world.run(1);
  }
  assert.equal(turns, 256);
  world.holdSyncs(0, false);
  world.run(100);
  assert.equal(turns, 300);
  const heard = world.stateOf<Log>(1).turns.flat().slice(1);
  assert.deepEqual(
    heard,
    Array.from({ length: 300 }, (_, i) => `0:${i}`),
  );
});
