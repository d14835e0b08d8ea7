/**
 * The good case of three-phase agreement (PBFT, TOCS 2002 section 4.2): PRE-PREPARE, PREPARE, COMMIT, execute. A log is
 * accepted in slot order, so each vote covers a whole prefix and one PREPARE and one COMMIT per turn are enough.
 * Deviation: what all members have durably accepted is committed without COMMITs (docs/decisions/0006).
 * Invariant kept: no vote leaves before what it vouches for is in the journal.
 */

import { assert, type Digest, type Env, type Millis, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type Batch, batchDigest, NULL_BATCH, nextHistory } from '../../batch.ts';
import { primaryOf } from '../../config.ts';
import { orderedTime } from '../../execution/execution.ts';
import { findPooled, noteProposed, takeProposable } from '../../pool.ts';
import { type Request, refOf } from '../../request.ts';
import { MAX_ACCEPTED } from './codec.ts';
import { accuse } from './evidence.ts';
import { executeCommitted } from './execute.ts';
import { isCounted, isSomeoneWaiting } from './incarnation.ts';
import { append } from './journal.ts';
import type { Commit, Message, PrePrepare, Prepare, Vouch } from './messages.ts';
import {
  type Content,
  findContent,
  findSlot,
  historyAt,
  isInWindow,
  isPrimary,
  isVoting,
  others,
  type ReplicaState,
  type Slot,
  slotAt,
} from './state.ts';
import { prePrepareCheck, signPrePrepare } from './statements.ts';
import { verifyThen } from './verification.ts';
import { suspect } from './view-change.ts';

/** Ticks of accelerated filling while a member waits for a new incarnation. */
const FILL_MS = 20;

/** Cuts batches of what the pool holds, as the primary. */
export function propose(s: ReplicaState, env: Env<Message>): void {
  if (!isVoting(s) || !isPrimary(s) || !s.mayPropose) return;
  if (s.accepted < selectionEnd(s)) return;
  const heartbeatMs = isSomeoneWaiting(s) ? FILL_MS : s.config.heartbeatMs;
  while (s.accepted - s.committed < s.config.pipeline && isInWindow(s, s.accepted + 1)) {
    const pooled = takeProposable(s.pool, s.config.batchRequests, s.config.batchBytes);
    if (pooled.length === 0 && env.now - s.proposedAt < heartbeatMs) return;
    const refs = pooled.map(({ request, digest }) => refOf(request, digest));
    const time = Math.max(Math.floor(env.now), logTime(s));
    proposeBatch(
      s,
      env,
      { time, refs },
      pooled.map(({ request }) => request),
    );
  }
}

function proposeBatch(s: ReplicaState, env: Env<Message>, batch: Batch, requests: readonly Request[]): void {
  const number = s.accepted + 1;
  const digest = batchDigest(s.keys.hash, batch);
  const history = nextHistory(s.keys.hash, historyAt(s, s.accepted), digest);
  const content = { view: s.view, slot: number, history, incarnation: s.incarnation.number, batch };
  const proposal = signPrePrepare(s.keys, s.config.cluster, content);
  const slot = slotAt(s, number);
  slot.proposal = proposal;
  accept(s, env, slot, { digest, batch, requests });
  s.proposedAt = env.now;
  for (const peer of others(s)) {
    // Early: the own vote follows as a durable PREPARE, and after a restart this view is not led again.
    if (s.mayProposeEarly) env.sendEarly(peer, proposal);
    else env.send(peer, proposal);
  }
}

/** The highest time in the log so far; a new batch may not be older. */
function logTime(s: ReplicaState): number {
  const last = findSlot(s, s.accepted)?.content?.batch.time ?? 0;
  return Math.max(last, orderedTime(s.execution));
}

/** The last slot whose batch the current view's NEW-VIEW decides. */
export const selectionEnd = (s: ReplicaState): number =>
  s.selection === null ? 0 : s.selection.base.slot + s.selection.digests.length;

/** True if this proposal could be new here; asked before its signature is checked. */
export function isWanted(s: ReplicaState, m: PrePrepare): boolean {
  if (m.view !== s.view || !isInWindow(s, m.slot) || m.slot <= selectionEnd(s)) return false;
  const { proposal } = slotAt(s, m.slot);
  return proposal === null || proposal.view !== m.view || !equalBytes(proposal.history, m.history);
}

/** Proposals kept for a view that is not entered yet. */
const MAX_EARLY_PROPOSALS = 16;

/** Keeps a proposal for a view that its sender is about to lead; it is looked at when that view is entered. */
export function keepEarly(s: ReplicaState, from: NodeId, m: PrePrepare): void {
  const peer = s.peers[from];
  if (peer === undefined || m.view <= s.view || primaryOf(s.config.quorums, m.view) !== from) return;
  if (peer.earlyProposals.length < MAX_EARLY_PROPOSALS) peer.earlyProposals.push(m);
}

