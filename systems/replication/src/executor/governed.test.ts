/** Executors, and learners that stand alone, follow a change of those who order: by the log, by links, from their journals. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { createPrng, type NodeId } from '@concordat/kernel';
import { createCluster, scheduleLoad, verifierOf } from '../compliance/cluster.ts';
import {
  createExecutorCluster,
  EXECUTOR_CLUSTER_ID,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  KEYS,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import { type Change, governedAs, reconfigure } from '../compliance/governed.ts';
import { createLedger } from '../compliance/ledger.ts';
import { firstObjection } from '../compliance/storm.ts';
import { replicaConfig } from '../config.ts';
import { memberIds } from '../governance/configuration.ts';
import { configurationOf } from '../governance/epochs.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import { learnerConfig } from './config.ts';
import { createLearner } from './learner.ts';
import { exposedEnd, type LearnerState } from './state.ts';

const SETTINGS = { checkpointInterval: 8, window: 16 };
const JOINERS: readonly NodeId[] = [4, 5, 6, 7, 8, 9, 10, 11];

const create = (options: Partial<ExecutorClusterOptions> = {}): ExecutorCluster =>
  createExecutorCluster({
    seed: 1,
    faults: { u: 1, r: 1 },
    settings: SETTINGS,
    joiners: JOINERS,
    ...options,
  });

/** Has clients add `count` times in about `spanMs`. */
function load(cluster: ExecutorCluster, count: number, spanMs: number): void {
  scheduleAdditions(cluster, createPrng(count), count, spanMs);
  cluster.world.run(spanMs);
}

/** Runs until everything has a result, and judges. */
function finish(cluster: ExecutorCluster): void {
  cluster.world.runUntil(() => cluster.outstanding() === 0, 30_000);
  assert.equal(cluster.outstanding(), 0, 'every operation has its result');
  assert.ok(cluster.completed() > 0);
  assert.equal(firstObjection(cluster), null);
}

const epochOf = (cluster: ExecutorCluster, id: NodeId): number => cluster.executorOf(id).learner.config.epoch;

const epochsOf = (cluster: ExecutorCluster): number[] => cluster.executors.map((id) => epochOf(cluster, id));

/** Has `member` ask for a change, and runs until these have entered the epoch. */
function change(cluster: ExecutorCluster, member: NodeId, wish: Change): void {
  const { epoch } = configurationOf(cluster.orderOf(member));
  reconfigure(cluster, member, wish);
  assert.ok(
    cluster.world.runUntil(() => configurationOf(cluster.orderOf(member)).epoch === epoch + 1, 10_000),
    `epoch ${epoch + 1} begins`,
  );
}

const catchUp = (cluster: ExecutorCluster, id: NodeId, other: NodeId): void => {
  // Who was restarted just now has no state yet.
  cluster.world.run(1);
  const height = exposedEnd(cluster.executorOf(other).learner);
  assert.ok(
    cluster.world.runUntil(() => exposedEnd(cluster.executorOf(id).learner) >= height, 30_000),
    `executor ${id} gets to slot ${height}`,
  );
};

const noted = ({ world }: ExecutorCluster, id: NodeId, kind: string): number =>
  world.notes.filter(({ node, note }) => node === id && note.kind === kind).length;

