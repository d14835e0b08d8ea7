/**
 * What every replica of a federation must agree on, and the few knobs an operator may turn. Defaults are for
 * organisations on one continent; relations between them are asserted in `replicaConfig`.
 */

import { assert, type Digest, MAX_MEMBERS, type Millis, type NodeId } from '@concordat/kernel';
import type { AdmissionName } from './admission/admission.ts';
import { type FaultModel, type Quorums, quorumsOf } from './fault-model.ts';
import type { OrderName } from './order/order-protocol.ts';
import { MAX_REPLIES_PER_CLIENT } from './request.ts';
import { allPolicies, type Policies } from './robust/policies.ts';

export interface ReplicaConfig {
  readonly self: NodeId;
  /** 32 bytes that name this federation; part of everything signed. */
  readonly cluster: Digest;
  /** Which configuration of the federation this is. */
  readonly epoch: number;
  readonly quorums: Quorums;
  /** Who orders: permanent ids, which are their domains, in ascending order. */
  readonly members: readonly NodeId[];
  /** What convinces replicas that a client asked for what it is said to have asked for. */
  readonly admission: AdmissionName;
  /** How the log survives a change of views. */
  readonly order: OrderName;
  /** Executes what is accepted before it is committed, and takes it back where it was in vain. */
  readonly speculates: boolean;
  /** Holds and executes the service; otherwise it only orders, and `executors` do (UpRight, SOSP'09 section 4). */
  readonly executes: boolean;
  /** Nodes that execute what order replicas only order: their checkpoints decide what of the log is kept. */
  readonly executors: readonly NodeId[];
  /** Further nodes that are fed the log: stand-alone learners. */
  readonly learners: readonly NodeId[];
  /** Nodes that are fed the log, too, and may submit requests in domains of their own. */
  readonly associates: readonly NodeId[];
  /** Where clients are told of what is executed ahead: not while someone is known to be slow or away (Zyzzyva, section 4). */
  readonly commitOptimisation: boolean;
  /** What is done about those who follow the protocol badly. */
  readonly policies: Policies;
  /** Slots between checkpoints (PBFT's and Aardvark's 128). */
  readonly checkpointInterval: number;
  /** Slots that may be open above the stable checkpoint: two intervals, a power of two. */
  readonly window: number;
  /** Proposals the primary keeps in flight; fewer means larger batches under load. */
  readonly pipeline: number;
  /** A proposal beside others in flight comes this long after the last: with many clients it then holds more. */
  readonly spacingMs: Millis;
  /** Commits without COMMITs what all members have durably accepted: one sync and one hop less while nobody is away. */
  readonly fastCommit: boolean;
  /** References in a batch. */
  readonly batchRequests: number;
  /** Bodies that one batch may refer to, so that a journal record and a transfer stay bounded. */
  readonly batchBytes: number;
  /** An idle primary proposes an empty batch this often: time and leases go on. */
  readonly heartbeatMs: Millis;
  /** Without progress for this long a replica suspects the primary; doubles with each view that fails. */
  readonly viewTimeoutMs: Millis;
  /** The same when the link to the primary is down. */
  readonly brokenLinkTimeoutMs: Millis;
  /** Pause before a missing thing is asked for, or sent, again. */
  readonly retransmitMs: Millis;
  /** A primary's time is accepted within this distance of the own clock. */
  readonly timeToleranceMs: Millis;
  /** Requests one client may have outstanding. */
  readonly clientWindow: number;
  /** Bytes of unexecuted requests that one domain may park at a replica. */
  readonly domainBytes: number;
}

/** What the members of a federation have in common beside their fault model. */
export type ReplicaSettings = Omit<ReplicaConfig, 'self' | 'cluster' | 'epoch' | 'quorums' | 'members'>;

export interface ReplicaOptions extends Partial<ReplicaSettings> {
  readonly self: NodeId;
  readonly cluster: Digest;
  readonly faults: FaultModel;
  /** 0 and the numbers that follow it, unless told. */
  readonly members?: readonly NodeId[];
}

export function replicaConfig({ faults, ...options }: ReplicaOptions): ReplicaConfig {
  const quorums = quorumsOf(faults);
  const config: ReplicaConfig = {
    epoch: 0,
    quorums,
    members: firstMembers(quorums),
    admission: 'signature',
    order: 'three-phase',
    speculates: false,
    commitOptimisation: true,
    executes: true,
    executors: options.executes === false ? executorIds(quorums) : [],
    learners: [],
    associates: [],
    policies: allPolicies,
    checkpointInterval: 128,
    window: 256,
    pipeline: 4,
    spacingMs: 10,
    fastCommit: true,
    batchRequests: 500,
    batchBytes: 3 * 1024 * 1024,
    heartbeatMs: 250,
    viewTimeoutMs: 1000,
    brokenLinkTimeoutMs: 200,
    retransmitMs: 200,
    timeToleranceMs: 1000,
    clientWindow: 64,
    domainBytes: 32 * 1024 * 1024,
    ...options,
  };
  assert(
    isMemberList(config.members, quorums),
    'members are as many as the fault model has, in ascending order',
  );
  assert(
    config.order === 'speculative' || config.quorums.spare === 0,
    'only speculative ordering has spare members',
  );
  assert(
    config.executors.length === (config.executes ? 0 : config.quorums.executors),
    'there are as many executors as the fault model asks for, where order replicas do not execute',
  );
  assert(config.executes || !config.speculates, 'who does not execute does not execute ahead');
  assert(config.clientWindow <= MAX_REPLIES_PER_CLIENT, 'who waits for a reply finds it in the state');
  assert((config.window & (config.window - 1)) === 0, 'the window is a power of two');
  assert(config.window >= 2 * config.checkpointInterval, 'the window holds two checkpoint intervals');
  assert(config.heartbeatMs * 2 <= config.viewTimeoutMs, 'an idle primary is heard before it is suspected');
  assert(
    config.retransmitMs < config.viewTimeoutMs,
    'a lost message is sent again before a view is given up',
  );
  return config;
}

/**
 * True where replicas order references: those who execute get the bodies from filter nodes, and what replicas hold of a batch
 * are the commands in it, and bodies so short that they travel with their references.
 */
export const ordersReferences = ({
  admission,
  executes,
}: Pick<ReplicaConfig, 'admission' | 'executes'>): boolean => admission === 'request-quorum' && !executes;

/** The ids of executors, unless a deployment names others: no member has such a one. */
export const executorIds = ({ executors }: Pick<Quorums, 'executors'>): NodeId[] =>
  Array.from({ length: executors }, (_, i) => MAX_MEMBERS + i);

/** The members of a federation in which nobody has joined or left. */
export const firstMembers = (quorums: Quorums): NodeId[] =>
  Array.from({ length: quorums.members }, (_, id) => id);

/** True if these can be the members where a fault model is run. */
export const isMemberList = (members: readonly NodeId[], quorums: Quorums): boolean =>
  members.length === quorums.members &&
  members.every((id, i) => Number.isInteger(id) && id > (members[i - 1] ?? -1) && id < MAX_MEMBERS);

/** Arrays by member are as long: ids may have gaps. */
export const memberIdsEnd = (members: readonly NodeId[]): number => (members.at(-1) ?? -1) + 1;

/** The primary of a view: the order protocol's round robin. */
export const primaryOf = (members: readonly NodeId[], view: number): NodeId =>
  members[view % members.length] as NodeId;