/** Has the signature of a proposal checked, if it could matter. */
export function checkProposal(s: ReplicaState, env: Env<Message>, from: NodeId, m: PrePrepare): void {
  const { quorums, cluster } = s.config;
  if (isWanted(s, m))
    verifyThen(s, env, from, [prePrepareCheck(s.keys, cluster, primaryOf(quorums, m.view), m)], m);
}

/** Looks at the proposals that arrived before their view was entered. */
export function replayEarlyProposals(s: ReplicaState, env: Env<Message>): void {
  for (const [id, peer] of s.peers.entries()) {
    const kept = peer.earlyProposals;
    peer.earlyProposals = kept.filter((m) => m.view > s.view);
    for (const m of kept) if (m.view === s.view) checkProposal(s, env, id, m);
  }
}

/** A proposal whose signature holds. */
export function onPrePrepare(s: ReplicaState, env: Env<Message>, m: PrePrepare): void {
  if (!isWanted(s, m)) return;
  const slot = slotAt(s, m.slot);
  const known = slot.proposal;
  if (known !== null && known.view === m.view) {
    accuse(s, env, primaryOf(s.config.quorums, m.view), known, m);
    return;
  }
  slot.proposal = m;
}

/** Accepts, in order, what is proposed or selected and complete. */
export function acceptReady(s: ReplicaState, env: Env<Message>): void {
  let end: number | null = null;
  const isVouched = (slot: Slot): boolean => {
    end ??= vouchedEnd(s);
    return slot.slot <= end;
  };
  while (isInWindow(s, s.accepted + 1)) {
    const slot = slotAt(s, s.accepted + 1);
    const content = slot.slot <= selectionEnd(s) ? selected(s, slot) : proposed(s, env, slot, isVouched);
    if (content === null) return;
    accept(s, env, slot, content);
  }
}

/** The content that the NEW-VIEW selected for this slot, once it is here. */
function selected(s: ReplicaState, slot: Slot): Content | null {
  const digest = selectedDigest(s, slot.slot);
  return findContent(slot, (known) => equalBytes(known, digest));
}

export function selectedDigest(s: ReplicaState, slot: number): Digest {
  assert(s.selection !== null, 'a selection decides this slot');
  const digest = s.selection.digests[slot - s.selection.base.slot - 1];
  assert(digest !== undefined, 'the selection reaches this slot');
  return digest ?? nullDigest(s);
}

const nullDigest = (s: ReplicaState): Digest => batchDigest(s.keys.hash, NULL_BATCH);

export const nullContent = (s: ReplicaState): Content => ({
  digest: nullDigest(s),
  batch: NULL_BATCH,
  requests: [],
});

/** The content of the primary's proposal, once all bodies are here and the proposal is acceptable. */
function proposed(
  s: ReplicaState,
  env: Env<Message>,
  slot: Slot,
  isVouched: (slot: Slot) => boolean,
): Content | null {
  const { proposal } = slot;
  if (proposal === null || proposal.view !== s.view) return null;
  const digest = batchDigest(s.keys.hash, proposal.batch);
  const history = nextHistory(s.keys.hash, historyAt(s, slot.slot - 1), digest);
  if (!equalBytes(history, proposal.history)) {
    suspect(s, env, 'a proposal does not continue the log');
    return null;
  }
  if (!isTimely(s, env, slot, proposal) && !isVouched(slot)) {
    if (s.untimely !== slot.slot)
      env.note({ kind: 'untimely-proposal', slot: slot.slot, time: proposal.batch.time });
    s.untimely = slot.slot;
    return null;
  }
  const known = findContent(slot, (other) => equalBytes(other, digest));
  return known ?? gather(s, digest, proposal.batch);
}

/**
 * Judged at the first vote only: re-proposals and catch-up bring old times. Who comes late to a proposal goes by the
 * judgement of a vouching quorum, one of which is correct.
 */
const isTimely = (s: ReplicaState, env: Env<Message>, slot: Slot, { batch }: PrePrepare): boolean =>
  Math.abs(batch.time - env.now) <= s.config.timeToleranceMs || slot.accepted.length > 0;

function gather(s: ReplicaState, digest: Digest, batch: Batch): Content | null {
  const requests: Request[] = [];
  for (const ref of batch.refs) {
    const pooled = findPooled(s.pool, ref);
    if (pooled === null) return null;
    requests.push(pooled.request);
  }
  return { digest, batch, requests };
}

