/**
 * Links may break and lose what was under way, so nothing is acknowledged and nothing resent eagerly: replicas tell
 * each other where they stand, and whoever is ahead sends what the other lacks (PBFT's status messages, TOCS 2002
 * section 5.2). Contents are fetched by digest, so any peer can supply them.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { batchDigest } from '../batch.ts';
import { ordersReferences, primaryOf } from '../config.ts';
import { keptContent } from '../executor/retention.ts';
import { logLimit } from '../governance/boundary.ts';
import { hasLeft, linksAfter } from '../governance/chain.ts';
import { epochOf } from '../governance/views.ts';
import type { RequestRef } from '../request.ts';
import { selectedDigest, selectionEnd } from './acceptance.ts';
import type { BatchContent, FetchBatch, Message, Status } from './messages.ts';
import type { PeerState } from './peer.ts';
import { carried, carriesRightly } from './references.ts';
import { type Content, findContent } from './slot.ts';
import { findSlot, historyAt, isInWindow, isMember, others, type ReplicaState, slotAt } from './state.ts';

/** Proposals sent again to a lagging peer at a time. */
const MAX_RESENT = 64;

/** Slots whose contents are asked for at a time. */
const MAX_FETCHED = 16;

const statusOf = (s: ReplicaState): Status => ({
  type: 'status',
  view: s.view,
  changingTo: s.changingTo ?? s.view,
  stable: s.stable.slot,
  accepted: s.accepted,
  prepared: s.prepared,
  committed: s.committed,
  wishes: s.wish !== null,
});

/** Tells where this replica stands. Called on every tick, and for a peer whose link came up. */
export function sendStatus(s: ReplicaState, env: Env<Message>, to: readonly NodeId[]): void {
  const status = statusOf(s);
  for (const peer of to) env.send(peer, status);
}

/** Tells everyone where this replica stands, now and then. */
export function tickStatus(s: ReplicaState, env: Env<Message>): void {
  if (hasLeft(s) || env.now - s.statusAt < s.config.retransmitMs) return;
  s.statusAt = env.now;
  sendStatus(s, env, others(s));
}

/** Sends a peer what it lacks, at most once per retransmission interval. */
export function onStatus(s: ReplicaState, env: Env<Message>, from: NodeId, m: Status): void {
  const peer = s.peers[from];
  if (peer !== undefined && m.wishes) peer.wishesIn = m.view;
  if (peer === undefined || env.now - peer.helpedAt < s.config.retransmitMs / 2) return;
  if (help(s, env, from, m, peer)) peer.helpedAt = env.now;
}

function help(s: ReplicaState, env: Env<Message>, from: NodeId, m: Status, peer: PeerState): boolean {
  let helped = false;
  const send = (message: Message): void => {
    helped = true;
    env.send(from, message);
  };
  const epoch = epochOf(m.view);
  const links = linksAfter(s, epoch);
  if (links.length > 0) send({ type: 'chain', links });
  if (epoch !== s.config.epoch || !isMember(s, from)) return helped;
  if (m.stable < s.stable.slot) send({ type: 'stable', certificate: s.stable.certificate });
  else if (m.stable < logLimit(s)) resendCheckpoint(s, send);
  const change = s.viewChanges[s.config.self] ?? null;
  if (change !== null && s.changingTo === change.view && m.changingTo < change.view) send(change);
  if (m.view < s.view) {
    if (s.newView !== null) send(s.newView);
    return helped;
  }
  if (m.view > s.view) return helped;
  const shown = m.accepted < s.accepted ? resendProposals(s, m.accepted, send) : s.accepted;
  if (!s.isSeated || !s.incarnation.mayVote) return helped;
  // Votes are cumulative: the newest of each kind says all, once the peer has all proposals up to it.
  const prepared = Math.min(s.preparedSent, shown);
  if (prepared > s.stable.slot && m.prepared < s.preparedSent) send(s.order.vote(s, prepared));
  // Since it last told it has not got on: votes of all members do not reach it.
  if (m.committed < s.committed && m.committed === peer.reported && s.committedSent < s.prepared)
    s.owed = s.prepared;
  peer.reported = m.committed;
  if (s.committedSent > s.stable.slot && m.committed < s.committedSent)
    send({ type: 'commit', view: s.view, slot: s.committedSent, history: historyAt(s, s.committedSent) });
  return helped;
}

/** All wait for the checkpoint that ends the epoch: no later one will make up for a lost statement. */
function resendCheckpoint(s: ReplicaState, send: (message: Message) => void): void {
  const own = s.checkpoints.get(logLimit(s))?.[s.config.self] ?? null;
  if (own !== null) send(own);
}

/** Returns the last slot whose proposal was sent. */
function resendProposals(s: ReplicaState, after: number, send: (message: Message) => void): number {
  const first = Math.max(after, selectionEnd(s)) + 1;
  const last = Math.min(s.accepted, first + MAX_RESENT - 1);
  for (let number = first; number <= last; number++) {
    const proposal = findSlot(s, number)?.proposal ?? null;
    if (proposal === null || proposal.view !== s.view) continue;
    for (const proof of s.admission.proofs(s, proposal.batch)) send(proof);
    send(proposal);
  }
  return last;
}

/** Bodies usually come before the proposal; so much later they probably do not come at all. */
const LATE_MS = 5;
export const FETCH = 'replica/fetch';

