/** Turns: grouping, pipelining, costs, crash points, and what happens when a process or a disk fails. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Env, FIRST_CONNECTION, halt, type Process } from '@concordat/kernel';
import {
  createWorld,
  freeCosts,
  meterKeys,
  type NodeOptions,
  type Observer,
  ProcessFailure,
  type World,
} from './index.ts';

interface Log {
  readonly heard: string[];
  readonly records: number;
}

const log = (invariants?: (state: Log) => void): Process<Log, string> => ({
  start: (_env, { records }) => ({ heard: [], records: records.length }),
  receive: (state, _env, _from, message) => void state.heard.push(message),
  timeout: (state, env, timer) => void state.heard.push(`${timer} at ${env.now}`),
  settle: () => {},
  ...(invariants === undefined ? {} : { invariants }),
});

function worldOf(options: Partial<NodeOptions<Log, string>> = {}, seed = 1, observer: Observer = {}): World {
  const world = createWorld({ seed, network: { jitterMs: 0, latencyMs: 1 }, observers: [observer] });
  for (const id of [0, 1, 2]) world.add({ id, process: log(), ...options });
  world.run(10);
  return world;
}

const act = (world: World, id: number, body: (env: Env<string>, state: Log) => void): void =>
  world.call(id, (state: Log, env: Env<string>) => body(env, state));

const heard = (world: World, id: number): string[] => world.stateOf<Log>(id).heard;
const RECORD = Uint8Array.of(1, 2, 3, 4);

test('a turn sends one frame to each peer', () => {
  const frames: string[] = [];
  const world = worldOf({}, 1, {
    sent: (_at, from, to, messages) => void frames.push(`${from}>${to} ${messages.join('')}`),
  });
  act(world, 0, (env) => {
    for (const message of ['a', 'b', 'c']) for (const to of [1, 2]) env.send(to, message);
    env.sendEarly(1, 'early');
  });
  world.run(5);
  assert.deepEqual(frames, ['0>1 early', '0>1 abc', '0>2 abc']);
});

test('turns run on while the disk works, and syncs are shared', () => {
  const world = worldOf({ disk: { syncMs: 10, jitterMs: 0 } });
  const sentAt: number[] = [];
  world.observe({ sent: (at) => void sentAt.push(at) });
  for (let i = 0; i < 5; i++) {
    act(world, 0, (env) => {
      env.append(RECORD);
      env.send(1, String(i));
    });
    world.run(1);
  }
  act(world, 0, (env) => env.send(1, 'without a record'));
  world.run(30);
  assert.deepEqual(heard(world, 1), ['0', '1', '2', '3', '4', 'without a record']);
  assert.deepEqual(sentAt, [20, 30, 30, 30, 30, 30]);
});

test('a crash inside a turn may fall anywhere, but never breaks a promise', () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const world = worldOf({}, seed);
    world.crashDuringTurn(0);
    act(world, 0, (env) => {
      env.sendEarly(1, 'early');
      for (let i = 0; i < 2; i++) env.append(RECORD);
      env.send(1, 'late');
      env.send(2, 'late');
    });
    world.run(5);
    assert.equal(world.isUp(0), false);
    world.restart(0);
    world.run(5);
    const { records } = world.stateOf<Log>(0);
    const [one, two] = [heard(world, 1), heard(world, 2)].map((list) => list.join('+'));
    assert.ok(records === 2 || !`${one}${two}`.includes('late'), 'what was said is on the disk');
    seen.add(`${records}|${one}|${two}`);
  }
  // Early or not, times no, one or both records; then with both, no frame, one, or all after the early one.
  for (const point of [
    '0||',
    '0|early|',
    '1||',
    '1|early|',
    '2||',
    '2|early|',
    '2|early+late|',
    '2|early+late|late',
  ])
    assert.ok(seen.has(point), `${point} of ${[...seen].join(' ')}`);
});

test('a torn crash keeps a prefix of the unsynced records', () => {
  const found = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const world = worldOf({ disk: { syncMs: 50, tornChance: 1 } }, seed);
    act(world, 0, (env) => {
      for (let i = 0; i < 3; i++) env.append(RECORD);
    });
    world.run(5);
    world.crash(0);
    world.restart(0);
    world.run(1);
    found.add(world.stateOf<Log>(0).records);
  }
  assert.deepEqual([...found].sort(), [0, 1, 2, 3]);
});

test('a full disk halts the node before it promises anything', () => {
  const world = worldOf({ disk: { capacityBytes: 6 } });
  for (const message of ['first', 'second'])
    act(world, 0, (env) => {
      env.append(RECORD);
      env.send(1, message);
    });
  world.run(50);
  assert.equal(world.isUp(0), false);
  assert.deepEqual(heard(world, 1), []);
  assert.equal(world.notes.at(-1)?.note.kind, 'disk-full');
});

test('work takes time: later turns wait for the core', () => {
  const cpu = { ...freeCosts, turnUs: 1000, receiveUs: 1000, sendUs: 500, verifyUs: 2000 };
  const world = worldOf({ cpu, verify: () => true });
  const sentAt: number[] = [];
  world.observe({ sent: (at) => void sentAt.push(at) });
  act(world, 0, (env) => {
    env.send(1, 'a');
    env.send(2, 'b');
  });
  act(world, 0, (env) => env.setTimer('later', 0));
  world.run(10);
  assert.deepEqual(sentAt, [12, 12], 'one turn, two messages');
  assert.deepEqual(heard(world, 0), ['later at 12'], 'the timer waits for the core');
  const check = { signer: 1, bytes: RECORD, signature: RECORD };
  act(world, 0, (env) => {
    env.offload({ kind: 'verify', checks: [check, check] }, 1);
    env.send(1, 'after the job');
  });
  world.run(10);
  assert.equal(sentAt.at(-1), 20 + 1 + 4 + 0.5);
  // The start and the links' news, then four turns that sent three messages and made two checks.
  assert.deepEqual(world.busyOf(0), { turnsMs: 2 + 4 + 1.5 + 4, jobsMs: 0 });
  assert.deepEqual(world.busyOf(1), { turnsMs: 2 + 2 * (1 + 1), jobsMs: 0 });
});

test('what a turn brings about waits until the core is free again', () => {
  const world = worldOf();
  const linkedAt: number[] = [];
  const process: Process<Log, string> = {
    ...log(),
    linked: (_state, env) => void linkedAt.push(env.now),
  };
  const cpu = { ...freeCosts, turnUs: 2000 };
  world.add({ id: FIRST_CONNECTION, link: 'connection', process, cpu });
  world.run(10);
  act(world, FIRST_CONNECTION, (env) => env.send(0, 'the first message makes the connection'));
  world.run(10);
  assert.deepEqual(linkedAt, [22]);
});

test('frames leave in turn order when a cheap turn follows a dear one', () => {
  const process: Process<Log, string> = {
    ...log(),
    receive: (_state, env, _from, message) => {
      env.append(RECORD);
      if (env.self === 0) env.send(2, `heard ${message}`);
    },
    timeout: (_state, env, timer) => env.send(2, timer),
  };
  const sent: unknown[] = [];
  const world = worldOf({ process, cpu: { ...freeCosts, receiveUs: 1000 } });
  world.observe({ sent: (_at, from, _to, messages) => void (from === 0 && sent.push(...messages)) });
  act(world, 0, (env) => env.setTimer('timer', 2));
  act(world, 1, (env) => env.send(0, 'message'));
  world.run(20);
  assert.deepEqual(sent, ['heard message', 'timer']);
});

test('workers leave the core free', () => {
  const cpu = { ...freeCosts, verifyUs: 5000, workers: 2 };
  const done: number[] = [];
  const process: Process<Log, string> = {
    ...log(),
    completed: (_state, env) => void done.push(env.now),
  };
  const world = worldOf({ cpu, verify: () => true, process });
  const check = { signer: 1, bytes: RECORD, signature: RECORD };
  act(world, 0, (env) => {
    for (let ticket = 0; ticket < 3; ticket++) env.offload({ kind: 'verify', checks: [check] }, ticket);
    env.send(1, 'at once');
  });
  world.run(2);
  assert.deepEqual(heard(world, 1), ['at once']);
  world.run(20);
  assert.deepEqual(done, [15, 15, 20]);
  assert.deepEqual(world.busyOf(0), { turnsMs: 0, jobsMs: 15 });
});

test('time can be charged for work that the Env does not see', () => {
  const world = worldOf({ cpu: freeCosts });
  const sentAt: number[] = [];
  world.observe({ sent: (at) => void sentAt.push(at) });
  act(world, 0, (env) => {
    world.spend(0, 3000);
    env.send(1, 'signed');
  });
  world.run(10);
  assert.deepEqual(sentAt, [13]);
});

test('keys that are metered cost what they should', () => {
  const costs = { ...freeCosts, signUs: 36, verifyUs: 109, hashByteUs: 2 };
  let spentUs = 0;
  const keys = meterKeys(
    { hash: () => RECORD, sign: () => RECORD, verify: (signer) => signer === 1 },
    costs,
    (costUs) => {
      spentUs += costUs;
    },
  );
  keys.sign(RECORD);
  keys.hash(RECORD);
  assert.equal(keys.verify(1, RECORD, RECORD), true);
  assert.equal(keys.verify(2, RECORD, RECORD), false);
  assert.equal(spentUs, 36 + 2 * 4 + 2 * 109);
});

test('messages that do not decode are dropped and noted', () => {
  const codec = {
    encode: (text: string) => new TextEncoder().encode(text),
    decode: (bytes: Uint8Array) => (bytes[0] === 33 ? null : new TextDecoder().decode(bytes)),
  };
  const world = worldOf({ codec });
  act(world, 0, (env) => {
    env.send(1, '!');
    env.send(1, 'fine');
  });
  world.run(5);
  assert.deepEqual(heard(world, 1), ['fine']);
  assert.deepEqual(world.notes.at(-1), { at: 11, node: 1, note: { kind: 'undecodable', from: 0 } });
});

test('a broken invariant ends the run, with node and time', () => {
  const invariants = (state: Log): void => {
    if (state.heard.includes('poison')) throw new Error('nobody is poisoned');
  };
  const world = worldOf({ process: log(invariants) });
  act(world, 0, (env) => env.send(1, 'poison'));
  assert.throws(
    () => world.run(5),
    (error) =>
      error instanceof ProcessFailure && error.node === 1 && /nobody is poisoned/.test(error.message),
  );
});

test('an adversary that fails only halts', () => {
  const world = worldOf({ mayFail: true });
  act(world, 0, (env) => {
    env.send(1, 'never');
    throw new Error('confused');
  });
  world.run(5);
  assert.equal(world.isUp(0), false);
  assert.deepEqual(heard(world, 1), []);
  assert.equal(world.notes.at(-1)?.note.kind, 'failed');
});

test('a process that halts for its operator is down, no failure of the run, and goes on from its disk', () => {
  const world = worldOf();
  act(world, 0, (env) => void env.append(Uint8Array.of(1)));
  world.run(5);
  act(world, 0, (env) => {
    env.append(Uint8Array.of(2));
    env.send(1, 'never');
    halt('upgrade this binary');
  });
  world.run(5);
  assert.equal(world.isUp(0), false);
  assert.deepEqual(heard(world, 1), []);
  assert.deepEqual(world.notes.at(-1)?.note, { kind: 'halted', reason: 'upgrade this binary' });
  world.restart(0);
  world.run(5);
  assert.equal(world.isUp(0), true);
});

test('a clock that jumps moves no timer and never steps back', () => {
  const world = worldOf();
  act(world, 0, (env) => env.setTimer('t', 10));
  world.run(1);
  world.jumpClock(0, -5);
  world.run(20);
  assert.deepEqual(heard(world, 0), ['t at 15']);
  world.jumpClock(0, 100);
  act(world, 0, (env, state) => void state.heard.push(`now ${env.now}`));
  world.run(1);
  assert.equal(heard(world, 0).at(-1), 'now 126');
});

test('a timer that is due is cancelled or moved by an earlier event of the same turn', () => {
  const world = worldOf({ cpu: { ...freeCosts, turnUs: 1000 } });
  act(world, 0, (env) => {
    env.setTimer('cancelled', 5);
    env.setTimer('moved', 5);
  });
  world.run(4.5);
  // The core is busy when the timers come up, so that they wait behind the next call.
  act(world, 0, () => {});
  world.run(0.1);
  act(world, 0, (env) => {
    env.cancelTimer('cancelled');
    env.setTimer('moved', 7);
  });
  world.run(20);
  assert.deepEqual(heard(world, 0), ['moved at 22.5']);
});

test('a process acts only within its turns', () => {
  const world = worldOf();
  let kept: Env<string> | undefined;
  act(world, 0, (env) => {
    kept = env;
  });
  world.run(1);
  assert.throws(() => kept?.send(1, 'out of turn'), /within its turns/);
});
