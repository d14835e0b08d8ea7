/** Every order protocol under every strategy and fault budget: safe, live, and evidence only against liars. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import type { FaultModel } from '../fault-model.ts';
import { type PresetName, presets } from '../presets/index.ts';
import { genericLies, omissions, type Place, protocolLies } from './attacks.ts';
import { createCluster, type ReplicaStrategy, scheduleLoad } from './cluster.ts';
import { accusedBy, firstObjection, PATIENCE_MS, runStorm } from './storm.ts';

type Make = (place: Place) => ReplicaStrategy;

/** Attacks of a primary: the liar leads view 0. All others: it leads the view that follows. */
const FROM_THE_START = [
  'equivocate',
  'equivocate-time',
  'propose-twice',
  'withhold',
  'propose-to-some',
  'split-requests',
  'unprovable-requests',
  'starve',
  'time-ahead',
  'time-behind',
  'repeat',
  'delay just below the timeout',
  'equivocate, one message for another',
];

/** Attacks that leave proof. */
const CONVICTING = [
  'equivocate',
  'equivocate-time',
  'propose-twice',
  'two-new-views',
  'equivocate, one message for another',
];

function liarsFor(name: string, make: Make, count: number): Map<NodeId, Make> {
  const first = FROM_THE_START.includes(name) ? 0 : 1;
  return new Map(Array.from({ length: count }, (_, i) => [first + i, make]));
}

function endure(preset: PresetName, asked: FaultModel, name: string, make: Make, seed: number): void {
  const liars = liarsFor(name, make, asked.r === 0 ? asked.u : asked.r);
  const { faults, settings } = { faults: presets[preset].faults(asked), settings: presets[preset].settings };
  const { problem, accused } = runStorm({ seed, faults, liars, operations: 60, settings });
  assert.equal(problem, null);
  if (CONVICTING.includes(name)) assert.ok(accused.size > 0, 'there is evidence');
}

/** All in all as many as fit into a minute; the swarm tries the rest. */
const MODELS = {
  concordat: [
    { u: 1, r: 1 },
    { u: 2, r: 1 },
    { u: 2, r: 2 },
  ],
  zyzzyva: [
    { u: 1, r: 1 },
    { u: 2, r: 1 },
  ],
} as const;

for (const preset of ['concordat', 'zyzzyva'] as const) {
  describe(`${preset}, crash tolerance (1, 0)`, () => {
    for (const [name, make] of Object.entries(omissions))
      it(`endures ${name}`, () => endure(preset, { u: 1, r: 0 }, name, make, 11));
  });
  for (const faults of MODELS[preset]) {
    describe(`${preset}, Byzantine tolerance (${faults.u}, ${faults.r})`, () => {
      for (const [name, make] of Object.entries({ ...omissions, ...genericLies, ...protocolLies }))
        it(`endures ${name}`, () => endure(preset, faults, name, make, 21));
    });
  }
}

for (const preset of ['zyzzyva5', 'pbft'] as const) {
  describe(`${preset}, Byzantine tolerance (1, 1)`, () => {
    for (const [name, make] of Object.entries({ ...omissions, ...genericLies }))
      it(`endures ${name}`, () => endure(preset, { u: 1, r: 1 }, name, make, 21));
  });
}

describe('honest runs', () => {
  for (const faults of [
    { u: 1, r: 0 },
    { u: 1, r: 1 },
    { u: 2, r: 1 },
  ]) {
    it(`of (${faults.u}, ${faults.r}) accuse nobody`, () => {
      const { problem, accused } = runStorm({ seed: 31, faults, liars: new Map() });
      assert.equal(problem, null);
      assert.equal(accused.size, 0);
    });
  }
});

describe('a member that was cut off for longer than a proposal may be late', () => {
  for (const slots of [20, 60, 110]) {
    it(`catches up with ${slots} slots by the log, and soon`, () => {
      const cluster = createCluster({ seed: 51, faults: { u: 1, r: 1 } });
      const { world } = cluster;
      world.run(100);
      world.partition([[0, 1, 2, 4], [3]]);
      for (let i = 0; i < slots; i++) {
        world.schedule((i * 3000) / slots, () => cluster.add(i % 3, 'apples', 1));
      }
      world.run(3100);
      const executed = (id: NodeId): number => cluster.stateOf(id).execution.executed;
      assert.ok(executed(0) >= slots && executed(3) < 10, 'the others went on without it');
      assert.ok(executed(0) < 128, 'no checkpoint is there to be fetched');
      world.heal();
      world.run(1500);
      assert.ok(executed(3) >= executed(0) - 2, `${executed(3)} of ${executed(0)} slots`);
      assert.equal(firstObjection(cluster), null);
    });
  }
});

describe('crashes and amnesia', () => {
  for (const loss of ['crash', 'wipe', 'corrupt'] as const) {
    it(`${loss} of one member after the other accuses nobody`, () => {
      for (let seed = 41; seed < 43; seed++) assert.equal(loseEach(loss, seed), null);
    });
  }
});

/** Takes down each member once, primaries too, in the middle of its turns, and lets each come back to full rights. */
function loseEach(loss: 'crash' | 'wipe' | 'corrupt', seed: number): string | null {
  const faults = { u: 1, r: 1 };
  const settings = { checkpointInterval: 4, window: 8, heartbeatMs: 50 };
  const cluster = createCluster({ seed, faults, settings });
  const { world, members } = cluster;
  scheduleLoad(cluster, createPrng(seed), 200, 8000);
  for (let id = 0; id < members; id++) {
    world.run(500);
    world.crashDuringTurn(id);
    world.run(20);
    world.crash(id);
    if (loss !== 'crash') world[loss](id);
    world.restart(id);
    const mayVote = (): boolean => world.isUp(id) && cluster.stateOf(id).incarnation.mayVote;
    world.run(10);
    if (!world.runUntil(mayVote, 30_000)) return `liveness: member ${id} gets no new incarnation`;
  }
  world.run(8000);
  if (!world.runUntil(() => cluster.outstanding() === 0, PATIENCE_MS)) return 'liveness';
  const { accused, problem } = accusedBy(cluster, seed, new Map());
  return firstObjection(cluster) ?? problem ?? (accused.size > 0 ? `evidence against ${[...accused]}` : null);
}
