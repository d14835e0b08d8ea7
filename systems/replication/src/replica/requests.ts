/**
 * Requests on their way into the log: from clients into the pool, checked before they are proposed, forwarded when the
 * primary seems not to know them. The submitter's own link vouches for its requests, so only the primary, who must be able
 * to convince others, checks every signature; the rest check when a request has waited too long to be believed unseen.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { primaryOf } from '../config.ts';
import { executedOf, replyKey } from '../execution/core-state.ts';
import { configurationOf } from '../governance/epochs.ts';
import { respondAgain } from '../order/speculative/respond.ts';
import { admit, dropPooled, isDue, type Pooled } from '../pool.ts';
import { COMMAND_CLIENT, type Request, requestCheck, requestDigest, signRequest } from '../request.ts';
import { repeatsOf } from '../robust/client-filter.ts';
import { noteUse } from '../robust/flood.ts';
import { blameDomain, checkOutside, isBlacklisted, isDomainRefused, isNews } from '../robust/outside.ts';
import { mayRepeat } from '../robust/repeats.ts';
import type { Submit } from './client-messages.ts';
import type { Message } from './messages.ts';
import { outcomeIn } from './speculation.ts';
import { isMember, isPrimary, others, type ReplicaState } from './state.ts';
import { hangUp, keyed, verifyThen } from './verification.ts';

/** A client's request, from its submitter's link or shown by another. */
export function onRequest(s: ReplicaState, env: Env<Message>, from: NodeId, m: Submit): void {
  const { request } = m;
  const { core } = s.execution;
  const executed = executedOf(core, request);
  const isPeer = learnsFromLog(s, from);
  const isVouchedFor = from === request.domain || m.isVouched === true;
  if (isBlacklisted(s, env, from) || (isVouchedFor && isDomainRefused(s, env, request.domain))) return;
  if (!isPeer && request.seq <= executed && !mayAnswer(s, env, from, request)) return;
  if (!isPeer && request.seq <= executed && respondAgain(s, env, from, request)) return;
  const isFinal = request.seq <= executed && outcomeIn(s, request) === null;
  const known = isFinal ? core.replies.get(replyKey(request, request.seq)) : undefined;
  if (known !== undefined && !isPeer) {
    const { domain, client, seq } = request;
    env.send(from, { type: 'reply', domain, client, seq, slot: s.execution.executed, reply: known });
    return;
  }
  // Commands are numbered by other rules than requests.
  if (request.client !== COMMAND_CLIENT && !isNews(s, request, executed)) return;
  const digest = requestDigest(s.keys, s.config.cluster, request);
  const pooled: Pooled = {
    request,
    digest,
    arrivedAt: env.now,
    replyTo: isPeer ? null : from,
    isVerified: false,
    isBusy: false,
    isShown: false,
  };
  if (isVouchedFor) addToPool(s, env, pooled, executed);
  else if (!isPeer && s.config.policies.clientFilter) checkOutside(s, env, from, { request, digest });
  else verifyThen(s, env, from, [requestCheck(request, digest)], { type: 'request', request });
}

/** Those who learn outcomes from the log are sent no replies. */
const learnsFromLog = (s: ReplicaState, id: NodeId): boolean =>
  isMember(s, id) || s.config.associates.includes(id);

/** True if an old request may be answered over this connection once more. */
const mayAnswer = (s: ReplicaState, env: Env<Message>, from: NodeId, request: Request): boolean =>
  !s.config.policies.clientFilter || mayRepeat(repeatsOf(s.robust.clients, from), request, env.now);

/** A request whose signature holds, shown by someone other than its submitter. */
export function onVerifiedRequest(s: ReplicaState, env: Env<Message>, from: NodeId, request: Request): void {
  const digest = requestDigest(s.keys, s.config.cluster, request);
  const replyTo = learnsFromLog(s, from) ? null : from;
  const pooled = {
    request,
    digest,
    arrivedAt: env.now,
    replyTo,
    isVerified: true,
    isBusy: false,
    isShown: false,
  };
  addToPool(s, env, pooled, executedOf(s.execution.core, request));
}

/** A request of this member's own. */
export function poolOwn(s: ReplicaState, env: Env<Message>, request: Request): void {
  const pooled = {
    request,
    digest: requestDigest(s.keys, s.config.cluster, request),
    arrivedAt: env.now,
    replyTo: null,
    isVerified: true,
    isBusy: false,
    isShown: false,
  };
  addToPool(s, env, pooled, executedOf(s.execution.core, request));
}

function addToPool(s: ReplicaState, env: Env<Message>, pooled: Pooled, executed: number): void {
  const { client, domain, seq } = pooled.request;
  if (configurationOf(s).retired.includes(domain)) return;
  if (client === COMMAND_CLIENT && !isNextIncarnation(s, domain, seq)) return;
  const admission = admit(s.pool, s.config, pooled, client === COMMAND_CLIENT ? seq - 1 : executed);
  if (admission === 'admitted') noteUse(s.robust.flood, domain);
  if (admission === 'too-far-ahead' || admission === 'domain-full') {
    env.note({ kind: 'request-refused', domain: pooled.request.domain, why: admission });
  }
}

