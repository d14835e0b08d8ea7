/**
 * Proposals (PBFT, TOCS 2002 section 4.2): the primary cuts batches of what the pool holds and signs each with its place
 * in the log. Here they are made, checked and kept; `acceptance.ts` takes them into the log.
 */

import type { Env, Millis, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type Batch, batchDigest, nextHistory } from '../batch.ts';
import { primaryOf } from '../config.ts';
import { orderedTime } from '../execution/execution.ts';
import { isDeliverable } from '../executor/retention.ts';
import { isEpochEnding, logLimit } from '../governance/boundary.ts';
import { takeProposable } from '../pool.ts';
import { type Request, refOf } from '../request.ts';
import { accept, selectionEnd } from './acceptance.ts';
import { accuse } from './evidence.ts';
import { isSomeoneWaiting } from './incarnation.ts';
import type { Message, PrePrepare } from './messages.ts';
import {
  findSlot,
  historyAt,
  isInWindow,
  isPrimary,
  isVoting,
  others,
  type ReplicaState,
  slotAt,
} from './state.ts';
import { prePrepareCheck, signPrePrepare } from './statements.ts';
import { verifyOnce } from './verification.ts';

/** Pause between empty batches while a member waits for a new incarnation, or all for a checkpoint. */
const FILL_MS = 20;

/** Cuts batches of what the pool holds, as the primary. */
export function propose(s: ReplicaState, env: Env<Message>): void {
  if (!isVoting(s) || !isPrimary(s) || !s.mayPropose) return;
  if (s.accepted < selectionEnd(s)) return;
  const isHurried = isSomeoneWaiting(s) || isEpochEnding(s);
  const heartbeatMs = isHurried ? FILL_MS : s.config.heartbeatMs;
  while (
    mayAddProposal(s, env.now) &&
    isInWindow(s, s.accepted + 1) &&
    s.accepted < logLimit(s) &&
    isDeliverable(s, s.accepted + 1)
  ) {
    const pooled = takeProposable(s.pool, s.config.batchRequests, s.config.batchBytes);
    if (pooled.length === 0 && env.now - s.proposedAt < heartbeatMs) return;
    const refs = pooled.map(({ request, digest }) => refOf(request, digest));
    const time = Math.max(Math.floor(env.now), logTime(s));
    proposeBatch(
      s,
      env,
      { time, refs },
      pooled.flatMap(({ request }) => (request.body === null ? [] : [request])),
    );
  }
}

/**
 * A batch costs all members signatures, messages and a sync, whatever it holds. What comes while one is in flight waits for
 * more: over short links until that one is committed, over long ones for `spacingMs`.
 */
function mayAddProposal(s: ReplicaState, now: Millis): boolean {
  const inFlight = s.accepted - s.committed;
  if (inFlight <= 0) return true;
  return inFlight < s.config.pipeline && now - s.proposedAt >= s.config.spacingMs;
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
  const proofs = s.admission.proofs(s, batch);
  for (const peer of others(s)) {
    // Early: they rest on what others wrote.
    for (const proof of proofs) env.sendEarly(peer, proof);
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
  if (peer === undefined || m.view <= s.view || primaryOf(s.config.members, m.view) !== from) return;
  if (peer.earlyProposals.length < MAX_EARLY_PROPOSALS) peer.earlyProposals.push(m);
}

/** Has the signature of a proposal checked, if it could matter. */
export function checkProposal(s: ReplicaState, env: Env<Message>, from: NodeId, m: PrePrepare): void {
  const { members, cluster } = s.config;
  if (isWanted(s, m))
    verifyOnce(s, env, from, [prePrepareCheck(s.keys, cluster, primaryOf(members, m.view), m)], m);
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
    accuse(s, env, primaryOf(s.config.members, m.view), known, m);
    return;
  }
  slot.proposal = m;
  s.robust.heartbeat.proposals += 1;
}
