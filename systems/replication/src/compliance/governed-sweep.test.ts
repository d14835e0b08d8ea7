/** The swarm of changing federations in its small size: nothing is violated, and the runs do change configurations. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_MEMBERS } from '@concordat/kernel';
import { runSeed, type SweepCase, type World } from '@concordat/sim';
import type { ExecutorState } from '../executor/executor.ts';
import type { PresetName } from '../presets/index.ts';
import type { ReplicaState } from '../replica/state.ts';
import { governedSweep } from './governed-sweep.ts';

const SEEDS = 8;

const hasSwitched = (world: World): boolean =>
  world.ids.some((id) => {
    if (!world.isUp(id)) return false;
    const state: unknown = world.stateOf(id);
    const holder = isExecutor(state) ? state.learner : state;
    return isReplica(holder) && holder.execution.service.version() === 2;
  });

const isExecutor = (state: unknown): state is ExecutorState =>
  typeof state === 'object' && state !== null && 'learner' in state;

const isReplica = (state: unknown): state is ReplicaState =>
  typeof state === 'object' && state !== null && 'execution' in state;

for (const preset of ['concordat', 'zyzzyva', 'upright'] satisfies PresetName[])
  test(`${preset}: ${SEEDS} seeds`, (t) => {
    let entered = 0;
    let switched = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const cases: SweepCase[] = [];
      const system = governedSweep(preset);
      const build: typeof system.build = (setting) => {
        const built = system.build(setting);
        cases.push(built);
        return built;
      };
      assert.equal(runSeed({ ...system, build }, seed, { horizonMs: 6000 }), null);
      const notes = cases.flatMap(({ world }) => world.notes);
      entered += notes.filter(({ note }) => note.kind === 'epoch').length;
      if (cases.some(({ world }) => hasSwitched(world))) switched += 1;
    }
    t.diagnostic(
      `${entered} times a member entered an epoch, ${switched} federations switched their service`,
    );
    assert.ok(entered > SEEDS, 'federations change');
    assert.ok(switched > 0, 'services get another version');
  });

/** Seeds that found what is mended since, and what. */
const FOUND: readonly (readonly [preset: PresetName, seed: number, what: string])[] = [
  [
    'zyzzyva',
    61_015,
    'who waited for the last checkpoint of an epoch stayed in a view change that others had left',
  ],
  [
    'concordat',
    101_275,
    'after a loss of power a void command held the log before what a certificate covers',
  ],
];

for (const [preset, seed, what] of FOUND)
  test(`${preset}, seed ${seed}: ${what}`, () =>
    assert.equal(runSeed(governedSweep(preset), seed, { horizonMs: 6000 }), null));

test(`executors: ${SEEDS} seeds`, (t) => {
  const byKind = new Map<string, number>();
  let led = 0;
  let switched = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const worlds: World[] = [];
    const system = governedSweep('executors');
    const build: typeof system.build = (setting) => {
      const built = system.build(setting);
      worlds.push(built.world);
      return built;
    };
    assert.equal(runSeed({ ...system, build }, seed, { horizonMs: 6000 }), null);
    for (const world of worlds) if (hasSwitched(world)) switched += 1;
    for (const { node, note } of worlds.flatMap(({ notes }) => notes)) {
      const who = node < MAX_MEMBERS ? 'member' : 'executor';
      const key = note.kind === 'verdict' ? `verdict ${note['accepted']}` : `${who} ${note.kind}`;
      byKind.set(key, (byKind.get(key) ?? 0) + 1);
      if (key === 'executor epoch' && Number(note['ahead']) > 0) led += 1;
    }
  }
  const counted = (key: string): number => byKind.get(key) ?? 0;
  t.diagnostic(
    `${counted('executor epoch')} times an executor entered an epoch, ${led} times ahead of its log, ${counted('verdict false')} commands were refused, ${switched} federations switched their service`,
  );
  assert.ok(counted('executor epoch') > SEEDS, 'executors follow');
  assert.ok(led > 0 && led < counted('executor epoch'), 'some by links, some by the log');
  assert.ok(switched > 0, 'services get another version');
  assert.ok(counted('verdict false') > 0, 'what does not suit them is refused');
});