const isNextIncarnation = (s: ReplicaState, member: NodeId, number: number): boolean =>
  number === (s.execution.core.incarnations.get(member)?.number ?? 0) + 1;

/** As the primary, checks what has not been checked: nothing is proposed that others could not verify. */
export function checkPooled(s: ReplicaState, env: Env<Message>): void {
  if (!isPrimary(s) || s.changingTo !== null) return;
  for (const pooled of s.pool.arrivals) if (!pooled.isVerified && !pooled.isBusy) check(s, env, pooled);
}

/** Has the signature of a pooled request checked, if it is a signature that decides. */
export function check(s: ReplicaState, env: Env<Message>, pooled: Pooled): void {
  const { request } = pooled;
  if (request.body === null || !s.admission.isSigned(request)) return;
  pooled.isBusy = true;
  const ticket = s.nextTicket++;
  s.checking.set(ticket, pooled);
  env.offload({ kind: 'verify', checks: [keyed(s, requestCheck(request, pooled.digest))] }, ticket);
}

/** The result of a check begun here; false if `ticket` is not one of ours. */
export function onChecked(s: ReplicaState, env: Env<Message>, ticket: number, holds: boolean): boolean {
  const pooled = s.checking.get(ticket);
  if (pooled === undefined) return false;
  s.checking.delete(ticket);
  pooled.isBusy = false;
  pooled.isVerified = holds;
  if (!holds) {
    env.note({ kind: 'strike', peer: pooled.request.domain, why: 'false signature on a request' });
    dropPooled(s.pool, pooled);
    if (pooled.replyTo !== null) hangUp(s, env, pooled.replyTo);
    // Unchecked requests are in the pool only if their domain's own link has vouched for them.
    blameDomain(s, env, pooled.request.domain);
  }
  return true;
}

/**
 * Doubtful requests that are checked at a time: where this replica lags they all wait long, most are ordered already, and their
 * checks would delay those that bring it up again.
 */
const MAX_DOUBTED = 16;

/**
 * Since when the oldest believable request waits, or null. A request that waits for half the patience is checked, so
 * that a false one cannot make us suspect the primary, and shown to the primary, who may not have it.
 */
export function watchRequests(s: ReplicaState, env: Env<Message>): number | null {
  let since: number | null = null;
  for (const pooled of s.pool.arrivals) {
    if (env.now - pooled.arrivedAt < s.config.viewTimeoutMs / 2) continue;
    if (!pooled.isVerified) {
      if (!pooled.isBusy && s.checking.size < MAX_DOUBTED) check(s, env, pooled);
      continue;
    }
    // A client that leaves a gap waits for itself.
    if (isDue(s.pool, pooled)) since = Math.min(since ?? pooled.arrivedAt, pooled.arrivedAt);
    show(s, env, pooled);
  }
  return since;
}

/** Shows a request that waits, once: those who could order it may not have it. */
export function show(s: ReplicaState, env: Env<Message>, pooled: Pooled): void {
  if (pooled.isShown || isPrimary(s)) return;
  pooled.isShown = true;
  s.admission.show(s, env, pooled);
}

/** Shows the primary a request whose signature holds. */
export function showToPrimary(s: ReplicaState, env: Env<Message>, request: Request): void {
  env.send(primaryOf(s.config.members, s.view), { type: 'request', request });
}

/** Submits under this member's own client; null when the window is full, or it is no member. */
export function submit(s: ReplicaState, env: Env<Message>, body: Uint8Array): number | null {
  const { submission } = s;
  if (!s.isSeated || submission.outstanding.size >= s.config.clientWindow) return null;
  const seq = submission.nextSeq++;
  const { request } = signRequest(s.keys, s.config.cluster, {
    domain: s.config.self,
    client: submission.client,
    seq,
    acked: submission.acked,
    body,
  });
  submission.outstanding.set(seq, { request, sentAt: env.now });
  poolOwn(s, env, request);
  // Early: a request promises nothing.
  const message: Submit = { type: 'request', request };
  for (const peer of others(s)) env.sendEarly(peer, message);
  return seq;
}

/** Sends own requests again whose outcome is long in coming. Called on every tick. */
export function resubmit(s: ReplicaState, env: Env<Message>): void {
  for (const pending of s.submission.outstanding.values()) {
    if (env.now - pending.sentAt < 2 * s.config.retransmitMs) continue;
    pending.sentAt = env.now;
    const message: Submit = { type: 'request', request: pending.request };
    for (const peer of others(s)) env.send(peer, message);
  }
}
