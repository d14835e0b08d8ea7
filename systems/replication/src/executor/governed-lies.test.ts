/** Those who lie about epochs to executors: former members, and present ones about what comes next. Who breaks a rule is caught. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelHash, SIGNATURE_BYTES } from '@concordat/crypto';
import { createPrng, type NodeId } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { gullibleChains, longMemory, shortMemory } from '../compliance/broken-executors.ts';
import type { ReplicaStrategy } from '../compliance/cluster.ts';
import {
  createExecutorCluster,
  type ExecutorCluster,
  type ExecutorClusterOptions,
  type ExecutorStrategy,
  scheduleAdditions,
} from '../compliance/executor-cluster.ts';
import { approved, type Change, changed, reconfigure } from '../compliance/governed.ts';
import { firstObjection } from '../compliance/storm.ts';
import { combinedDigest } from '../execution/roots.ts';
import { hasLeft } from '../governance/chain.ts';
import { configurationDigest, memberIds } from '../governance/configuration.ts';
import { configurationOf } from '../governance/epochs.ts';
import type { Link } from '../governance/link.ts';
import { firstViewOf } from '../governance/views.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { onChain } from './epochs.ts';
import type { ExecutorState } from './executor.ts';

const SEED = 5;

const create = (options: Partial<ExecutorClusterOptions>): ExecutorCluster =>
  createExecutorCluster({
    seed: SEED,
    faults: { u: 1, r: 1 },
    settings: { checkpointInterval: 8, window: 16 },
    joiners: [4, 5, 6, 7],
    ...options,
  });

function change(cluster: ExecutorCluster, member: NodeId, wish: Change): void {
  const { epoch } = configurationOf(cluster.orderOf(member));
  reconfigure(cluster, member, wish);
  const isBegun = (): boolean => configurationOf(cluster.orderOf(member)).epoch === epoch + 1;
  assert.ok(cluster.world.runUntil(isBegun, 10_000), `epoch ${epoch + 1} begins`);
}

/** Loads the cluster a while; what is wrong then, or null. */
function objection(cluster: ExecutorCluster): string | null {
  scheduleAdditions(cluster, createPrng(SEED), 60, 2000);
  cluster.world.run(2000);
  cluster.world.runUntil(() => cluster.outstanding() === 0, 20_000);
  return firstObjection(cluster) ?? (cluster.outstanding() > 0 ? 'liveness' : null);
}

/** Once it has left it tells executors, as if it were a member, that something is committed which nobody proposed. */
const haunting =
  (clusterOf: () => ExecutorCluster): ReplicaStrategy =>
  (honest) => ({
    ...honest,
    timeout: (s, env, timer) => {
      honest.timeout(s, env, timer);
      const { executors, executorOf, world } = clusterOf();
      if (!hasLeft(s)) return;
      for (const id of executors) {
        if (!world.isUp(id)) continue;
        const { config, proven } = executorOf(id).learner;
        const end = proven.slot + 1;
        env.send(id, {
          type: 'next-batch',
          view: firstViewOf(config.epoch),
          after: proven.slot,
          before: proven.history,
          digests: [modelHash(utf8('nobody proposed'))],
          accepted: end,
          tentative: end,
          committed: end,
        });
      }
    },
  });

/** What administrators have approved, but the log has not decided, with a certificate that nobody signed. */
function forgedLink({ governance }: ReplicaState): Link {
  const { genesis } = governance;
  const command = approved(SEED, genesis, changed(SEED, genesis, { join: [7], leave: [2] }));
  const nothing = modelHash(utf8('nothing'));
  const roots = {
    core: nothing,
    service: nothing,
    configuration: configurationDigest(modelHash, command.next),
  };
  const state = combinedDigest(modelHash, roots);
  const certificate = memberIds(genesis)
    .slice(0, 3)
    .map((sender) => ({
      type: 'checkpoint' as const,
      slot: 8,
      history: nothing,
      state,
      sender,
      incarnation: 0,
      epoch: 0,
      signature: new Uint8Array(SIGNATURE_BYTES),
    }));
  return { slot: 1, command, roots, certificate };
}

