/**
 * View change (PBFT, TOCS 2002 sections 3.2.4 and 4.4). A replica that suspects the primary stops voting and sends
 * everyone what it has promised. The next primary shows an agreement quorum of these; everyone computes the same
 * selection from them and goes on from there.
 * Invariant kept: a batch that committed in a slot is selected for it in every later view.
 */

import { assert, type Env, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { primaryOf } from '../config.ts';
import { forgiveExecutors } from '../executor/retention.ts';
import { isAtBoundary } from '../governance/boundary.ts';
import { forgetProposed } from '../pool.ts';
import { noteNewView } from '../robust/regular-views.ts';
import { considerWish } from '../robust/wishes.ts';
import { acceptReady, nullContent, selectedDigest, selectionEnd } from './acceptance.ts';
import { becomeStable, isCertificate } from './checkpoint.ts';
import { accuseNewView } from './evidence.ts';
import { isCurrent } from './incarnation.ts';
import { append } from './journal.ts';
import type { Message, NewView, SlotClaim, ViewChange } from './messages.ts';
import { replayEarlyProposals } from './proposals.ts';
import { MAX_CLAIMS } from './signed-codec.ts';
import { retractUnselected, settledEnd } from './speculation.ts';
import { findSlot, isMember, others, type ReplicaState, type Selection, slotAt } from './state.ts';
import { signNewView, signViewChange } from './statements.ts';
import { onVote } from './votes.ts';

/** A view is given this many times longer at most, however many failed before it. */
const MAX_DOUBLINGS = 5;

/** A peer that waits for a higher view this many timeouts is joined, so that it can vote again. */
const PATIENCE = 10;

/**
 * After this many timeouts without suspicion patience halves again. Not with the first commit: on a network slower than
 * the timeout each view would just manage one and be given up.
 */
const CALM = 2;

/** How long the current view, or the change to the next one, may go without progress. */
const patienceMs = (s: ReplicaState): number =>
  s.config.viewTimeoutMs * 2 ** Math.min(s.failedViews, MAX_DOUBLINGS);

/** Gives up on the current view's primary; after waiting in vain, the next one is given longer. */
export function suspect(s: ReplicaState, env: Env<Message>, why: string, wasPatient = false): void {
  if (!s.isSeated || s.changingTo !== null || !s.incarnation.mayVote) return;
  env.note({ kind: 'suspect', view: s.view, primary: primaryOf(s.config.members, s.view), why });
  if (wasPatient) s.failedViews += 1;
  changeView(s, env, s.view + 1);
}

function changeView(s: ReplicaState, env: Env<Message>, view: number): void {
  assert(view > s.view && view > (s.changingTo ?? 0), 'views only grow');
  s.changingTo = view;
  s.mayProposeEarly = false;
  s.progressAt = env.now;
  append(s, env, { type: 'change', view });
  env.note({ kind: 'view-change', view });
  const message = signViewChange(s.keys, s.config.cluster, {
    view,
    sender: s.config.self,
    incarnation: s.incarnation.number,
    stable: s.stable.slot === s.genesis.slot ? [] : s.stable.certificate,
    claims: claimsOf(s),
    certificate: s.certificate,
  });
  s.viewChanges[s.config.self] = message;
  sendViewChange(s, env);
  startViewIfReady(s, env);
}

export function sendViewChange(s: ReplicaState, env: Env<Message>): void {
  const own = s.viewChanges[s.config.self] ?? null;
  assert(own !== null, 'a replica that changes views has said so');
  s.viewChangeAt = env.now;
  for (const peer of others(s)) env.send(peer, own);
}

/** What this replica has promised about each open slot. */
function claimsOf(s: ReplicaState): SlotClaim[] {
  const claims: SlotClaim[] = [];
  for (let number = s.stable.slot + 1; number <= s.stable.slot + s.config.window; number++) {
    const slot = findSlot(s, number);
    const claim = slot === null ? null : s.order.claim(slot);
    if (claim !== null) claims.push(claim);
  }
  assert(claims.length <= MAX_CLAIMS, 'a window of claims fits a message');
  return claims;
}

/** Goes on with a view change that a restart interrupted. */
export function resumeChange(s: ReplicaState, env: Env<Message>): void {
  const view = s.changingTo;
  if (view === null) return;
  s.changingTo = null;
  changeView(s, env, view);
}

/** True if a VIEW-CHANGE could matter; asked before its signatures are checked. */
export function isViewChangeWanted(s: ReplicaState, m: ViewChange): boolean {
  if (!isMember(s, m.sender) || m.sender === s.config.self) return false;
  return m.view > s.view && m.view > (s.viewChanges[m.sender]?.view ?? 0);
}

/** A VIEW-CHANGE whose signatures hold. */
export function onViewChange(s: ReplicaState, env: Env<Message>, m: ViewChange): void {
  if (!isViewChangeWanted(s, m) || !isValidChange(s, m)) return;
  s.viewChanges[m.sender] = m;
  const peer = s.peers[m.sender];
  if (peer !== undefined && peer.waitingSince === null) peer.waitingSince = env.now;
  // A primary that asks for another view leads this one no more, so there is nothing to wait for.
  if (m.sender === primaryOf(s.config.members, s.view)) suspect(s, env, 'it has given up its view');
  joinOthers(s, env);
  startViewIfReady(s, env);
}

function isValidChange(s: ReplicaState, m: ViewChange): boolean {
  const base = m.stable[0]?.slot ?? s.genesis.slot;
  return (
    isCertificate(s, m.stable) &&
    isCurrent(s, m.sender, m.incarnation, Number.POSITIVE_INFINITY) &&
    s.order.isValidEvidence(s, m) &&
    (m.certificate === null || m.certificate.view < m.view) &&
    m.claims.every(({ slot, prepared, accepted }) => {
      const isInside = slot > base && slot <= base + s.config.window;
      const isPast =
        (prepared === null || prepared.view < m.view) && accepted.every(({ view }) => view < m.view);
      return isInside && isPast;
    })
  );
}

/** Joins a view change that a correct replica must have asked for: with the lowest such view above the own. */
function joinOthers(s: ReplicaState, env: Env<Message>): void {
  if (!s.isSeated || !s.incarnation.mayVote) return;
  const current = s.changingTo ?? s.view;
  const views = s.viewChanges
    .filter((change, member) => change !== null && member !== s.config.self && change.view > current)
    .map((change) => change?.view ?? 0)
    .sort((a, b) => b - a);
  const joined = views[s.config.quorums.noticed - 1];
  if (joined !== undefined) changeView(s, env, joined);
}

/** What a new view begins with if these messages decide it. */
export const selectFrom = (s: ReplicaState, changes: readonly ViewChange[]): Selection | null =>
  s.order.select({
    quorums: s.config.quorums,
    changes,
    genesis: s.genesis,
    window: s.config.window,
  });

/** As the primary of the view it changes to, shows everyone the VIEW-CHANGEs that decide it. */
function startViewIfReady(s: ReplicaState, env: Env<Message>): void {
  const view = s.changingTo;
  if (view === null || primaryOf(s.config.members, view) !== s.config.self) return;
  const changes = s.viewChanges.filter((change) => change?.view === view) as ViewChange[];
  const selection = selectFrom(s, changes);
  if (selection === null) return;
  const message = signNewView(s.keys, s.config.cluster, {
    view,
    incarnation: s.incarnation.number,
    changes,
  });
  for (const peer of others(s)) env.send(peer, message);
  enterView(s, env, message, selection);
}

/** True if a NEW-VIEW could matter; asked before its signatures are checked. */
export function isNewViewWanted(s: ReplicaState, m: NewView): boolean {
  if (primaryOf(s.config.members, m.view) === s.config.self) return false;
  if (m.view === s.view) return s.newView !== null && !isSameNewView(s.newView, m);
  return m.view > s.view && s.heldNewView?.view !== m.view;
}

const isSameNewView = (a: NewView, b: NewView): boolean => equalBytes(a.signature, b.signature);

/** A NEW-VIEW whose signatures hold. */
export function onNewView(s: ReplicaState, env: Env<Message>, m: NewView): void {
  if (!isNewViewWanted(s, m)) return;
  const primary = primaryOf(s.config.members, m.view);
  if (m.view === s.view) {
    if (s.newView !== null) accuseNewView(s, env, primary, s.newView, m);
    return;
  }
  if (!m.changes.every((change) => change.view === m.view && isMember(s, change.sender))) return;
  const selection = selectFrom(s, m.changes);
  if (selection === null || !isCertificate(s, selection.base.certificate)) {
    env.note({ kind: 'strike', peer: primary, why: 'a new view that its messages do not decide' });
    return;
  }
  // Which incarnations count is part of the state: behind the base it is not known yet.
  if (selection.base.slot > settledEnd(s)) {
    becomeStable(s, env, selection.base.certificate);
    s.heldNewView = m;
    return;
  }
  if (!m.changes.every((change) => isValidChange(s, change))) {
    env.note({ kind: 'strike', peer: primary, why: 'a new view with a void message' });
    return;
  }
  enterView(s, env, m, selection);
}

/** Judges a NEW-VIEW that had to wait for the state. Called once per turn. */
export function retryHeldNewView(s: ReplicaState, env: Env<Message>): void {
  const held = s.heldNewView;
  if (held === null || s.transfer !== null || settledEnd(s) < s.stable.slot) return;
  s.heldNewView = null;
  onNewView(s, env, held);
}

/** Follows the new view's log from the selection's base; with votes, unless a higher view was asked for meanwhile. */
function enterView(s: ReplicaState, env: Env<Message>, m: NewView, selection: Selection): void {
  becomeStable(s, env, selection.base.certificate);
  append(s, env, { type: 'view', view: m.view, newView: m });
  env.note({ kind: 'new-view', view: m.view, base: selection.base.slot, slots: selection.digests.length });
  s.view = m.view;
  s.newView = m;
  s.selection = selection;
  if (s.changingTo !== null && s.changingTo <= m.view) s.changingTo = null;
  s.heldNewView = null;
  s.mayPropose = true;
  s.mayProposeEarly = false;
  s.progressAt = env.now;
  s.enteredAt = env.now;
  s.wish = null;
  noteNewView(s, env.now);
  resetLog(s);
  retractUnselected(s, env);
  forgetProposed(s.pool);
  prepareSelection(s);
  acceptReady(s, env);
  assert(s.accepted >= s.stable.slot, 'a view goes on from the stable checkpoint');
  replayEarlyVotes(s, env);
  replayEarlyProposals(s, env);
}

/** The current view's log begins anew above the stable checkpoint; what was promised in earlier views stays. */
export function resetLog(s: ReplicaState): void {
  const start = s.stable.slot;
  s.accepted = start;
  s.prepared = start;
  s.preparedSent = start;
  s.committedSent = start;
  s.owed = 0;
  for (const peer of s.peers) {
    peer.prepared = 0;
    peer.committed = 0;
    peer.acknowledged = 0;
    peer.checked = 0;
    peer.genuine = 0;
    peer.waitingSince = null;
  }
  for (let number = start + 1; number <= start + s.config.window; number++) {
    const slot = findSlot(s, number);
    if (slot === null) continue;
    slot.proposal = null;
    slot.prepares.fill(null);
    slot.commits.fill(null);
    slot.acknowledgements.fill(null);
  }
}

/** Makes sure that what committed here is selected, and that null batches are at hand. */
function prepareSelection(s: ReplicaState): void {
  const end = selectionEnd(s);
  assert(s.committed <= Math.max(end, s.stable.slot), 'a committed slot survives every view change');
  for (let number = s.stable.slot + 1; number <= end; number++) {
    const slot = slotAt(s, number);
    const digest = selectedDigest(s, number);
    const empty = nullContent(s);
    if (
      equalBytes(digest, empty.digest) &&
      !slot.contents.some((known) => equalBytes(known.digest, digest))
    ) {
      slot.contents.push(empty);
    }
  }
}

function replayEarlyVotes(s: ReplicaState, env: Env<Message>): void {
  for (const [id, peer] of s.peers.entries()) {
    const { earlyPrepare, earlyCommit } = peer;
    for (const vote of [earlyPrepare, earlyCommit])
      if (vote !== null && vote.view === s.view) onVote(s, env, id, vote);
    if (earlyPrepare !== null && earlyPrepare.view <= s.view) peer.earlyPrepare = null;
    if (earlyCommit !== null && earlyCommit.view <= s.view) peer.earlyCommit = null;
  }
}

/** Suspects a primary, or a view change, that makes no progress. `waitingSince` is the oldest pending request's. */
export function watchProgress(s: ReplicaState, env: Env<Message>, waitingSince: number | null): void {
  const limitMs = patienceMs(s);
  // Without an agreement quorum in reach nothing can commit, whoever leads. Nor is it the primary's fault that a checkpoint
  // takes its time; but a change that has begun goes on, since others may need a view in which to get so far.
  const isBoundWait = s.changingTo === null && isAtBoundary(s);
  if (reachable(s) < s.config.quorums.agreement || isBoundWait) s.progressAt = env.now;
  forgiveExecutors(s, env.now);
  if (s.changingTo !== null) {
    retryChange(s, env, env.now - s.progressAt > limitMs);
    return;
  }
  if (s.failedViews > 0 && env.now - Math.max(s.enteredAt, s.calmedAt) > CALM * limitMs) {
    s.failedViews -= 1;
    s.calmedAt = env.now;
  }
  const overdue = whatIsOverdue(s, env.now, waitingSince, limitMs);
  const why = overdue ?? reasonToLeave(s, env.now) ?? memberInWait(s, env.now);
  if (why !== null) suspect(s, env, why, overdue !== null);
  else considerWish(s, env);
}

const reachable = (s: ReplicaState): number =>
  s.config.members.filter((id) => id === s.config.self || s.peers[id]?.isUp === true).length;

/** What needs no patience. */
function reasonToLeave(s: ReplicaState, now: number): string | null {
  const primary = primaryOf(s.config.members, s.view);
  if (!s.mayPropose && primary === s.config.self) return 'this replica led the view before it restarted';
  const isAway = s.peers[primary]?.isUp === false && primary !== s.config.self;
  return isAway && now - s.progressAt > s.config.brokenLinkTimeoutMs ? 'its link is down' : null;
}

/** What patience is over for. */
function whatIsOverdue(
  s: ReplicaState,
  now: number,
  waitingSince: number | null,
  limitMs: number,
): string | null {
  if (now - s.progressAt > limitMs) return 'nothing commits';
  // Whoever waits for a state does not know what was executed in it.
  if (waitingSince === null || s.transfer !== null || isAtBoundary(s)) return null;
  const ignoredSince = Math.max(waitingSince, s.enteredAt, s.transferredAt, s.feed.heldAt);
  return now - ignoredSince > limitMs ? 'a request is ignored' : null;
}

/** Asks for the view again, or for the next one once enough have asked for this and its primary is silent. */
function retryChange(s: ReplicaState, env: Env<Message>, isOverdue: boolean): void {
  const view = s.changingTo;
  assert(view !== null, 'there is a view to ask for');
  const asked = s.viewChanges.filter((change) => change !== null && change.view >= view).length;
  // Time counts against the next primary only from when it could begin, or members would drift apart.
  if (asked < s.config.quorums.agreement) s.progressAt = env.now;
  if (isOverdue && asked >= s.config.quorums.agreement) {
    s.failedViews += 1;
    changeView(s, env, view + 1);
  } else if (env.now - s.viewChangeAt >= s.config.retransmitMs) sendViewChange(s, env);
}

/** A member that asked for a higher view cannot vote in this one; after a long wait it is worth a view change. */
function memberInWait(s: ReplicaState, now: number): string | null {
  const isWaiting = (id: NodeId): boolean => {
    const since = s.peers[id]?.waitingSince ?? null;
    return (
      since !== null &&
      (s.viewChanges[id]?.view ?? 0) > s.view &&
      now - since > PATIENCE * s.config.viewTimeoutMs
    );
  };
  const id = others(s).find(isWaiting);
  return id === undefined ? null : `member ${id} cannot vote in this view any more`;
}
