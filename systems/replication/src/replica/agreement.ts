/**
 * Agreement on the accepted log, in two rounds of votes at most: "accepted", and "made sure of" where the first does not
 * do. What all members have durably accepted is committed at once (docs/decisions/0006). How a replica makes sure, so
 * that no view change loses what others rely on, is the order protocol's (`../order/`).
 * Invariant kept: no vote leaves before what it vouches for is in the journal.
 */

import { assert, type Env, type Millis } from '@concordat/kernel';
import { executeReady } from './execute.ts';
import { isCounted } from './incarnation.ts';
import type { Message } from './messages.ts';
import { historyAt, isPrimary, isVoting, others, type ReplicaState, slotAt } from './state.ts';
import { reachedBy } from './votes.ts';

/** Sends this turn's votes and draws the conclusions from everyone's. Called from `settle`. */
export function vote(s: ReplicaState, env: Env<Message>): void {
  const own = s.peers[s.config.self];
  assert(own !== undefined, 'a replica is its own peer');
  if (s.accepted > s.preparedSent && isVoting(s)) {
    s.preparedSent = s.accepted;
    own.prepared = s.accepted;
    const message = s.order.vote(s, s.accepted);
    for (const peer of others(s)) env.send(peer, message);
  }
  notePrepared(s, env);
  const due = isVoting(s) ? commitDue(s, env.now) : 0;
  if (due > s.committedSent) makeSure(s, env, due);
  learn(s, env);
}

/** Others rely on a COMMIT: what it stands for must survive the loss of power everywhere. */
function makeSure(s: ReplicaState, env: Env<Message>, due: number): void {
  const slot = Math.min(due, s.order.secure(s, env));
  if (slot <= s.committedSent) return;
  s.committedSent = slot;
  const own = s.peers[s.config.self];
  assert(own !== undefined, 'a replica is its own peer');
  own.committed = slot;
  const message: Message = { type: 'commit', view: s.view, slot, history: historyAt(s, slot) };
  for (const peer of others(s)) env.send(peer, message);
}

/** Up to where a COMMIT is due: as far as is prepared where someone is slow, else as far as a peer has begun or needs it. */
function commitDue(s: ReplicaState, now: Millis): number {
  if (isSlow(s, now)) return s.prepared;
  let due = s.owed;
  // No further: each answer would call for the next, for ever.
  for (const id of others(s)) due = Math.max(due, s.peers[id]?.committed ?? 0);
  return Math.min(due, s.prepared);
}

/**
 * COMMITs, and the sync before them, are needed only where not all members accept: at once if it is known that one is
 * away, or lately was late; otherwise after a short wait (`hastenCommit`).
 */
export function isSlow(s: ReplicaState, now: Millis): boolean {
  if (!s.config.fastCommit || now < s.slowUntil) return true;
  return others(s).some((id) => s.peers[id]?.isUp !== true || !isCounted(s, id));
}

/** How long all members may take to accept before COMMITs are sent. */
const FAST_WAIT_MS = 50;
/** Time lost by waiting for the last members, over what COMMITs would have taken: this share of all time is forgiven, */
const FORGIVEN_SHARE = 0.1;
/** and this much at once, as when one of them pauses. Whoever is late by design costs no more, however it spreads its delays. */
const FORGIVEN_MS = 60;
/** Waits in a row that were longer than two rounds of a quorum, and this, are no accident even where little time is lost. */
const MAX_LATE = 3;
const LATE_MS = 1;
/** One round counts an eighth. */
const SMOOTHING = 8;
/** For how long COMMITs then are sent without waiting: doubled if waiting is in vain again as soon. */
const SLOW_MIN_MS = 500;
const SLOW_MAX_MS = 10_000;

/** Sends COMMITs when the last members take too long to accept. Called on every tick. */
export function hastenCommit(s: ReplicaState, env: Env<Message>): void {
  if (s.prepared <= s.committed || env.now < s.slowUntil) return;
  if (env.now - slotAt(s, s.committed + 1).preparedAt >= FAST_WAIT_MS) beginSlow(s, env.now);
}

function beginSlow(s: ReplicaState, now: Millis): void {
  const isAgain = now - s.slowUntil < s.slowMs;
  s.lostMs = 0;
  s.lateWaits = 0;
  s.slowMs = isAgain ? Math.min(2 * s.slowMs, SLOW_MAX_MS) : SLOW_MIN_MS;
  s.slowUntil = now + s.slowMs;
}

/** What this machine did not see is nobody's lateness. */
export function forgiveWaits(s: ReplicaState, pausedMs: Millis, now: Millis): void {
  for (let number = s.committed + 1; number <= s.prepared; number++) {
    const slot = slotAt(s, number);
    slot.preparedAt = Math.min(now, slot.preparedAt + pausedMs);
  }
}

function notePrepared(s: ReplicaState, env: Env<Message>): void {
  const byQuorum = reachedBy(s, s.config.quorums.certificate, 'prepared');
  const reached = Math.min(s.accepted, byQuorum);
  if (reached <= s.prepared) return;
  for (let number = Math.max(s.prepared, s.stable.slot) + 1; number <= reached; number++) {
    const slot = slotAt(s, number);
    assert(slot.content !== null, 'a prepared slot is accepted');
    slot.prepared = { view: s.view, digest: slot.content.digest };
    slot.preparedAt = env.now;
  }
  s.roundMs += (env.now - slotAt(s, reached).acceptedAt - s.roundMs) / SMOOTHING;
  s.prepared = reached;
  if (isPrimary(s)) s.mayProposeEarly = true;
}

/**
 * Waiting for all is in vain as well where the last are too often later than COMMITs would be, which take one more round of a
 * quorum. `slot` is the first of those that are committed now: it has waited longest.
 */
function noteWait(s: ReplicaState, now: Millis, slot: number): void {
  // Where the primary and oneself are a quorum, a backup has one as soon as it accepts: that tells nothing of rounds.
  if (s.config.quorums.certificate <= 2 && !isPrimary(s)) return;
  const forgivenMs = FORGIVEN_SHARE * (now - s.lostAt);
  const waitedMs = now - slotAt(s, slot).preparedAt;
  s.lostMs = Math.max(0, s.lostMs - forgivenMs) + Math.max(0, waitedMs - s.roundMs);
  s.lostAt = now;
  s.lateWaits = waitedMs > 2 * s.roundMs + LATE_MS ? s.lateWaits + 1 : 0;
  if (s.lostMs > FORGIVEN_MS || s.lateWaits >= MAX_LATE) beginSlow(s, now);
}

/** Commits what a quorum has made sure of, or all have durably accepted, and executes; also without an own vote. */
function learn(s: ReplicaState, env: Env<Message>): void {
  const { certificate, fast } = s.config.quorums;
  const bySome = reachedBy(s, certificate, 'committed');
  const byAll = s.config.fastCommit ? reachedBy(s, fast, 'prepared') : 0;
  const reached = Math.min(s.accepted, Math.max(bySome, byAll));
  if (reached > s.committed) {
    if (byAll === reached && byAll > bySome) noteWait(s, env.now, s.committed + 1);
    s.committed = reached;
    s.progressAt = env.now;
  }
  executeReady(s, env);
}
