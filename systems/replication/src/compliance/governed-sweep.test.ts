/** The swarm of changing federations in its small size: nothing is violated, and the runs do change configurations. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed, type SweepCase, type World } from '@concordat/sim';
import type { PresetName } from '../presets/index.ts';
import type { ReplicaState } from '../replica/state.ts';
import { governedSweep } from './governed-sweep.ts';

const SEEDS = 8;

const hasSwitched = (world: World): boolean =>
  world.ids.some((id) => {
    if (!world.isUp(id)) return false;
    const state: unknown = world.stateOf(id);
    return isReplica(state) && state.execution.service.version() === 2;
  });

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
