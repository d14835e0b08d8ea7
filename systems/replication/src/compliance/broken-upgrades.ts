/**
 * Deliberately broken replicas of a federation whose binaries are replaced one by one, and the scenarios that reject them.
 * Each lacks one thing that keeps the version of the service ordered.
 */

import { createPrng, halt, type NodeId } from '@concordat/kernel';
import { presentRecord } from '../governance/ordered.ts';
import { cannotRun } from '../governance/readiness.ts';
import type { ReplicaState } from '../replica/state.ts';
import { atStart, bend, type Variant } from './bending.ts';
import { type Cluster, scheduleLoad } from './cluster.ts';
import { reconfigure } from './governed.ts';
import { type Binaries, NEW, upgrade } from './upgrades.ts';

/** Takes everyone's word for given. */
export const rashSwitch: Variant = atStart((s) => {
  bend(s.execution.core.governance.announced).get = () => NEW;
});

/** Has the service say that it runs what the configuration says, although it may be ahead of it. */
function hideVersion(s: ReplicaState): void {
  const { core, service } = s.execution;
  const real = service.version;
  bend(service).version = () => Math.min(real(), presentRecord(core.governance).command.next.version);
}

/** Migrates when the command is executed, not where the epoch ends. */
export const hastyMigration: Variant = atStart((s) => {
  const { service, core } = s.execution;
  const judge = s.execution.reconfigure;
  hideVersion(s);
  bend(s.execution).reconfigure = (slot: number, body: Uint8Array) => {
    const verdict = judge(slot, body);
    const next = verdict.accepted ? core.governance.epochs.get(verdict.epoch)?.command.next : undefined;
    if (next === undefined || next.version === service.version()) return verdict;
    if (!service.versions.includes(next.version)) halt(cannotRun(service.versions, next.version));
    service.switchTo(next.version);
    return verdict;
  };
});

/** Runs the newest version that its binary can, whatever the federation has decided. */
export const ownMinded: Variant = atStart((s) => {
  const { service } = s.execution;
  const newest = service.versions.at(-1) ?? 1;
  if (newest > service.version()) service.switchTo(newest);
  hideVersion(s);
});

/** One of four is upgraded when the federation is asked to switch. */
export function switchOfOne(cluster: Cluster): string | null {
  cluster.world.run(1000);
  reconfigure(cluster, 1, { settings: { version: 2 } });
  cluster.world.run(3000);
  return goesOn(cluster, [1]);
}

/** Three of four are upgraded; one of them is down when the former epoch ends, so that the fourth must see to that. */
export function endWithoutOne(cluster: Cluster): string | null {
  const { world } = cluster;
  world.run(1000);
  // Early in an interval: the epoch goes on for a while after the command.
  const { checkpointInterval } = cluster.stateOf(0).config;
  world.runUntil(() => cluster.stateOf(0).execution.executed % checkpointInterval === 1, 5000);
  reconfigure(cluster, 0, { settings: { version: 2 } });
  const isAccepted = (): boolean => cluster.stateOf(0).execution.core.governance.epochs.get(1) !== undefined;
  if (!world.runUntil(isAccepted, 5000)) return 'liveness: the switch is not accepted';
  world.crash(2);
  if (!world.runUntil(() => cluster.stateOf(0).config.epoch === 1, 10_000))
    return 'liveness: the former epoch does not end while u members are down';
  world.restart(2);
  return goesOn(cluster, [0, 1, 2]);
}

/** Binaries are replaced one by one, and nobody asks for anything. */
export const replaceAll =
  (binaries: Binaries) =>
  (cluster: Cluster): string | null => {
    scheduleLoad(cluster, createPrng(cluster.world.seed), 200, 3000);
    for (const id of [1, 3, 0, 2]) {
      cluster.world.run(600);
      upgrade(cluster, binaries, id);
    }
    cluster.world.run(1000);
    return goesOn(cluster, [0, 1, 2, 3]);
  };

function goesOn(cluster: Cluster, members: readonly NodeId[]): string | null {
  for (const id of members) if (cluster.world.isUp(id)) cluster.add(id, `after it ${id}`, 1);
  cluster.world.run(100);
  return cluster.world.runUntil(() => cluster.outstanding() === 0, 30_000)
    ? null
    : `liveness: ${cluster.outstanding()} operations are outstanding`;
}
