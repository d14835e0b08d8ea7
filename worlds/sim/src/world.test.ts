/** The thin slice: messages, durability, timers, crashes and jobs on a small world. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env, Process, Recovered } from '@concordat/kernel';
import { createWorld } from './index.ts';

interface Echo {
  got: string[];
  recovered: Recovered | null;
}

const blank = (recovered: Recovered): Echo => ({ got: [], recovered });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Appends and answers everything it receives; notes the rest. */
const echo: Process<Echo, string> = {
  start: (_env, recovered) => blank(recovered),
  receive: (state, env, from, message) => {
    state.got.push(`${from}:${message}`);
    if (message.startsWith('re ')) return;
    env.append(bytes(message));
    env.send(from, `re ${message}`);
  },
  linked: (state, _env, peer, isUp) => void state.got.push(`${isUp ? 'up' : 'down'} ${peer}`),
  timeout: (state, env, timer) => void state.got.push(`${timer}@${env.now}`),
  completed: (state, _env, ticket, holds) => void state.got.push(`job ${ticket} ${holds}`),
  settle: () => {},
};

function pairOf(seed = 1) {
  const world = createWorld({ seed });
  for (const id of [0, 1]) world.add({ id, process: echo, verify: (check) => check.signer === 7 });
  world.run(1);
  return world;
}

const say = (text: string) => (_state: Echo, env: Env<string>) => env.send(1 - env.self, text);

test('a message is answered after a sync', () => {
  const world = pairOf();
  world.call(0, say('hello'));
  world.run(10);
  assert.deepEqual(world.stateOf<Echo>(1).got, ['up 0', '0:hello']);
  assert.deepEqual(world.stateOf<Echo>(0).got, ['up 1', '1:re hello']);
  assert.equal(world.diskOf(1).durableTo, 1);
});

test('a crash drops what was not synced, and the restart finds the rest', () => {
  const world = pairOf();
  world.setDisk(1, { syncMs: 100 });
  world.call(0, say('a'));
  world.run(150);
  world.call(0, say('b'));
  world.run(50);
  assert.equal(world.stateOf<Echo>(1).got.at(-1), '0:b');
  world.crash(1);
  world.restart(1);
  world.run(200);
  assert.deepEqual(world.stateOf<Echo>(1).recovered?.records.map(String), [String(bytes('a'))]);
  assert.deepEqual(world.stateOf<Echo>(0).got, ['up 1', '1:re a', 'down 1', 'up 1']);
});

test('timers fire once, are moved and cancelled', () => {
  const world = pairOf();
  world.call<Echo, string>(0, (_state, env) => {
    env.setTimer('a', 10);
    env.setTimer('b', 5);
    env.setTimer('a', 20);
    env.setTimer('c', 5);
    env.cancelTimer('c');
  });
  world.run(100);
  assert.deepEqual(world.stateOf<Echo>(0).got, ['up 1', 'b@6', 'a@21']);
});

test('a job is answered in a later turn', () => {
  const world = pairOf();
  const check = (signer: number) => ({ signer, bytes: bytes('x'), signature: bytes('y') });
  world.call<Echo, string>(0, (state, env) => {
    env.offload({ kind: 'verify', checks: [check(7)] }, 1);
    env.offload({ kind: 'verify', checks: [check(7), check(8)] }, 2);
    state.got.push('offloaded');
  });
  world.run(1);
  assert.deepEqual(world.stateOf<Echo>(0).got, ['up 1', 'offloaded', 'job 1 true', 'job 2 false']);
});