describe('executors follow a change of members', () => {
  for (const speculates of [false, true])
    it(`a member is replaced under load${speculates ? ', and executors speculate' : ''}`, () => {
      const cluster = create({ learner: { speculates } });
      load(cluster, 40, 1000);
      scheduleAdditions(cluster, createPrng(7), 80, 3000);
      change(cluster, 1, { join: [4], leave: [0] });
      cluster.world.run(3000);
      finish(cluster);
      assert.deepEqual(epochsOf(cluster), [1, 1, 1]);
      const { learner } = cluster.executorOf(31);
      assert.deepEqual(learner.config.members, [1, 2, 3, 4]);
      assert.deepEqual(
        learner.sources.map(({ id }) => id),
        [1, 2, 3, 4],
      );
      assert.ok(learner.certified.slot > 0);
      assert.deepEqual(memberIds(configurationOf(cluster.orderOf(4))), [1, 2, 3, 4]);
    });

  it('an executor that was down meanwhile goes on from its journal', () => {
    const cluster = create();
    load(cluster, 40, 1000);
    cluster.world.crash(33);
    load(cluster, 10, 200);
    change(cluster, 1, { join: [4], leave: [0] });
    load(cluster, 40, 1000);
    cluster.world.restart(33);
    catchUp(cluster, 33, 31);
    finish(cluster);
    assert.deepEqual(epochsOf(cluster), [1, 1, 1]);
  });

  it('an executor that lost its journal meanwhile fetches a state of the later epoch', () => {
    const cluster = create();
    load(cluster, 40, 1000);
    cluster.world.crash(33);
    cluster.world.wipe(33);
    change(cluster, 1, { join: [4], leave: [0] });
    load(cluster, 80, 3000);
    cluster.world.restart(33);
    catchUp(cluster, 33, 31);
    finish(cluster);
    assert.deepEqual(epochsOf(cluster), [1, 1, 1]);
    assert.ok(noted(cluster, 33, 'state-transferred') > 0);
  });

  it('two epochs follow each other at once, while an executor is away and one loses its journal', () => {
    const cluster = create();
    load(cluster, 40, 1000);
    cluster.world.crash(33);
    change(cluster, 1, { join: [4], leave: [0] });
    change(cluster, 1, { join: [5], leave: [2] });
    load(cluster, 20, 500);
    cluster.world.restart(33);
    catchUp(cluster, 33, 31);
    cluster.world.crash(32);
    cluster.world.wipe(32);
    cluster.world.restart(32);
    load(cluster, 40, 1000);
    catchUp(cluster, 32, 31);
    finish(cluster);
    assert.deepEqual(epochsOf(cluster), [2, 2, 2]);
    assert.deepEqual(cluster.executorOf(33).learner.config.members, [1, 3, 4, 5]);
  });

  it('a key is rotated', () => {
    const cluster = create();
    load(cluster, 40, 1000);
    scheduleAdditions(cluster, createPrng(3), 40, 1000);
    change(cluster, 2, { rekey: [0, 1, 3] });
    cluster.world.run(1000);
    finish(cluster);
    assert.deepEqual(epochsOf(cluster), [1, 1, 1]);
  });

  it('fewer lies are borne by fewer members and as many executors', () => {
    const cluster = create();
    load(cluster, 40, 1000);
    change(cluster, 1, { leave: [3], faults: { u: 1, r: 0 } });
    load(cluster, 40, 1000);
    finish(cluster);
    const { learner } = cluster.executorOf(31);
    assert.deepEqual([learner.config.members.length, learner.config.quorums.vouching], [3, 1]);
    change(cluster, 1, { join: [4], faults: { u: 1, r: 1 } });
    load(cluster, 40, 1000);
    finish(cluster);
    assert.deepEqual(epochsOf(cluster), [2, 2, 2]);
  });

  it('where all members leave at once, former ones have the log that an executor lacks', () => {
    const cluster = create({ settings: { checkpointInterval: 32, window: 64 } });
    load(cluster, 10, 300);
    cluster.world.crash(33);
    load(cluster, 10, 300);
    change(cluster, 1, { join: [4, 5, 6, 7], leave: [0, 1, 2, 3] });
    cluster.world.runUntil(() => configurationOf(cluster.orderOf(4)).epoch === 1, 10_000);
    cluster.world.restart(33);
    catchUp(cluster, 33, 31);
    load(cluster, 40, 1000);
    finish(cluster);
    assert.deepEqual(epochsOf(cluster), [1, 1, 1]);
    assert.equal(noted(cluster, 33, 'state-transferred'), 0);
  });

  it('no executor has come to the end of the epoch when all its members leave, and order does not wait forever', () => {
    const cluster = create();
    load(cluster, 60, 2000);
    for (const id of cluster.executors) cluster.world.crash(id);
    change(cluster, 1, { join: [4, 5, 6, 7], leave: [0, 1, 2, 3] });
    cluster.world.run(5000);
    for (const id of cluster.executors) cluster.world.restart(id);
    load(cluster, 100, 3000);
    finish(cluster);
    assert.deepEqual(epochsOf(cluster), [1, 1, 1]);
    const base = configurationOf(cluster.orderOf(4)).epoch;
    assert.equal(base, 1);
    assert.ok(cluster.executorOf(31).learner.certified.slot > cluster.orderOf(4).genesis.slot);
  });
});