function accept(s: ReplicaState, env: Env<Message>, slot: Slot, content: Content): void {
  assert(slot.slot === s.accepted + 1, 'slots are accepted in order');
  const isStored = slot.stored.some((stored) => equalBytes(stored.digest, content.digest));
  if (slot.slot <= s.committed && slot.content !== null) {
    assert(equalBytes(slot.content.digest, content.digest), 'a committed slot never changes');
  }
  const proposal = slot.slot <= selectionEnd(s) ? null : slot.proposal;
  slot.history = nextHistory(s.keys.hash, historyAt(s, slot.slot - 1), content.digest);
  slot.content = content;
  slot.acceptedView = s.view;
  slot.accepted = withVouch(slot.accepted, { view: s.view, digest: content.digest });
  if (!slot.contents.some((known) => equalBytes(known.digest, content.digest))) slot.contents.push(content);
  const position = append(s, env, {
    type: 'accept',
    view: s.view,
    slot: slot.slot,
    digest: content.digest,
    content: isStored ? null : content,
    proposal,
  });
  slot.position = Math.min(slot.position, position);
  if (!isStored) slot.stored.push(content);
  s.accepted = slot.slot;
  for (const ref of content.batch.refs) noteProposed(s.pool, ref);
  for (let peer = 0; peer < s.peers.length; peer++) countVotes(s, env, peer, slot);
}

/**
 * Q with this digest's view raised; the lowest views go when there are too many. Of two batches accepted in one view
 * the first was on a log that a stable checkpoint has refuted: it cannot have prepared anywhere.
 */
export function withVouch(accepted: readonly Vouch[], vouch: Vouch): Vouch[] {
  const rest = accepted.filter(({ view, digest }) => view < vouch.view && !equalBytes(digest, vouch.digest));
  return [vouch, ...rest].slice(0, MAX_ACCEPTED);
}

/** A peer's PREPARE or COMMIT, vouched for by its link. */
export function onVote(s: ReplicaState, env: Env<Message>, from: NodeId, m: Prepare | Commit): void {
  const peer = s.peers[from];
  if (peer === undefined || from === s.config.self) return;
  if (m.view > s.view) {
    if (m.type === 'prepare') peer.earlyPrepare = m;
    else peer.earlyCommit = m;
    return;
  }
  if (m.view < s.view || !isInWindow(s, m.slot)) return;
  const slot = slotAt(s, m.slot);
  if (m.type === 'prepare') slot.prepares[from] = m.history;
  else slot.commits[from] = m.history;
  countVotes(s, env, from, slot);
}

/** Raises a peer's marks if its votes for this slot match the accepted log. */
function countVotes(s: ReplicaState, env: Env<Message>, from: NodeId, slot: Slot): void {
  const peer = s.peers[from];
  if (peer === undefined || slot.slot > s.accepted || slot.history === null || !isCounted(s, from)) return;
  const prepare = slot.prepares[from] ?? null;
  const commit = slot.commits[from] ?? null;
  const differs = [prepare, commit].some(
    (vote) => vote !== null && !equalBytes(vote, slot.history as Digest),
  );
  if (differs) {
    showProposal(s, env, from, slot);
    return;
  }
  if (prepare !== null) peer.prepared = Math.max(peer.prepared, slot.slot);
  // A commit is also the claim that its sender accepted as much.
  if (commit !== null) {
    peer.prepared = Math.max(peer.prepared, slot.slot);
    peer.committed = Math.max(peer.committed, slot.slot);
  }
}

/** A vote for another log. Both sides show each other the signed proposal behind theirs; whoever gets both has proof. */
function showProposal(s: ReplicaState, env: Env<Message>, from: NodeId, slot: Slot): void {
  env.note({ kind: 'conflicting-vote', peer: from, slot: slot.slot });
  const behind = slot.slot <= selectionEnd(s) ? s.newView : slot.proposal;
  if (behind !== null) env.send(from, behind);
}

/**
 * The last slot up to which a vouching quorum of peers has voted for the log as it is proposed here: one of them is
 * correct and has the requests from their submitters, or has checked their signatures.
 */
export function vouchedEnd(s: ReplicaState): number {
  const { hash } = s.keys;
  const voters: number[] = [];
  let history = historyAt(s, s.accepted);
  for (let number = s.accepted + 1; isInWindow(s, number); number++) {
    const { proposal, prepares, commits } = slotAt(s, number);
    if (proposal === null || proposal.view !== s.view) break;
    history = nextHistory(hash, history, batchDigest(hash, proposal.batch));
    const votesFor = (vote: Digest | null | undefined): boolean => vote != null && equalBytes(vote, history);
    let mask = 0;
    for (let id = 0; id < s.peers.length; id++)
      if (votesFor(prepares[id]) || votesFor(commits[id])) mask |= 1 << id;
    voters.push(mask);
  }
  let all = 0;
  for (let i = voters.length - 1; i >= 0; i--) {
    all |= voters[i] ?? 0;
    if (s.peers.filter((_, id) => (all & (1 << id)) !== 0).length >= s.config.quorums.vouching)
      return s.accepted + 1 + i;
  }
  return s.accepted;
}

