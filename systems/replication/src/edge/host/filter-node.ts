/** The filter node that a member hosts beside its replica, where requests are admitted by a quorum of them. */

import { createMacs } from '@concordat/crypto';
import type { Process } from '@concordat/kernel';
import { createPairSecrets, type KeysOptions, type RuntimeKeys } from '@concordat/runtime';
import { besideReplica } from '../../admission/beside.ts';
import { colocateWhere } from '../../admission/colocated.ts';
import type { PairKeys } from '../../admission/pair-keys.ts';
import type { ReplicaConfig } from '../../config.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';

/** What a member authenticates to others with, derived from its identity and theirs; undefined if nobody asks for it. */
export const pairKeysFor = (
  { admission }: ReplicaConfig,
  identities: Omit<KeysOptions, 'self'>,
): PairKeys | undefined =>
  admission === 'request-quorum' ? { macs: createMacs(), secrets: createPairSecrets(identities) } : undefined;

/** The process that a host runs: the replica's, with its filter node while it has one. */
export const withFilterNode = (
  replica: Process<ReplicaState, Message>,
  { hash }: RuntimeKeys,
): Process<ReplicaState, Message> => colocateWhere(replica, besideReplica(hash));
