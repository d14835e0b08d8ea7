import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId, Process, Strategy } from '@concordat/kernel';
import { createWorld } from '../index.ts';
import {
  corrupt,
  deaf,
  delay,
  equivocate,
  flood,
  forgetful,
  ignore,
  mute,
  replay,
  selectiveSilence,
  twins,
} from './index.ts';

interface Peer {
  readonly heard: string[];
  count: number;
}

/** Says a number to both others every 10 ms, and answers whoever asks how many it said. */
const counter: Process<Peer, string> = {
  start: (env) => {
    env.setTimer('tick', 10);
    return { heard: [], count: 0 };
  },
  receive: (state, env, from, message) => {
    state.heard.push(`${from}:${message}`);
    if (message === 'how many') env.send(from, `${state.count} at ${env.now.toFixed(0)}`);
  },
  timeout: (state, env, timer) => {
    assert.equal(timer, 'tick', 'the honest process sees only its own timers');
    env.setTimer('tick', 10);
    state.count++;
    if (env.self === 0) for (const to of [1, 2]) env.send(to, String(state.count));
  },
  completed: (state, _env, ticket, holds) => void state.heard.push(`job ${ticket} ${holds}`),
  settle: () => {},
};

const textCodec = {
  encode: (text: string) => new TextEncoder().encode(text),
  decode: (bytes: Uint8Array) => (bytes.some((byte) => byte > 126) ? null : new TextDecoder().decode(bytes)),
};

/** What members 1 and 2 hear in 100 ms from member 0, which follows the strategy. */
function heardFrom(strategy: Strategy<Peer, string>, forMs = 100, seed = 1) {
  const world = createWorld({ seed, network: { jitterMs: 0 } });
  world.add({ id: 0, process: strategy(counter), verify: () => true });
  for (const id of [1, 2]) world.add({ id, process: counter });
  world.run(forMs);
  const at = (id: NodeId): string[] => world.stateOf<Peer>(id).heard.map((line) => line.slice(2));
  return { world, one: at(1), two: at(2) };
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

test('mute says nothing, from some time on', () => {
  assert.deepEqual(heardFrom(mute()).one, []);
  assert.deepEqual(heardFrom(mute(55)).one, numbers(1, 5));
});

test('what is ignored is as if it had not come', () => {
  const strategy = ignore<Peer, string>((message, from) => from === 2 && message === 'how many');
  const world = createWorld({ seed: 1, network: { jitterMs: 0 } });
  world.add({ id: 0, process: strategy(counter), verify: () => true });
  for (const id of [1, 2]) world.add({ id, process: counter });
  world.run(20);
  for (const id of [1, 2])
    world.call<Peer, string>(id, (_state, env) => {
      for (const message of ['hello', 'how many']) env.send(0, message);
    });
  world.run(5);
  assert.deepEqual(world.stateOf<Peer>(0).heard, ['1:hello', '1:how many', '2:hello']);
});

test('selective silence and deafness choose whom', () => {
  const { one, two } = heardFrom(selectiveSilence(new Set([2])));
  assert.deepEqual([one, two], [numbers(1, 9), []]);
  const { world } = heardFrom(deaf(new Set([1])));
  for (const id of [1, 2]) world.call<Peer, string>(id, (_state, env) => env.send(0, 'how many'));
  world.run(5);
  assert.deepEqual(world.stateOf<Peer>(0).heard, ['2:how many']);
});

test('the forgetful withhold some', () => {
  const { one } = heardFrom(forgetful(0.3), 1000);
  assert.ok(one.length > 40 && one.length < 90, `${one.length} of 99`);
});

test('delayed messages come late, in order', () => {
  assert.deepEqual(heardFrom(delay(45)).one, numbers(1, 5));
  assert.deepEqual(heardFrom(delay(45), 1045).one, numbers(1, 99));
});

test('replay repeats what it said, to anyone', () => {
  const { one } = heardFrom(replay(0.5), 1000);
  assert.ok(new Set(one).size < one.length);
  assert.deepEqual(
    [...new Set(one)].map(Number).sort((a, b) => a - b),
    numbers(1, 99).map(Number),
  );
});

test('flood repeats much', () => {
  const { one } = heardFrom(flood(20, 5), 100);
  assert.ok(one.length > 300, `${one.length}`);
});

test('equivocation tells different things to different peers', () => {
  const { one, two } = heardFrom(equivocate((message, to) => (to === 2 ? `not ${message}` : null)));
  assert.deepEqual(one, numbers(1, 9));
  assert.deepEqual(
    two,
    numbers(1, 9).map((n) => `not ${n}`),
  );
});

test('corruption changes messages; what does not decode never arrives', () => {
  const { world, one } = heardFrom(corrupt(textCodec, 0.5), 3000);
  const wrong = one.filter((text) => !/^\d+$/.test(text));
  assert.ok(wrong.length > 5, 'some are damaged');
  assert.ok(world.notes.some(({ note }) => note.kind === 'adversary-undecodable'));
});

test('twins live two lives under one name', () => {
  const { world, one, two } = heardFrom(twins(new Set([2])));
  assert.deepEqual([one, two], [numbers(1, 9), numbers(1, 9)]);
  world.call<Peer, string>(2, (_state, env) => env.send(0, 'how many'));
  world.run(5);
  assert.deepEqual(world.stateOf<Peer>(0).heard, [], 'the first copy has not met member 2');
  assert.match(world.stateOf<Peer>(2).heard.at(-1) ?? '', /^0:10 at 10\d$/);
});

test('twins tell their jobs apart', () => {
  const busy: Process<Peer, string> = {
    ...counter,
    start: (env, recovered) => {
      env.offload({ kind: 'verify', checks: [] }, 5);
      return counter.start(env, recovered);
    },
    completed: (state, env, ticket, holds) => {
      state.heard.push(`job ${ticket} ${holds}`);
      for (const to of [1, 2]) env.send(to, `job ${ticket}`);
    },
  };
  const world = createWorld({ seed: 1 });
  world.add({ id: 0, process: twins<Peer, string>(new Set([2]))(busy), verify: () => true });
  for (const id of [1, 2]) world.add({ id, process: counter });
  world.run(5);
  for (const id of [1, 2]) assert.deepEqual(world.stateOf<Peer>(id).heard, ['0:job 5']);
  assert.deepEqual(world.stateOf<Peer>(0).heard, ['job 5 true']);
});

test('strategies compose, and survive a restart', () => {
  const { world } = heardFrom((honest) =>
    delay<Peer, string>(20)(selectiveSilence<Peer, string>(new Set([2]))(honest)),
  );
  world.crash(0);
  world.restart(0);
  world.run(100);
  const heard = world.stateOf<Peer>(1).heard.map((line) => line.slice(2));
  assert.deepEqual(heard.slice(0, 7), numbers(1, 7));
  assert.equal(heard.filter((text) => text === '5').length, 2, 'the second life counts anew');
  assert.deepEqual(world.stateOf<Peer>(2).heard, []);
});
