/** A stand-alone learner beside order replicas that execute: it sees what their own gateways see, and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import {
  createPrng,
  type Env,
  type ExposedBatch,
  isBatch,
  type NodeId,
  type Process,
} from '@concordat/kernel';
import { toHex, utf8 } from '@concordat/wire';
import { type Cluster, createCluster, scheduleLoad } from '../compliance/cluster.ts';
import { lying } from '../compliance/executor-cluster.ts';
import { addOperation, createLedger } from '../compliance/ledger.ts';
import { firstObjection } from '../compliance/storm.ts';
import { replicaConfig } from '../config.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { feedAttackers } from './adversaries.ts';
import { learnerConfig } from './config.ts';
import { createLearner, learnedLog } from './learner.ts';
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
  const keys = createModelKeys(4, SEED)(2);
  const learner = createLearner({
    config: learnerConfig(order, { self: LEARNER, domain: 2 }),
    keys,
    createService: () => createLedger(modelHash),
  });
  const process: Process<LearnerState, Message> = {
    ...learner,
    settle: (l, env) => {
      learner.settle(l, env);
      shown.push(...learnedLog.takeExposed(l).filter(isBatch));
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

test('what a learner submits is executed once, and it learns so: over view changes, lost links, and a jump', () => {
  const cluster = createCluster({ seed: SEED, faults: FAULTS, settings: SETTINGS });
  const { world } = cluster;
  const shown: ExposedBatch[] = [];
  addLearner(cluster, shown);
  let submitted = 0;
  for (let i = 0; i < 60; i++)
    world.schedule(100 * i, () =>
      world.call(LEARNER, (l: LearnerState, env: Env<Message>) => {
        if (learnedLog.submit(l, env, addOperation('pears', 1)) !== null) submitted++;
      }),
    );
  scheduleLoad(cluster, createPrng(SEED), 100, 6000);
  world.schedule(700, () => world.crash(0));
  world.schedule(1500, () => world.restart(0));
  // It hears nothing for longer than the log is kept, while its requests still go out.
  for (const id of [0, 1, 2, 3]) {
    world.schedule(2500, () => world.cut(id, LEARNER));
    world.schedule(5000, () => world.mend(id, LEARNER));
    world.schedule(5500 + 10 * id, () => world.breakLink(id, LEARNER));
  }
  world.run(6500);
  const isDone = (): boolean => world.stateOf<LearnerState>(LEARNER).submission.outstanding.size === 0;
  assert.ok(world.runUntil(isDone, 20_000));
  world.run(1000);
  const sums = shown
    .flatMap(({ outcomes }) => outcomes)
    .filter(
      ({ domain, client }) =>
        domain === 2 && client === world.stateOf<LearnerState>(LEARNER).submission.client,
    )
    .map(({ reply }) => Number(`0x${toHex(reply)}`));
  assert.ok(submitted > 40);
  assert.deepEqual(
    sums,
    Array.from({ length: submitted }, (_, i) => i + 1),
  );
  assert.ok(world.notes.some(({ node, note }) => node === LEARNER && note.kind === 'state-transferred'));
});
