/**
 * The state of one replica, whatever its order protocol: the log between the last stable checkpoint and the window's end,
 * what every peer has vouched for in the current view, and how far this replica has come. All marks are slots and
 * cumulative: `prepared` = 7 says that slots 1 to 7 are prepared in the current view.
 */

import type { Keys } from '@concordat/crypto';
import {
  assert,
  type Digest,
  type ExposedBatch,
  type ExposedSnapshot,
  MAX_MEMBERS,
  type Millis,
  type NodeId,
  type SignatureCheck,
} from '@concordat/kernel';
import type { Admission } from '../admission/admission.ts';
import type { Vouching } from '../admission/request-quorum/vouchers.ts';
import { genesisHistory } from '../batch.ts';
import { memberIdsEnd, primaryOf, type ReplicaConfig } from '../config.ts';
import type { Execution } from '../execution/execution.ts';
import type { Fetching, Serving } from '../execution/fetching.ts';
import { createFeed, type Feed } from '../executor/retention.ts';
import type { Link } from '../governance/link.ts';
import type { Governance } from '../governance/ordered.ts';
import { firstViewOf } from '../governance/views.ts';
import type { OrderProtocol } from '../order/order-protocol.ts';
import { createPool, type Pool, type Pooled } from '../pool.ts';
import type { Request } from '../request.ts';
import { createRobust, type Robust } from '../robust/state.ts';
import { createSubmission, type Submission } from '../submission.ts';
import type { OwnCheckpoint } from './checkpoint.ts';
import type { Incarnation } from './incarnation.ts';
import type { Certificate, Checkpoint, CommitCertificate, Message, NewView, ViewChange } from './messages.ts';
import { createPeer, type PeerState } from './peer.ts';
import type { HeldRead } from './reads.ts';
import { emptySlot, type Slot } from './slot.ts';
import type { Snapshotting } from './snapshotting.ts';
import type { Speculated } from './speculation.ts';

export interface Stable {
  readonly slot: number;
  readonly history: Digest;
  /** Digest of the replicated state after `slot`. */
  readonly state: Digest;
  readonly certificate: Certificate;
}

/** The part of a new view's log that its VIEW-CHANGEs decide: digests from `base` + 1; null means the null batch. */
export interface Selection {
  readonly base: Stable;
  readonly digests: readonly (Digest | null)[];
}

/** A message whose signatures are being checked. */
interface Verifying {
  readonly from: NodeId;
  readonly message: Message;
  readonly checks: readonly SignatureCheck[];
}

