/** Every broken keeper is caught, by the detector that README.md names; the real one passes the same scenarios. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KEEPER_DEFAULTS } from '@concordat/keeper';
import { createPrng, type Millis } from '@concordat/kernel';
import { ProcessFailure, type World } from '@concordat/sim';
import type { KeeperSetting, LoadSetting } from './configuration.ts';
import { buildCase } from './keeper.ts';
import { VARIANTS, type Variant } from './variants.ts';

const HORIZON_MS = 12_000;

const load: LoadSetting = {
  clients: 0,
  readers: 0,
  operations: 200,
  pipeline: 2,
  paceMs: 50,
  sessionMs: 4000,
  moveEveryMs: 0,
  paths: ['/node-0', '/node-1', '/node-2'],
};

const settingWith = (own: Partial<LoadSetting>): KeeperSetting => ({
  faults: { u: 1, r: 1 },
  members: 4,
  replica: { checkpointInterval: 4, window: 8, heartbeatMs: 100, retransmitMs: 100 },
  keeper: { ...KEEPER_DEFAULTS, heartbeatMs: 200, names: ['alpha', 'bravo', 'charlie', 'delta'] },
  network: {},
  load: { ...load, ...own },
});

/** Cuts a domain off from the other members; its clients stay with it. */
function cutOff(world: World, id: number, from: Millis, to: Millis): void {
  for (const other of [0, 1, 2, 3].filter((member) => member !== id)) {
    for (const [a, b] of [
      [id, other],
      [other, id],
    ] as const) {
      world.schedule(from, () => world.cut(a, b));
      world.schedule(to, () => world.mend(a, b));
    }
  }
}

interface Script {
  readonly load: Partial<LoadSetting>;
  stage(world: World): void;
}

/** What is found wrong in a script: by detector. */
function findings(script: Script, variant: Variant | null): Record<string, string> {
  const config = settingWith(script.load);
  const random = createPrng(1, 'script');
  const trial = buildCase({ seed: 1, config, random, byzantine: new Map(), horizonMs: HORIZON_MS }, variant);
  const { world } = trial;
  script.stage(world);
  const found: Record<string, string> = {};
  try {
    world.run(HORIZON_MS);
    if (!world.runUntil(() => trial.outstanding() === 0, 30_000)) found['liveness'] = 'it is stuck';
  } catch (error) {
    if (!(error instanceof ProcessFailure)) throw error;
    found['invariant'] = error.message;
  }
  for (const [detector, judge] of Object.entries(trial.judges)) {
    const message = judge();
    if (message !== null) found[detector] = message;
  }
  return found;
}

/** A client reads at a domain that hears of nobody for longer than its session lasts. */
const silence: Script = {
  load: { clients: 3, readers: 1 },
  stage: (world) => cutOff(world, 3, 1000, 10_000),
};

/** A client watches at a domain that falls so far behind that it must fetch the state; by then nothing changes. */
const jump: Script = {
  load: { clients: 3, readers: 1, sessionMs: 30_000, operations: 60 },
  stage: (world) => cutOff(world, 3, 1000, 5000),
};

/** Clients roam, and what they leave behind at one domain is ordered late. */
const lateOrders: Script = {
  load: { clients: 4, moveEveryMs: 300, pipeline: 4 },
  stage: (world) => {
    for (const other of [0, 1, 2]) world.setLink(3, other, { latencyMs: 1500 });
  },
};

/** The leader dies and comes back: views change while clients roam. */
const newLeader: Script = {
  load: { clients: 4, moveEveryMs: 700 },
  stage: (world) => {
    world.schedule(2000, () => world.crash(0));
    world.schedule(5000, () => world.restart(0));
  },
};

/** The leader is cut off with clients of its own; the others choose another. */
const lonelyLeader: Script = {
  load: { clients: 4 },
  stage: (world) => cutOff(world, 0, 2000, 6000),
};

const SCRIPTED = [
  ['no-leases', silence, 'lease'],
  ['forgets-watches', jump, 'clients'],
  ['no-fencing', lateOrders, 'history'],
  ['zxid-from-view', newLeader, 'history'],
  ['exposes-early', lonelyLeader, 'agreement'],
] as const;

describe('broken keepers', () => {
  for (const [name, script, detector] of SCRIPTED) {
    it(`${name} is caught by ${detector}`, () => {
      assert.deepEqual(findings(script, null), {}, 'the real keeper passes');
      const found = findings(script, VARIANTS[name] ?? null);
      assert.ok(detector in found, `caught by ${Object.keys(found).join() || 'nothing'}`);
    });
  }
});