/** Shows a forged link to whoever tells it where he stands. */
const forging: ReplicaStrategy = (honest) => ({
  ...honest,
  receive: (s, env, from, m) => {
    if (m.type === 'last-executed') env.send(from, { type: 'chain', links: [forgedLink(s)] });
    honest.receive(s, env, from, m);
  },
});

const variants = (executorVariant: ExecutorStrategy | null) => executorVariant && { executorVariant };

describe('liars about epochs', () => {
  /** One member of each configuration lies, so that two that have left do. */
  const haunted = (variant: ExecutorStrategy | null): string | null => {
    const ghost = haunting(() => cluster);
    const cluster: ExecutorCluster = create({
      ...variants(variant),
      orderLiars: new Map([
        [0, ghost],
        [4, ghost],
      ]),
    });
    cluster.world.run(1000);
    change(cluster, 1, { join: [4], leave: [0] });
    cluster.world.run(1000);
    change(cluster, 1, { join: [5], leave: [4] });
    return objection(cluster);
  };

  it('former members are not believed', () => {
    assert.equal(haunted(null), null);
  });

  it('an executor that counts them is caught', () => {
    assert.match(haunted(longMemory) ?? 'nothing', /blame|agreement|liveness|convergence/);
  });

  /** Where executors believe they are, once a change that the log decided has begun. */
  const forged = (variant: ExecutorStrategy | null): number[][] => {
    const cluster = create({ ...variants(variant), orderLiars: new Map([[1, forging]]) });
    cluster.world.run(1000);
    change(cluster, 2, { join: [4], leave: [0] });
    const objected = objection(cluster);
    if (variant === null) assert.equal(objected, null);
    return cluster.executors.map((id) => [...cluster.executorOf(id).learner.config.members]);
  };

  it('a link is believed for its signatures', () => {
    assert.deepEqual(
      forged(null),
      [31, 32, 33].map(() => [1, 2, 3, 4]),
    );
  });

  it('an executor that does not check them is caught', () => {
    assert.deepEqual(
      forged(gullibleChains),
      [31, 32, 33].map(() => [0, 1, 3, 7]),
    );
  });

  it('nobody is blamed for a link that was sent before its receiver lost its journal', () => {
    const cluster = create({});
    const { world } = cluster;
    world.run(1000);
    change(cluster, 1, { join: [4], leave: [0] });
    change(cluster, 1, { join: [5], leave: [4] });
    const [, second] = cluster.orderOf(1).chain;
    assert.ok(second !== undefined);
    world.crash(33);
    world.wipe(33);
    world.restart(33);
    let epoch = -1;
    world.call<ExecutorState, Message>(33, ({ learner }, env) => {
      epoch = learner.config.epoch;
      onChain(learner, env, 1, { type: 'chain', links: [second] });
    });
    assert.equal(objection(cluster), null);
    assert.equal(epoch, 0, 'it had not followed yet');
    assert.equal(cluster.executorOf(33).learner.config.epoch, 2);
  });

  /** All members leave while no executor has come to the end of their epoch. */
  const deserted = (variant: ExecutorStrategy | null): string | null => {
    const cluster = create({ ...variants(variant) });
    const { world, executors } = cluster;
    scheduleAdditions(cluster, createPrng(SEED), 40, 1000);
    world.run(1000);
    for (const id of executors) world.crash(id);
    scheduleAdditions(cluster, createPrng(SEED), 40, 500);
    world.run(500);
    change(cluster, 1, { join: [4, 5, 6, 7], leave: [0, 1, 2, 3] });
    world.run(1000);
    for (const id of executors) world.restart(id);
    return objection(cluster);
  };

  it('former members are asked for the log of their epoch', () => {
    assert.equal(deserted(null), null);
  });

  it('executors that ask present ones alone get stuck', () => {
    assert.equal(deserted(shortMemory), 'liveness');
  });
});
