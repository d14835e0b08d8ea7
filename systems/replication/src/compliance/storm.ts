/**
 * The scenario of the order-protocol suite: load at every member, adversaries from the start, an honest member cut off
 * for long enough that views change, another one crashed for long enough that it must catch up; then all that is not
 * an adversary heals, and every operation of an honest member must complete within 30 simulated seconds.
 */

import { decodeProof, verifyProof } from '@concordat/accountability';
import { createModelKeys, modelHash } from '@concordat/crypto';
import { createPrng, type NodeId } from '@concordat/kernel';
import { ProcessFailure } from '@concordat/sim';
import { fromHex, utf8 } from '@concordat/wire';
import type { FaultModel } from '../fault-model.ts';
import { replicationRules } from '../replica/rules.ts';
import type { Place } from './attacks.ts';
import {
  type Cluster,
  type ClusterOptions,
  createCluster,
  type ReplicaProcess,
  type ReplicaStrategy,
  scheduleLoad,
} from './cluster.ts';

export interface Storm {
  readonly seed: number;
  readonly faults: FaultModel;
  /** Who lies, and how. */
  readonly liars: ReadonlyMap<NodeId, (place: Place) => ReplicaStrategy>;
  /** Filter nodes that lie, by number, where there are any. */
  readonly filterAdversaries?: ClusterOptions['filterAdversaries'];
  readonly variant?: (honest: ReplicaProcess) => ReplicaProcess;
  readonly operations?: number;
  readonly settings?: ClusterOptions['settings'];
}

export interface StormReport {
  /** The judge that objects, and why; null if the run was right. */
  readonly problem: string | null;
  /** Members against whom there is evidence. */
  readonly accused: ReadonlySet<number>;
  readonly cluster: Cluster;
}

const HEAL_MS = 4000;
export const PATIENCE_MS = 30_000;

/** The judge that objects, and why. */
export function firstObjection({ judges }: Pick<Cluster, 'judges'>): string | null {
  for (const [name, judge] of Object.entries(judges)) {
    const objection = judge();
    if (objection !== null) return `${name}: ${objection}`;
  }
  return null;
}

/** Runs a script; a process that fails is an objection too. */
export function objectionOf(cluster: Pick<Cluster, 'judges'>, script: () => string | null): string | null {
  try {
    return script() ?? firstObjection(cluster);
  } catch (error) {
    if (!(error instanceof ProcessFailure)) throw error;
    return `invariant: ${error.message}`;
  }
}

/** Those whom valid evidence accuses; evidence that does not hold offline is an objection. */
export function accusedBy(
  cluster: Cluster,
  seed: number,
  liars: ReadonlyMap<NodeId, unknown>,
): { accused: Set<number>; problem: string | null } {
  const accused = new Set<number>();
  let problem: string | null = null;
  const context = {
    cluster: modelHash(utf8('compliance')),
    verify: createModelKeys(cluster.members, seed)(0).verify,
    rules: replicationRules,
  };
  for (const { node, note } of cluster.world.notes) {
    if (note.kind !== 'evidence' || liars.has(node)) continue;
    const bytes = fromHex(String(note['proof']));
    const proof = bytes === null ? null : decodeProof(bytes);
    const verdict = proof === null ? null : verifyProof(proof, context);
    if (proof === null || verdict?.valid !== true) problem ??= `evidence: of member ${node} does not hold`;
    else accused.add(proof.accused);
  }
  for (const member of accused)
    if (!liars.has(member)) problem ??= `evidence: against the honest member ${member}`;
  return { accused, problem };
}

export function runStorm(storm: Storm): StormReport {
  const { seed, faults } = storm;
  const adversaries = new Map<NodeId, ReplicaStrategy>();
  for (const [id, make] of storm.liars) adversaries.set(id, make({ id, seed, faults }));
  const cluster = createCluster({
    seed,
    faults,
    adversaries,
    settings: { checkpointInterval: 8, window: 16, ...storm.settings },
    ...(storm.filterAdversaries && { filterAdversaries: storm.filterAdversaries }),
    ...(storm.variant && { variant: storm.variant }),
  });
  const problem = objectionOf(cluster, () => weather(cluster, storm));
  const evidence = accusedBy(cluster, seed, adversaries);
  return { problem: problem ?? evidence.problem, accused: evidence.accused, cluster };
}

function weather(cluster: Cluster, { seed, liars, operations = 80 }: Storm): string | null {
  const { world, members } = cluster;
  const honest = Array.from({ length: members }, (_, id) => id).filter((id) => !liars.has(id));
  const first = honest[0] ?? 0;
  const last = honest.at(-1) ?? 0;
  scheduleLoad(cluster, createPrng(seed, 'storm'), operations, HEAL_MS);
  world.schedule(1000, () => world.partition([[first]]));
  world.schedule(2600, () => world.heal());
  world.schedule(2800, () => world.crash(last));
  world.schedule(3500, () => world.restart(last));
  world.run(HEAL_MS);
  for (const member of honest) cluster.add(member, `after the storm ${member}`, 1);
  world.run(1);
  if (world.runUntil(() => cluster.outstanding() === 0, PATIENCE_MS)) return null;
  return `liveness: ${cluster.outstanding()} operations are outstanding`;
}
