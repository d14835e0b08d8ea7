/** The swarm of changing federations in its small size: nothing is violated, and the runs do change configurations. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed, type SweepCase } from '@concordat/sim';
import type { PresetName } from '../presets/index.ts';
import { governedSweep } from './governed-sweep.ts';

const SEEDS = 8;

for (const preset of ['concordat', 'zyzzyva', 'upright'] satisfies PresetName[])
  test(`${preset}: ${SEEDS} seeds`, (t) => {
    let entered = 0;
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
    }
    t.diagnostic(`${entered} times a member entered an epoch`);
    assert.ok(entered > SEEDS, 'federations change');
  });
