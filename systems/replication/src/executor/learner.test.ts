/** A stand-alone learner beside order replicas that execute: it sees what their own gateways see, and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { createPrng, type ExposedBatch, isBatch, type NodeId, type Process } from '@concordat/kernel';
import { toHex, utf8 } from '@concordat/wire';
import { type Cluster, createCluster, scheduleLoad } from '../compliance/cluster.ts';
import { lying } from '../compliance/executor-cluster.ts';
import { createLedger } from '../compliance/ledger.ts';
import { firstObjection } from '../compliance/storm.ts';
import { replicaConfig } from '../config.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { feedAttackers } from './adversaries.ts';
import { learnerConfig } from './config.ts';
import { createLearner, takeExposed } from './learner.ts';
import type { LearnerState } from './state.ts';

const LEARNER: NodeId = 40;
const SEED = 7;
const FAULTS = { u: 1, r: 1 };
const SETTINGS = { checkpointInterval: 4, window: 8, learners: [LEARNER] };

/** Adds a learner that shows what becomes exposed to it. */
function addLearner({ world }: Cluster, shown: ExposedBatch[]): void {
  const order = replicaConfig({
    self: 0,
    cluster: modelHash(utf8('compliance')),
    faults: FAULTS,
    ...SETTINGS,
  });
  const keys = createModelKeys(4, SEED)(0);
  const learner = createLearner({
    config: learnerConfig(order, { self: LEARNER }),
    keys,
    createService: () => createLedger(modelHash),
  });
  const process: Process<LearnerState, Message> = {
    ...learner,
    settle: (l, env) => {
      learner.settle(l, env);
      shown.push(...takeExposed(l).filter(isBatch));
    },
  };
  world.add({
    id: LEARNER,
    process,
    verify: (check) => keys.verify(check.signer, check.bytes, check.signature),
    codec: { encode: encodeMessage, decode: decodeMessage },
  });
}

/** The learner has executed what a member has, and is in the same state. */
function judge(cluster: Cluster, shown: readonly ExposedBatch[]): void {
  const { world } = cluster;
  world.run(1);
  const heightOf = (): number => world.stateOf<LearnerState>(LEARNER).execution.executed;
  assert.ok(world.runUntil(() => cluster.outstanding() === 0, 20_000));
  const isLevel = (): boolean => heightOf() === cluster.stateOf(3).execution.executed;
  assert.ok(
    world.runUntil(() => heightOf() > 30 && isLevel(), 20_000),
    `learner at ${heightOf()}`,
  );
  // Batches follow, if only to tell the time.
  world.run(1000);
  assert.ok(world.runUntil(isLevel, 20_000));
  assert.equal(firstObjection(cluster), null);
  const digests = [world.stateOf<LearnerState>(LEARNER), cluster.stateOf(3)].map(({ execution }) =>
    toHex(execution.digest()),
  );
  assert.equal(digests[0], digests[1]);
  assert.ok(shown.length > 0);
  for (const [i, { slot }] of shown.entries()) assert.ok(i === 0 || slot > (shown[i - 1]?.slot ?? 0));
}

test('a learner follows the log', () => {
  const cluster = createCluster({ seed: SEED, faults: FAULTS, settings: SETTINGS });
  const shown: ExposedBatch[] = [];
  addLearner(cluster, shown);
  scheduleLoad(cluster, createPrng(SEED), 150, 4000);
  cluster.world.run(4000);
  judge(cluster, shown);
  assert.equal(shown[0]?.slot, 1);
  assert.equal(shown.length, shown.at(-1)?.slot, 'every slot was shown');
});

test('one that comes late begins with a state of the order replicas', () => {
  const cluster = createCluster({ seed: SEED, faults: FAULTS, settings: SETTINGS });
  scheduleLoad(cluster, createPrng(SEED), 150, 4000);
  cluster.world.run(4000);
  const shown: ExposedBatch[] = [];
  addLearner(cluster, shown);
  judge(cluster, shown);
  assert.ok((shown[0]?.slot ?? 0) > 20, 'not from the beginning');
});

for (const [name, attacker] of Object.entries(feedAttackers)) {
  test(`one is not deceived by an order replica: ${name}`, () => {
    const adversaries = new Map([[1, lying<ReplicaState>(attacker, 1, SEED, FAULTS)]]);
    const cluster = createCluster({ seed: SEED, faults: FAULTS, settings: SETTINGS, adversaries });
    const shown: ExposedBatch[] = [];
    addLearner(cluster, shown);
    scheduleLoad(cluster, createPrng(SEED), 150, 4000);
    cluster.world.schedule(1000, () => cluster.world.crash(LEARNER));
    cluster.world.schedule(3000, () => cluster.world.restart(LEARNER));
    cluster.world.run(4000);
    judge(cluster, shown);
  });
}
