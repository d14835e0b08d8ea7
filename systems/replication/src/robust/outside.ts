/**
 * The way of an outside request into the pool (Aardvark, NSDI 2009, section 4.1), cheapest test first: blacklist, link,
 * sequence, redundancy, signature. The link stands for Aardvark's MAC: frames of a connection are authenticated by TLS.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { admittedAhead, pooledAt } from '../pool.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { verifyThen } from '../replica/verification.ts';
import { type Request, requestCheck, requestDigest } from '../request.ts';
import { blame, enqueue, isRefused, noteChecked, takeNext, type Unchecked } from './client-filter.ts';

/** True if nothing that comes over this connection is heard at present. */
export const isBlacklisted = (s: ReplicaState, env: Env<Message>, from: NodeId): boolean =>
  s.config.policies.clientFilter && isRefused(s.robust.clients.connections, from, env.now);

/** True if a domain's own link is no reason at present to believe its requests. */
export const isDomainRefused = (s: ReplicaState, env: Env<Message>, domain: number): boolean =>
  s.config.policies.clientFilter && isRefused(s.robust.clients.domains, domain, env.now);

/** True if a request could still be new here: otherwise its signature does not matter. */
export const isNews = (s: ReplicaState, request: Request, executed: number): boolean =>
  request.seq > executed &&
  request.seq <= executed + admittedAhead(s.config) &&
  pooledAt(s.pool, request) === null;

/** Has the signature of a stranger's request checked when it is this connection's turn. */
export function checkOutside(s: ReplicaState, env: Env<Message>, from: NodeId, unchecked: Unchecked): void {
  if (enqueue(s.robust.clients, from, unchecked)) startChecks(s, env);
}

function startChecks(s: ReplicaState, env: Env<Message>): void {
  const { clients } = s.robust;
  for (let next = takeNext(clients); next !== null; next = takeNext(clients)) {
    const { from, request, digest } = next;
    const isBegun = verifyThen(s, env, from, [requestCheck(request, digest)], { type: 'request', request });
    if (!isBegun) noteChecked(clients, next);
  }
}

/** The check of a stranger's request is done; who sent a false one is not heard for a while. */
export function onOutsideChecked(
  s: ReplicaState,
  env: Env<Message>,
  from: NodeId,
  request: Request,
  holds: boolean,
): void {
  const { clients } = s.robust;
  noteChecked(clients, { request, digest: requestDigest(s.keys, s.config.cluster, request) });
  if (!holds && clients.guests.has(from)) {
    const spanMs = blame(clients.connections, from, env.now);
    env.note({ kind: 'blacklisted', connection: from, ms: spanMs });
    env.mute(from, spanMs);
  }
  startChecks(s, env);
}

/** A domain's own link vouched for a false signature. */
export function blameDomain(s: ReplicaState, env: Env<Message>, domain: number): void {
  if (!s.config.policies.clientFilter) return;
  env.note({ kind: 'blacklisted', domain, ms: blame(s.robust.clients.domains, domain, env.now) });
}