/**
 * Sees to it that contents which a proposal lacks are asked for soon: a client that shows its requests to the primary only
 * would otherwise hold up every slot until the next tick. Called once per turn.
 */
export function hastenFetch(s: ReplicaState, env: Env<Message>): void {
  const next = s.accepted + 1;
  if (s.hastened === next || !isInWindow(s, next) || missingDigest(s, next) === null) return;
  s.hastened = next;
  env.setTimer(FETCH, LATE_MS);
}

/** Asks the primary, who has them if it is correct. */
export function fetchFromPrimary(s: ReplicaState, env: Env<Message>): void {
  const primary = primaryOf(s.config.members, s.view);
  if (primary === s.config.self) return;
  for (const question of missing(s)) env.send(primary, question);
}

/** Asks for the contents of the next slots that cannot be accepted without them. Called on every tick. */
export function fetchMissing(s: ReplicaState, env: Env<Message>): void {
  const primary = primaryOf(s.config.members, s.view);
  const peers = others(s).filter((id) => s.peers[id]?.isUp !== false);
  for (const question of missing(s)) {
    // Usually the primary has it; but it may be the one that withholds it.
    const peer =
      env.random.chance(0.5) && primary !== s.config.self ? primary : peers[env.random.below(peers.length)];
    if (peer !== undefined) env.send(peer, question);
  }
}

/** Questions for the contents of the next slots that cannot be accepted without them. */
function missing(s: ReplicaState): FetchBatch[] {
  const questions: FetchBatch[] = [];
  const last = s.accepted + MAX_FETCHED;
  for (let slot = s.accepted + 1; slot <= last && isInWindow(s, slot); slot++) {
    const digest = missingDigest(s, slot);
    if (digest !== null) questions.push({ type: 'fetch-batch', slot, digest });
  }
  return questions;
}

/** The digest of the content that this slot needs and lacks, or null. */
function missingDigest(s: ReplicaState, number: number): Uint8Array | null {
  const slot = slotAt(s, number);
  const isSelected = number <= selectionEnd(s);
  if (!isSelected && (slot.proposal === null || slot.proposal.view !== s.view)) return null;
  const digest =
    isSelected || slot.proposal === null
      ? selectedDigest(s, number)
      : batchDigest(s.keys.hash, slot.proposal.batch);
  if (findContent(slot, (known) => equalBytes(known, digest)) !== null) return null;
  const refs = isSelected ? null : (slot.proposal?.batch.refs ?? null);
  const isComplete = refs?.every((ref: RequestRef) => s.admission.find(s, ref) !== null) ?? false;
  return isComplete ? null : digest;
}

/** What a peer may fetch between two ticks. */
export const CREDIT_BYTES = 2 * 1024 * 1024;

/** Renews what peers may fetch. Called on every tick. */
export function renewCredit(s: ReplicaState): void {
  for (const peer of s.peers) peer.credit = CREDIT_BYTES;
  for (const fed of s.feed.fed.values()) fed.credit = CREDIT_BYTES;
}

/** Sends what a peer asked for, unless it has had its share; it will ask again. */
export function serve(
  s: ReplicaState,
  env: Env<Message>,
  to: NodeId,
  message: Message,
  sizeBytes: number,
): void {
  const peer = s.peers[to] ?? s.feed.fed.get(to);
  if (peer === undefined || peer.credit <= 0) return;
  peer.credit -= sizeBytes;
  env.send(to, message);
}

export function onFetchBatch(s: ReplicaState, env: Env<Message>, from: NodeId, m: FetchBatch): void {
  const slot = findSlot(s, m.slot);
  const open = slot === null ? null : findContent(slot, (digest) => equalBytes(digest, m.digest));
  const content = open ?? keptContent(s, m.slot, m.digest);
  if (content !== null) serveContent(s, env, from, m.slot, content);
}

export function serveContent(
  s: ReplicaState,
  env: Env<Message>,
  to: NodeId,
  slot: number,
  { batch, requests }: Content,
): void {
  const sizeBytes = requests.reduce((sum, { body }) => sum + body.length + 200, 0);
  if (isMember(s, to)) for (const proof of s.admission.proofs(s, batch)) serve(s, env, to, proof, 0);
  serve(s, env, to, { type: 'batch', slot, batch, requests }, sizeBytes);
}

/** True if this is a batch whose requests are not all here. */
export function isMissing(s: ReplicaState, m: BatchContent): boolean {
  const needed = isInWindow(s, m.slot) ? missingDigest(s, m.slot) : null;
  return needed !== null && equalBytes(needed, batchDigest(s.keys.hash, m.batch));
}

/** True if a content that is needed carries what its batch names, and nothing else, whoever sent it: the digest decides. */
export function isWhole(s: ReplicaState, env: Env<Message>, from: NodeId, m: BatchContent): boolean {
  const found = carried(s.keys, s.config.cluster, m);
  const isRight = found !== null && carriesRightly(m, found, ordersReferences(s.config));
  if (!isRight) env.note({ kind: 'strike', peer: from, why: 'false content' });
  return isRight;
}

/** Takes a content that is whole, if it is needed still. */
export function onBatch(s: ReplicaState, m: BatchContent): void {
  if (!isMissing(s, m)) return;
  const digest = batchDigest(s.keys.hash, m.batch);
  slotAt(s, m.slot).contents.push({ digest, batch: m.batch, requests: m.requests });
}
