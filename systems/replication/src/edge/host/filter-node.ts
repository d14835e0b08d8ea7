/**
 * The filter node that a member hosts beside its replica, where requests are admitted by a quorum of them, and what anyone has
 * to do with filter nodes: the keys that two participants share, and the way of requests to those that are machines apart.
 */

import { createMacs, type Hash } from '@concordat/crypto';
import type { NodeId, Process } from '@concordat/kernel';
import { createPairSecrets, type KeysOptions, type RuntimeKeys } from '@concordat/runtime';
import { besideReplica } from '../../admission/beside.ts';
import { filterRoute } from '../../admission/client-route.ts';
import { colocateWhere } from '../../admission/colocated.ts';
import type { PairKeys } from '../../admission/pair-keys.ts';
import type { ClientRoute } from '../../client/client.ts';
import { ordersReferences, type ReplicaConfig } from '../../config.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';

type Identities = Omit<KeysOptions, 'self'>;

/** What a participant authenticates to others with, derived from its identity and theirs; undefined if nobody asks for it. */
export const pairKeysFor = ({ admission }: ReplicaConfig, identities: Identities): PairKeys | undefined =>
  admission === 'request-quorum' ? { macs: createMacs(), secrets: createPairSecrets(identities) } : undefined;

/** The process that a host runs: the replica's, with its filter node while it has one. */
export const withFilterNode = (
  replica: Process<ReplicaState, Message>,
  { hash }: RuntimeKeys,
): Process<ReplicaState, Message> => colocateWhere(replica, besideReplica(hash));

export interface RouteParts {
  /** Whose clients ask: an executor, or an outside client. */
  readonly self: NodeId;
  readonly identities: Identities;
  readonly hash: Hash;
}

/** The way of requests to filter nodes that are machines apart; nothing where they go to the members, signed. */
export function routeFor(
  order: ReplicaConfig,
  { self, identities, hash }: RouteParts,
): { readonly route?: ClientRoute } {
  const pair = ordersReferences(order) ? pairKeysFor(order, identities) : undefined;
  if (pair === undefined) return {};
  const { cluster, quorums, members } = order;
  return { route: filterRoute({ cluster, quorums, members, hash, pair, domain: self, hasExecutors: true }) };
}
