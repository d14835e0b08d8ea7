/**
 * Members that always have as many requests under way as they may, on machines whose work takes time: what a federation
 * gets done then, in simulated time, with and without an adversary. Figures are counts, so a run repeats to the last request.
 */

import type { NodeId } from '@concordat/kernel';
import { type CpuCosts, measuredCosts } from '@concordat/sim';
import { orderedLog } from '../replica/replica.ts';
import { type Cluster, type ClusterOptions, createCluster, type ReplicaProcess } from './cluster.ts';
import { addOperation } from './ledger.ts';

export interface LoadOptions extends ClusterOptions {
  /** Members that submit; all unless told. */
  readonly busy?: readonly NodeId[];
}

export interface Load {
  readonly cluster: Cluster;
  /** Requests of a member that were served so far. */
  served(member: NodeId): number;
  /** Lets time pass; returns the requests served meanwhile. */
  pass(forMs: number): number;
}

/** Machines a tenth as fast as those measured, so that few requests are a load, with two cores for signatures. */
const SLOWER = 10;

export const LOAD_COSTS: CpuCosts = {
  ...(Object.fromEntries(
    Object.entries(measuredCosts).map(([name, us]) => [name, us * SLOWER]),
  ) as unknown as CpuCosts),
  workers: 2,
};

/** Submits whenever it may. */
const submitting =
  (isBusy: (id: NodeId) => boolean) =>
  (honest: ReplicaProcess): ReplicaProcess => ({
    ...honest,
    settle: (s, env) => {
      honest.settle(s, env);
      if (isBusy(env.self)) while (orderedLog.submit(s, env, addOperation('load', 1)) !== null);
    },
  });

export function createLoad({ busy, ...options }: LoadOptions): Load {
  const variant = submitting((id) => busy?.includes(id) ?? true);
  const cluster = createCluster({ cpu: LOAD_COSTS, ...options, variant });
  const served = (member: NodeId): number => cluster.stateOf(member).submission.acked;
  const all = (): number => {
    let sum = 0;
    for (let id = 0; id < cluster.members; id++) if (!options.adversaries?.has(id)) sum += served(id);
    return sum;
  };
  return {
    cluster,
    served,
    pass: (forMs) => {
      const before = cluster.world.now === 0 ? 0 : all();
      cluster.world.run(forMs);
      return all() - before;
    },
  };
}
