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
import {
  historyAt,
  isPrimary,
  isVoting,
  others,
  type PeerState,
  type ReplicaState,
  slotAt,
} from './state.ts';
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
  if (s.prepared > s.committedSent && isVoting(s) && isCommitDue(s, env.now)) makeSure(s, env);
  learn(s, env);
}

/** Others rely on a COMMIT: what it stands for must survive the loss of power everywhere. */
function makeSure(s: ReplicaState, env: Env<Message>): void {
  const slot = s.order.secure(s, env);
  if (slot <= s.committedSent) return;
  s.committedSent = slot;
  if (slot === s.prepared) s.owesCommit = false;
  const own = s.peers[s.config.self];
  assert(own !== undefined, 'a replica is its own peer');
  own.committed = slot;
  const message: Message = { type: 'commit', view: s.view, slot, history: historyAt(s, slot) };
  for (const peer of others(s)) env.send(peer, message);
}

/**
 * COMMITs, and the sync before them, are needed only where not all members accept: then at once if that is known, or
 * lately was so, and if a peer has begun; otherwise after a short wait (`hastenCommit`).
 */
export function isCommitDue(s: ReplicaState, now: Millis): boolean {
  if (!s.config.fastCommit || s.owesCommit || now < s.slowUntil) return true;
  return others(s).some((id) => {
    const { isUp, committed } = s.peers[id] as PeerState;
    return !isUp || committed > s.committedSent || !isCounted(s, id);
  });
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

function notePrepared(s: ReplicaState, env: Env<Message>): void {
  const byQuorum = reachedBy(s, s.config.quorums.certificate, 'prepared');
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

/** Commits what a quorum has made sure of, or all have durably accepted, and executes; also without an own vote. */
function learn(s: ReplicaState, env: Env<Message>): void {
  const { certificate, fast } = s.config.quorums;
  const bySome = reachedBy(s, certificate, 'committed');
  const byAll = s.config.fastCommit ? reachedBy(s, fast, 'prepared') : 0;
  const reached = Math.min(s.accepted, Math.max(bySome, byAll));
  if (byAll > Math.max(bySome, s.committed)) s.slowMs = 0;
  if (reached > s.committed) {
    s.committed = reached;
    s.progressAt = env.now;
  }
  executeReady(s, env);
}