describe('what a change may not do where executors execute', () => {
  for (const [what, wish, why] of [
    ['needs other executors', { join: [4, 5], faults: { u: 2, r: 1 } }, /need 5 executors, here are 3/],
    ['speculates', { settings: { order: 'speculative', speculates: true } }, /three phases/],
    ['admits otherwise', { settings: { admission: 'request-quorum' } }, /admitted/],
    [
      'switches the version unannounced',
      { settings: { version: 2 } },
      /version 2 needs 2 executors .* here are 0: missing executors 31, 32, 33/,
    ],
  ] as const satisfies readonly (readonly [string, Change, RegExp])[])
    it(`a command that ${what} is refused in words, by all alike`, () => {
      const cluster = create();
      load(cluster, 10, 200);
      reconfigure(cluster, 1, wish);
      load(cluster, 30, 2000);
      finish(cluster);
      const verdict = cluster.world.notes.find(({ note }) => note.kind === 'verdict');
      assert.equal(verdict?.note['accepted'], false);
      assert.match(String(verdict?.note['reason']), why);
      assert.deepEqual(epochsOf(cluster), [0, 0, 0]);
    });
});

describe('a learner beside members that execute', () => {
  const LEARNER: NodeId = 40;
  const OUTSIDE = 20;

  it('follows a change, and fetches a state of a later epoch when it comes late', () => {
    const faults = { u: 1, r: 1 };
    const settings = { ...SETTINGS, learners: [LEARNER] };
    const cluster = createCluster({ seed: 1, faults, settings, joiners: JOINERS });
    const order = replicaConfig({ self: 0, cluster: EXECUTOR_CLUSTER_ID, faults, ...settings });
    const keys = createModelKeys(KEYS, 1)(OUTSIDE);
    const governed = governedAs(1, order, order.members);
    cluster.world.add({
      id: LEARNER,
      process: createLearner({
        config: learnerConfig(order, { self: LEARNER, governed }),
        keys,
        createService: (version) => createLedger(modelHash, version),
      }),
      verify: verifierOf(keys),
      codec: { encode: encodeMessage, decode: decodeMessage },
    });
    const learner = (): LearnerState => cluster.world.stateOf<LearnerState>(LEARNER);
    const isLevel = (): boolean => {
      const { execution } = cluster.stateOf(1);
      return (
        exposedEnd(learner()) >= execution.executed - 1 &&
        learner().config.epoch === cluster.stateOf(1).config.epoch
      );
    };
    const pass = (): void => {
      scheduleLoad(cluster, createPrng(1), 60, 2000);
      cluster.world.run(2000);
      assert.ok(cluster.world.runUntil(isLevel, 20_000), `learner at ${exposedEnd(learner())}`);
      assert.equal(firstObjection(cluster), null);
    };
    pass();
    reconfigure(cluster, 1, { join: [4], leave: [0], rekey: [2] });
    pass();
    assert.deepEqual(learner().config.members, [1, 2, 3, 4]);
    assert.deepEqual(learner().config.holders, [1, 2, 3, 4]);
    cluster.world.crash(LEARNER);
    cluster.world.wipe(LEARNER);
    reconfigure(cluster, 1, { join: [5], leave: [3], rekey: [2] });
    scheduleLoad(cluster, createPrng(2), 60, 2000);
    cluster.world.run(2000);
    cluster.world.restart(LEARNER);
    cluster.world.run(1);
    pass();
    assert.equal(learner().config.epoch, 2);
    assert.ok(
      cluster.world.notes.some(({ node, note }) => node === LEARNER && note.kind === 'state-transferred'),
    );
  });
});
