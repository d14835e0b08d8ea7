/** The federation in the words of ZooKeeper's monitors: members are servers, whoever leads the view is the leader. */

import type { Ensemble } from '@concordat/keeper';
import { configurationOf, isVoting, memberIds, primaryOf, type ReplicaState } from '@concordat/replication';
import { contactIn } from '@concordat/replication/edge';
import type { Federation } from '../../config/federation.ts';

export function ensembleOf(replica: ReplicaState, federation: Federation, isServing: boolean): Ensemble {
  const configuration = configurationOf(replica);
  const addresses = new Map<number, string>();
  for (const id of memberIds(configuration)) {
    const contact = contactIn(configuration, id)?.address ?? '';
    addresses.set(id, contact === '' ? (federation.members[id]?.address ?? '') : contact);
  }
  return {
    self: replica.config.self,
    leader: primaryOf(replica.config.members, replica.view),
    addresses,
    isVoting: isVoting(replica),
    phase: phaseOf(replica, isServing),
  };
}

function phaseOf(replica: ReplicaState, isServing: boolean): string {
  if (replica.changingTo !== null) return 'election';
  if (!replica.incarnation.mayVote) return 'discovery';
  return isServing ? 'broadcast' : 'synchronization';
}

/** Figures with ZooKeeper's names that only a federation has. A leader knows who is linked; who keeps up shows in their own lag. */
export function federationFigures(
  replica: ReplicaState,
  { leader, self, addresses, phase }: Ensemble,
  linked: number,
): Record<string, number | string> {
  const isLeader = leader === self;
  const role = isLeader ? 'leading' : 'following';
  return {
    peer_state: replica.changingTo === null ? `${role} - ${phase}` : `looking - ${phase}`,
    quorum_size: addresses.size,
    ...(isLeader && { learners: linked }),
  };
}
