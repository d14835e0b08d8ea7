import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type NodeId, type Process } from '@concordat/kernel';
import { createWorld } from '../world.ts';
import { describeFaults, healAll, randomFaults, scheduleFaults } from './fault-plan.ts';

const HORIZON_MS = 20_000;

const planFor = (seed: number, u: number, r: number, members: readonly NodeId[]) =>
  randomFaults(createPrng(seed), {
    budget: { u, r },
    members,
    horizonMs: HORIZON_MS,
    strategies: ['mute', 'flood'],
    perSecond: 5,
  });

const idle: Process<{ readonly isWhole: boolean }, string> = {
  start: (env, { whole }) => {
    env.setTimer('write', 100);
    return { isWhole: whole };
  },
  receive: () => {},
  timeout: (_state, env) => {
    env.append(Uint8Array.of(1));
    env.setTimer('write', 100);
  },
  settle: () => {},
};

test('never more than u members are down or cut off, and everyone but the stopped comes back', () => {
  const seen = { down: 0, amnesia: 0, byzantine: 0, stopped: 0 };
  for (let seed = 0; seed < 60; seed++) {
    const u = 1 + (seed % 3);
    const members = Array.from({ length: 2 * u + 1 }, (_, id) => id);
    const faults = planFor(seed, u, 1, members);
    assert.ok(faults.byzantine.size <= 1);
    seen.byzantine += faults.byzantine.size;
    const world = createWorld({ seed });
    for (const id of members) world.add({ id, process: idle });
    world.run(1);
    scheduleFaults(world, faults);
    const lost = new Set<NodeId>();
    const isReachable = (id: NodeId): boolean => world.isUp(id) && !faults.byzantine.has(id);
    while (world.now < HORIZON_MS) {
      world.run(50);
      const down = members.filter((id) => !isReachable(id));
      for (const id of members) if (world.diskOf(id).losses > 0) lost.add(id);
      assert.ok(new Set([...down, ...lost]).size <= u, `seed ${seed} at ${world.now}`);
      seen.down += down.length;
    }
    healAll(world, faults);
    world.run(1000);
    const missing = members.filter((id) => !world.isUp(id));
    assert.deepEqual(
      missing,
      [...faults.stopped].sort((a, b) => a - b),
    );
    seen.amnesia += lost.size;
    seen.stopped += faults.stopped.size;
  }
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > 0, `${kind} happens`);
});

test('without a budget nothing fails, though networks may be slow', () => {
  for (let seed = 0; seed < 20; seed++) {
    const faults = planFor(seed, 0, 0, [0, 1, 2]);
    assert.equal(faults.byzantine.size + faults.stopped.size, 0);
    for (const line of describeFaults(faults)) assert.match(line, /takes|fast again|breaks/);
  }
});

test('outages strike everyone and end', () => {
  const texts = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    const members = [0, 1, 2];
    const world = createWorld({ seed });
    for (const id of members) world.add({ id, process: idle });
    const budget = { u: 0, r: 0, hasOutages: true };
    const faults = randomFaults(createPrng(seed), { budget, members, horizonMs: HORIZON_MS, perSecond: 3 });
    for (const { text } of faults.actions) texts.add(text.replace(/[\d,]+/g, 'N'));
    scheduleFaults(world, faults);
    world.run(HORIZON_MS);
    healAll(world, faults);
    world.run(1000);
    for (const id of members) assert.ok(world.isUp(id) && world.stateOf<{ isWhole: boolean }>(id).isWhole);
  }
  assert.ok(texts.has('power fails everywhere') && texts.has('N and N are cut apart'));
});

test('outages do not bring back who has stopped for good', () => {
  let stopped = 0;
  for (let seed = 0; seed < 40; seed++) {
    const members = [0, 1, 2, 3, 4];
    const world = createWorld({ seed });
    for (const id of members) world.add({ id, process: idle });
    const budget = { u: 2, r: 1, hasOutages: true };
    const faults = randomFaults(createPrng(seed), { budget, members, horizonMs: HORIZON_MS, perSecond: 5 });
    scheduleFaults(world, faults);
    world.run(HORIZON_MS);
    healAll(world, faults);
    const missing = members.filter((id) => !world.isUp(id));
    assert.deepEqual(
      missing,
      [...faults.stopped].sort((a, b) => a - b),
    );
    stopped += missing.length;
  }
  assert.ok(stopped > 5);
});

test('episodes can be left out, and the others stay as they are', () => {
  const members = [0, 1, 2, 3, 4, 5, 6];
  const options = { budget: { u: 3, r: 2 }, members, horizonMs: HORIZON_MS, strategies: ['mute'] };
  const all = randomFaults(createPrng(5), options);
  const episodes = new Set(all.actions.map(({ episode }) => episode));
  assert.ok(episodes.size > 3);
  for (const left of episodes) {
    const rest = randomFaults(createPrng(5), { ...options, skip: new Set([left]) });
    const expected = describeFaults(all).filter((line) => !line.endsWith(`[${left}]`));
    assert.deepEqual(describeFaults(rest), expected);
  }
  const honest = randomFaults(createPrng(5), { ...options, skip: new Set([0, 1]) });
  assert.equal(honest.byzantine.size, 0);
});

test('every kind of fault is drawn, in order of time, the same for the same dice', () => {
  const texts = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const members = [0, 1, 2, 3, 4, 5, 6];
    const faults = planFor(seed, 3, 2, members);
    assert.deepEqual(describeFaults(faults), describeFaults(planFor(seed, 3, 2, members)));
    assert.ok(faults.actions.every(({ at }, i) => i === 0 || at >= faults.actions[i - 1]!.at));
    for (const { text } of faults.actions) texts.add(text.replace(/-?\d+/g, 'N'));
  }
  for (const text of [
    'N crashes',
    'N crashes in a turn',
    'N crashes, torn',
    'N stops for good',
    'N is cut off',
    'N no longer reaches N',
    'N to N takes N ms',
    'the disk of N takes N ms',
    'the link of N and N breaks',
    'the clock of N jumps by N ms',
    'N loses its journal',
    'N finds its journal damaged',
    'the disk of N begins to lie',
  ])
    assert.ok(texts.has(text), `${text} of ${[...texts].join('; ')}`);
});
