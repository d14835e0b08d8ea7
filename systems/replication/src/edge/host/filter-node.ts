/** The filter node that a member hosts beside its replica, where requests are admitted by a quorum of them. */

import { createMacs } from '@concordat/crypto';
import type { Process } from '@concordat/kernel';
import { createPairSecrets, type KeysOptions, type RuntimeKeys } from '@concordat/runtime';
import { colocate } from '../../admission/colocated.ts';
import { createFilter } from '../../admission/filter/filter.ts';
import { filterSettings } from '../../admission/filter/state.ts';
import type { PairKeys } from '../../admission/pair-keys.ts';
import type { ReplicaConfig } from '../../config.ts';
import { admittedAhead } from '../../pool.ts';
import type { Message } from '../../replica/messages.ts';

/** What a member authenticates to others with, derived from its identity and theirs; undefined if nobody asks for it. */
export const pairKeysFor = (
  { admission }: ReplicaConfig,
  identities: Omit<KeysOptions, 'self'>,
): PairKeys | undefined =>
  admission === 'request-quorum' ? { macs: createMacs(), secrets: createPairSecrets(identities) } : undefined;

/** The process that a host runs: the replica's, with its filter node if it has one. */
export function withFilterNode<S>(
  replica: Process<S, Message>,
  config: ReplicaConfig,
  { hash }: RuntimeKeys,
  pair: PairKeys | undefined,
): Process<S, Message> {
  if (pair === undefined) return replica;
  const { cluster, quorums, members, self, domainBytes } = config;
  const filter = createFilter({
    ...filterSettings,
    cluster,
    quorums,
    members,
    filter: members.indexOf(self),
    hash,
    pair,
    clientWindow: admittedAhead(config),
    domainBytes,
  });
  return colocate(replica, filter, config);
}