/** Sends this turn's votes and draws the conclusions from everyone's. Called from `settle`. */
export function vote(s: ReplicaState, env: Env<Message>): void {
  const own = s.peers[s.config.self];
  assert(own !== undefined, 'a replica is its own peer');
  if (s.accepted > s.preparedSent && isVoting(s)) {
    s.preparedSent = s.accepted;
    own.prepared = s.accepted;
    broadcastVote(s, env, 'prepare', s.accepted);
  }
  notePrepared(s, env);
  if (s.prepared > s.committedSent && isVoting(s) && isCommitDue(s, env.now)) {
    s.committedSent = s.prepared;
    s.owesCommit = false;
    own.committed = s.prepared;
    // Before others rely on it: what is prepared must survive the loss of power everywhere.
    append(s, env, { type: 'prepared', view: s.view, slot: s.prepared });
    broadcastVote(s, env, 'commit', s.prepared);
  }
  learn(s, env);
}

/**
 * COMMITs, and the sync before them, are needed only where not all members accept: then at once if that is known, or
 * lately was so, and if a peer has begun; otherwise after a short wait (`hastenCommit`).
 */
function isCommitDue(s: ReplicaState, now: Millis): boolean {
  if (!s.config.fastCommit || s.owesCommit || now < s.slowUntil) return true;
  return s.peers.some(
    (peer, id) =>
      id !== s.config.self && (!peer.isUp || peer.committed > s.committedSent || !isCounted(s, id)),
  );
}

/** How long all members may take to accept before COMMITs are sent. */
const FAST_WAIT_MS = 50;
/** For how long COMMITs then are sent without waiting: doubled each time that waiting was in vain again. */
const SLOW_MIN_MS = 500;
const SLOW_MAX_MS = 10_000;

/** Sends COMMITs when the last members take too long to accept. Called on every tick. */
export function hastenCommit(s: ReplicaState, env: Env<Message>): void {
  if (s.prepared <= s.committed || env.now < s.slowUntil || env.now - s.preparedAt < FAST_WAIT_MS) return;
  s.slowMs = Math.min(Math.max(2 * s.slowMs, SLOW_MIN_MS), SLOW_MAX_MS);
  s.slowUntil = env.now + s.slowMs;
}

function broadcastVote(s: ReplicaState, env: Env<Message>, type: 'prepare' | 'commit', slot: number): void {
  const message = { type, view: s.view, slot, history: historyAt(s, slot) };
  for (const peer of others(s)) env.send(peer, message);
}

function notePrepared(s: ReplicaState, env: Env<Message>): void {
  const byQuorum = reachedBy(s, s.config.quorums.agreement, 'prepared');
  const reached = Math.min(s.accepted, byQuorum);
  if (reached <= s.prepared) return;
  for (let number = Math.max(s.prepared, s.stable.slot) + 1; number <= reached; number++) {
    const slot = slotAt(s, number);
    assert(slot.content !== null, 'a prepared slot is accepted');
    slot.prepared = { view: s.view, digest: slot.content.digest };
  }
  if (s.prepared <= s.committed) s.preparedAt = env.now;
  s.prepared = reached;
  if (isPrimary(s)) s.mayProposeEarly = true;
}

/**
 * Commits what an agreement quorum has committed to, or all members have durably accepted, and executes it; also
 * without a vote of one's own.
 */
function learn(s: ReplicaState, env: Env<Message>): void {
  const { agreement, members } = s.config.quorums;
  const bySome = reachedBy(s, agreement, 'committed');
  const byAll = s.config.fastCommit ? reachedBy(s, members, 'prepared') : 0;
  const reached = Math.min(s.accepted, Math.max(bySome, byAll));
  if (byAll > Math.max(bySome, s.committed)) s.slowMs = 0;
  if (reached > s.committed) {
    s.committed = reached;
    s.progressAt = env.now;
  }
  executeCommitted(s, env);
}

/** The highest slot that at least `count` members have reached. PERF: asked six times a turn; sorting was 8 % of it. */
function reachedBy(s: ReplicaState, count: number, mark: 'prepared' | 'committed'): number {
  let best = 0;
  for (const candidate of s.peers) {
    const slot = candidate[mark];
    if (slot <= best) continue;
    let reached = 0;
    for (const peer of s.peers) if (peer[mark] >= slot) reached++;
    if (reached >= count) best = slot;
  }
  return best;
}
