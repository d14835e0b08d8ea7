/**
 * Rolling upgrades for the suites: members' binaries are replaced by ones that can run the ledger's second version, too,
 * and what must then hold of the version that each has in force.
 */

import type { NodeId } from '@concordat/kernel';
import type { ReplicaState } from '../replica/state.ts';
import type { Cluster } from './cluster.ts';

/** What the members' binaries can run: the first version, until they are upgraded. */
export interface Binaries {
  readonly of: (member: NodeId) => readonly number[];
  upgrade(member: NodeId): void;
  downgrade(member: NodeId): void;
}

export const OLD: readonly number[] = [1];
export const NEW: readonly number[] = [1, 2];

export function createBinaries(upgraded: readonly NodeId[] = []): Binaries {
  const newer = new Set(upgraded);
  return {
    of: (member) => (newer.has(member) ? NEW : OLD),
    upgrade: (member) => void newer.add(member),
    downgrade: (member) => void newer.delete(member),
  };
}

/** Replaces a member's binary: it stops, if it runs, and goes on from its journal. */
export function upgrade(cluster: Pick<Cluster, 'world'>, binaries: Binaries, member: NodeId): void {
  binaries.upgrade(member);
  cluster.world.crash(member);
  cluster.world.restart(member);
}

/** The version in force after the last executed slot is that of the epoch which decided the slot, at every member. */
export function versionProblem(
  cluster: Pick<Cluster, 'world'> & { stateOf(id: NodeId): Pick<ReplicaState, 'execution'> },
  honest: readonly NodeId[],
): string | null {
  for (const id of honest) {
    if (!cluster.world.isUp(id)) continue;
    const { core, executed, service } = cluster.stateOf(id).execution;
    const begun = [...core.governance.epochs.entries()].filter(
      ([, { base }]) => base < executed || base === 0,
    );
    const [, last] = begun.reduce((latest, one) => (one[0] > latest[0] ? one : latest));
    const { version } = last.command.next;
    if (service.version() !== version)
      return `member ${id} runs version ${service.version()} of the service after slot ${executed}, which is of version ${version}`;
  }
  return null;
}
