/** Twins as two nodes: one name for their peers, two lives of their own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId, Process } from '@concordat/kernel';
import { createWorld } from '../index.ts';
import { amongTwins, envAmongTwins, twinOf } from './index.ts';

interface Peer {
  readonly self: NodeId;
  readonly heard: string[];
  count: number;
}

/** Tells everyone a number every 10 ms, and hears what others tell. */
const counter: Process<Peer, string> = {
  start: (env) => {
    env.setTimer('tick', 10);
    return { self: env.self, heard: [], count: 0 };
  },
  receive: (state, _env, from, message) => void state.heard.push(`${from}:${message}`),
  linked: (state, _env, peer, isUp) => void state.heard.push(`${peer} ${isUp ? 'up' : 'down'}`),
  timeout: (state, env) => {
    env.setTimer('tick', 10);
    state.count++;
    for (let to = 0; to < 3; to++) if (to !== state.self) env.send(to, `${state.self} says ${state.count}`);
  },
  settle: () => {},
};

const TWINS = { identity: 0, second: 7 };

function createTwins() {
  const world = createWorld({ seed: 1, network: { latencyMs: 1, jitterMs: 0, detectMs: 2, reconnectMs: 1 } });
  world.add({ id: 0, process: twinOf<Peer, string>(0, 7)(counter) });
  world.add({ id: 7, process: twinOf<Peer, string>(0, 0)(counter) });
  for (const id of [1, 2]) world.add({ id, process: amongTwins<Peer, string>(TWINS)(counter) });
  const heardAt = (id: NodeId): string[] => world.stateOf<Peer>(id).heard;
  return { world, heardAt };
}

const told = (heard: readonly string[]): string[] => heard.filter((line) => line.includes('says'));

test('peers hear both copies under one name, and both copies hear them', () => {
  const { world, heardAt } = createTwins();
  world.run(15);
  assert.deepEqual(told(heardAt(1)).sort(), ['0:0 says 1', '0:0 says 1', '2:2 says 1']);
  for (const copy of [0, 7]) assert.deepEqual(told(heardAt(copy)), ['1:1 says 1', '2:2 says 1']);
  assert.equal(world.stateOf<Peer>(7).self, 0, 'the second copy has the name of the first');
});

test('copies do not hear of each other', () => {
  const { world, heardAt } = createTwins();
  world.run(100);
  world.crash(7);
  world.run(100);
  assert.ok(heardAt(0).every((line) => /^[12][ :]/.test(line)));
});

test('a partition decides who meets which copy', () => {
  const { world, heardAt } = createTwins();
  world.run(5);
  world.partition([
    [0, 1],
    [2, 7],
  ]);
  world.run(30);
  world.run(3);
  const before = heardAt(1).length;
  // Between the partition and its end each peer hears one of them.
  assert.deepEqual(told(heardAt(1)), ['0:0 says 1', '0:0 says 2', '0:0 says 3']);
  world.heal();
  world.run(5);
  assert.ok(heardAt(1).slice(before).includes('0 up'), 'the other copy is news');
});

test('a name is away when both copies are', () => {
  const { world, heardAt } = createTwins();
  world.run(5);
  world.crash(7);
  world.run(20);
  assert.ok(!heardAt(1).includes('0 down'), 'one copy is left');
  world.crash(0);
  world.run(20);
  assert.equal(heardAt(1).filter((line) => line === '0 down').length, 1);
});

test('calls from outside reach both copies through the same names', () => {
  const { world, heardAt } = createTwins();
  world.run(5);
  world.call<Peer, string>(1, (_state, env) => envAmongTwins(env, TWINS).send(0, 'hello'));
  world.run(3);
  for (const copy of [0, 7]) assert.ok(heardAt(copy).includes('1:hello'));
});