export interface ReplicaState {
  /** What it runs by in the present epoch. */
  config: ReplicaConfig;
  order: OrderProtocol;
  admission: Admission;
  /** What filter nodes vouch for; null where requests are admitted by signature, and where it is no member. */
  vouching: Vouching | null;
  /** The own keys in the present epoch. */
  keys: Keys;
  readonly governance: Governance;
  /** What proves each configuration after the one it was started with, the oldest first. */
  chain: Link[];
  /** Members' public keys, once they are others than the host was given. */
  memberKeys: ReadonlyMap<NodeId, Uint8Array> | null;
  /** True if it is a member now, and has the key that the configuration names for it. */
  isSeated: boolean;
  readonly execution: Execution;
  readonly pool: Pool;
  readonly submission: Submission;
  /** Own commands to governance without a verdict, by their client. */
  readonly commands: Map<number, { readonly request: Request; sentAt: Millis }>;
  /** The one of these that tells what this binary can run, or null; and since when the log has seemed not to know. */
  announcing: number | null;
  unknownSince: Millis | null;
  robust: Robust;
  /** The view whose log this replica follows. */
  view: number;
  /**
   * The view it has asked for, or null. Meanwhile it casts no vote in `view`, because its VIEW-CHANGE says what it
   * has promised, but it goes on to learn what others commit.
   */
  changingTo: number | null;
  /** How the current view began; null in view 0. */
  newView: NewView | null;
  selection: Selection | null;
  /** First slot this primary may propose early: its view entry is known to be durable. */
  mayProposeEarly: boolean;
  /** False in a view that this replica led before a restart: it might contradict itself. */
  mayPropose: boolean;
  /** What an empty certificate names: the beginning of the epoch's log. */
  genesis: Stable;
  stable: Stable;
  slots: Slot[];
  accepted: number;
  prepared: number;
  committed: number;
  /** Marks that this replica has told its peers. */
  preparedSent: number;
  committedSent: number;
  /** How long a quorum takes to vouch for what is accepted here, on average. */
  roundMs: Millis;
  /** What waiting for the last of all members has lost over what COMMITs would have taken, less what is forgiven, at `lostAt`. */
  lostMs: Millis;
  lostAt: Millis;
  /** How often in a row it then was late by far. */
  lateWaits: number;
  /** COMMITs leave without waiting for all members to accept, until then. */
  slowUntil: Millis;
  slowMs: Millis;
  /** Up to here a peer needs this replica's COMMIT to get on. */
  owed: number;
  /** By id, of whoever may be a member one day. What counts is asked of `config.members` only. */
  peers: PeerState[];
  /** Messages of each associate since the last tick. */
  readonly heardFrom: Map<NodeId, number>;
  /** The highest commit certificate kept here, from the stable checkpoint on; in speculative ordering. */
  certificate: CommitCertificate | null;
  /** What is executed and not committed yet, by ascending slot. */
  speculated: Speculated[];
  /** Answers that wait until the state they are from is final. */
  reads: HeldRead[];
  /** Answers to the own process, by the number of its question. */
  answers: Map<number, Uint8Array>;
  /** The newest verified VIEW-CHANGE of each member. */
  viewChanges: (ViewChange | null)[];
  /** A NEW-VIEW that cannot be judged before this replica has executed up to its base. */
  heldNewView: NewView | null;
  /** CHECKPOINTs above the stable one, by slot, then by member. */
  checkpoints: Map<number, (Checkpoint | null)[]>;
  /** Messages that wait for their checks, by ticket. */
  verifying: Map<number, Verifying>;
  /** Pooled requests whose signatures are being checked, by ticket. */
  checking: Map<number, Pooled>;
  nextTicket: number;
  /** Own checkpoints since the last stable one, and those still being read, by ascending slot. */
  own: OwnCheckpoint[];
  /** The own checkpoint that a peer is fetching; held for it, within limits. */
  serving: Serving | null;
  transfer: Fetching | null;
  snapshotting: Snapshotting | null;
  /** Journal bytes since the last snapshot began; when they outgrow it, the next one is due. */
  journalBytes: number;
  snapshotBytes: number;
  incarnation: Incarnation;
  /** For suspicion: since when nothing has committed, when the view was entered, and how many lately failed. */
  progressAt: Millis;
  /** When the last state transfer ended. */
  transferredAt: Millis;
  /** When it last looked around. */
  tickedAt: Millis;
  enteredAt: Millis;
  calmedAt: Millis;
  failedViews: number;
  /** Why it would rather have another primary than the present one, or null. */
  wish: string | null;
  proposedAt: Millis;
  viewChangeAt: Millis;
  statusAt: Millis;
  fetchedAt: Millis;
  /** The last slot whose contents were asked for before the tick. */
  hastened: number;
  /** The last slot whose proposal was found untimely, so that each is told of once. */
  untimely: number;
  /** Proofs already found, by what they convict of, so that each is reported once. */
  accusations: Set<string>;
  exposed: (ExposedBatch | ExposedSnapshot)[];
  /** What learners and executors are told, and what is kept for them. */
  readonly feed: Feed;
}

const genesisStable = (execution: Execution): Stable => ({
  slot: 0,
  history: genesisHistory(),
  state: execution.digest(),
  certificate: [],
});

/** What a replica is made of, before it has done anything. */
type Parts = Pick<
  ReplicaState,
  'config' | 'order' | 'admission' | 'vouching' | 'keys' | 'governance' | 'execution' | 'incarnation'
>;

/** Before any round of votes. */
const NOBODY_LATE = {
  roundMs: 0,
  lostMs: 0,
  lostAt: 0,
  lateWaits: 0,
  slowUntil: Number.NEGATIVE_INFINITY,
  slowMs: 0,
};

