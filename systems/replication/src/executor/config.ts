/**
 * What a learner or an executor must agree on with the order replicas it learns from. Everything but its own id and its
 * own thrift follows from theirs.
 */

import type { Digest, Millis, NodeId } from '@concordat/kernel';
import { ordersReferences, type ReplicaConfig } from '../config.ts';
import { MIN_JOURNAL_BYTES } from '../execution/snapshot-writing.ts';
import type { Quorums } from '../fault-model.ts';
import { type Configuration, configurationQuorums, memberIds } from '../governance/configuration.ts';
import type { Governance } from '../governance/ordered.ts';
import { type Governed, governanceOf } from '../replica/replica.ts';

export interface LearnerConfig {
  readonly self: NodeId;
  readonly cluster: Digest;
  /** Which configuration of the order replicas it goes by. */
  readonly epoch: number;
  readonly quorums: Quorums;
  /** The order replicas. */
  readonly members: readonly NodeId[];
  readonly checkpointInterval: number;
  readonly window: number;
  readonly fastCommit: boolean;
  readonly retransmitMs: Millis;
  /** Order replicas know references only: bodies come from the filter nodes. */
  readonly isByReference: boolean;
  /** Others than the order replicas hold states: executors, who stay when those change. */
  readonly isApart: boolean;
  /** Who holds states: executors, or the order replicas where these execute. */
  readonly holders: readonly NodeId[];
  /** Equal CHECKPOINTs of holders that prove a state. */
  readonly proving: number;
  /** Executes what a vouching quorum has accepted, and takes it back where it was in vain. */
  readonly speculates: boolean;
  /** What the order replicas began with, and what it takes to judge commands and to follow epochs. */
  readonly governance: Governance;
  /** A journal with fewer bytes is not compacted. */
  readonly minJournalBytes: number;
  /** Whose key signs what it submits; null for those who submit nothing. */
  readonly domain: number | null;
  /** Own requests that may be outstanding. */
  readonly clientWindow: number;
}

export interface LearnerOptions {
  readonly self: NodeId;
  readonly speculates?: boolean;
  readonly minJournalBytes?: number;
  readonly domain?: number;
  /** What the order replicas are governed by, if they are. */
  readonly governed?: Governed;
}

/** Of a learner that is fed by order replicas with this configuration. */
export function learnerConfig(order: ReplicaConfig, { governed, ...options }: LearnerOptions): LearnerConfig {
  const { clientWindow, cluster, quorums, members, checkpointInterval, window, fastCommit, retransmitMs } =
    order;
  return {
    cluster,
    epoch: governed?.genesis.epoch ?? order.epoch,
    quorums,
    members,
    checkpointInterval,
    window,
    fastCommit,
    retransmitMs,
    isByReference: ordersReferences(order),
    isApart: !order.executes,
    holders: order.executes ? members : order.executors,
    proving: order.executes ? quorums.agreement : quorums.execution,
    speculates: false,
    governance: governanceOf({ config: order, ...(governed && { governed }) }),
    minJournalBytes: MIN_JOURNAL_BYTES,
    domain: null,
    clientWindow,
    ...options,
  };
}

/** What a learner goes by under a later configuration of the order replicas; the executors stay. */
export function learnUnder(config: LearnerConfig, c: Configuration): LearnerConfig {
  const quorums = configurationQuorums(c);
  const members = memberIds(c);
  return {
    ...config,
    epoch: c.epoch,
    quorums,
    members,
    fastCommit: c.fastCommit,
    holders: config.isApart ? config.holders : members,
    proving: config.isApart ? quorums.execution : quorums.agreement,
  };
}