export function createReplicaState(parts: Parts, now: Millis): ReplicaState {
  const { config } = parts;
  const ids = memberIdsEnd(config.members);
  const genesis = genesisStable(parts.execution);
  return {
    ...parts,
    chain: [],
    memberKeys: null,
    isSeated: config.members.includes(config.self),
    pool: createPool(),
    submission: createSubmission(now),
    commands: new Map(),
    announcing: null,
    unknownSince: null,
    robust: createRobust(config.members.length, MAX_MEMBERS, now),
    view: firstViewOf(config.epoch),
    changingTo: null,
    newView: null,
    selection: null,
    mayProposeEarly: false,
    mayPropose: true,
    genesis,
    stable: genesis,
    slots: Array.from({ length: 2 * config.window }, (_, slot) => emptySlot(slot, ids)),
    accepted: 0,
    prepared: 0,
    committed: 0,
    preparedSent: 0,
    committedSent: 0,
    ...NOBODY_LATE,
    owed: 0,
    peers: Array.from({ length: MAX_MEMBERS }, createPeer),
    heardFrom: new Map(),
    certificate: null,
    speculated: [],
    reads: [],
    answers: new Map(),
    viewChanges: new Array<ViewChange | null>(ids).fill(null),
    heldNewView: null,
    checkpoints: new Map(),
    verifying: new Map(),
    checking: new Map(),
    nextTicket: 1,
    own: [],
    serving: null,
    transfer: null,
    snapshotting: null,
    journalBytes: 0,
    snapshotBytes: 0,
    progressAt: now,
    transferredAt: now,
    tickedAt: now,
    enteredAt: now,
    calmedAt: now,
    failedViews: 0,
    wish: null,
    proposedAt: Number.NEGATIVE_INFINITY,
    viewChangeAt: Number.NEGATIVE_INFINITY,
    statusAt: Number.NEGATIVE_INFINITY,
    fetchedAt: Number.NEGATIVE_INFINITY,
    hastened: 0,
    untimely: 0,
    accusations: new Set(),
    exposed: [],
    feed: createFeed(genesis, now),
  };
}

/** True if the log can hold this slot now. */
export const isInWindow = (s: ReplicaState, slot: number): boolean =>
  slot > s.stable.slot && slot <= s.stable.slot + s.config.window;

/** The record of a slot in the window, emptied if it still held an older one. */
export function slotAt(s: ReplicaState, slot: number): Slot {
  const index = slot % s.slots.length;
  let record = s.slots[index] as Slot;
  if (record.slot < slot) {
    record = emptySlot(slot, memberIdsEnd(s.config.members));
    s.slots[index] = record;
  }
  assert(record.slot === slot, 'the ring holds every slot that may still be needed');
  return record;
}

/** The record of a slot if the ring still has it, otherwise null. */
export function findSlot(s: ReplicaState, slot: number): Slot | null {
  const record = s.slots[slot % s.slots.length] as Slot;
  return record.slot === slot ? record : null;
}

/** Digest of the log up to `slot`, which is accepted in the current view or is the stable checkpoint. */
export function historyAt(s: ReplicaState, slot: number): Digest {
  if (slot === s.stable.slot) return s.stable.history;
  const { history } = slotAt(s, slot);
  assert(history !== null, 'an accepted slot has a history');
  return history;
}

/** True if this replica's votes in its view count: it is a member, has not asked to leave it, and has lost no promises. */
export const isVoting = (s: ReplicaState): boolean =>
  s.isSeated && s.changingTo === null && s.incarnation.mayVote;

export const isMember = (s: ReplicaState, id: NodeId): boolean => s.config.members.includes(id);

export const isPrimary = (s: ReplicaState): boolean => primaryOf(s.config.members, s.view) === s.config.self;

/** Ids of the other members. */
export const others = (s: ReplicaState): NodeId[] => s.config.members.filter((id) => id !== s.config.self);

/** What must hold after every turn. */
export function invariants(s: ReplicaState): void {
  const { executed } = s.execution;
  assert(s.prepared <= s.accepted, 'only accepted slots are prepared');
  assert(executed <= s.committed || s.config.speculates, 'only committed slots are executed');
  assert(
    s.speculated.length === Math.max(0, executed - s.committed),
    'what is not committed can be taken back',
  );
  assert(s.stable.slot <= s.committed, 'a stable checkpoint is committed');
  assert(s.accepted <= s.stable.slot + s.config.window, 'the log stays within its window');
  assert(s.preparedSent <= s.accepted && s.committedSent <= s.prepared, 'votes follow what they vouch for');
  assert(s.changingTo === null || s.changingTo > s.view, 'views only grow');
}
