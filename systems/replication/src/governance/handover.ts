/**
 * What becomes of requests when keys and members change: those of members that left, or signed by keys that are no more,
 * leave the pool; a member signs its own again with its new key. A request's digest does not cover its signature, so its
 * place in the log stays what it was. What only filter nodes vouched for leaves the pool, too: rows are of one epoch, and
 * who proposed it could convince nobody. Filter nodes vouch for it again (`admission/request-quorum/inherited.ts`), and its
 * member asks them again.
 */

import type { Env, Millis } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { UNSIGNED } from '../admission/codec.ts';
import { dropPooled, type Pool, type Pooled } from '../pool.ts';
import type { Message } from '../replica/messages.ts';
import { poolOwn } from '../replica/requests.ts';
import type { ReplicaState } from '../replica/state.ts';
import { type Request, signRequest } from '../request.ts';
import { type Configuration, delegateOf } from './configuration.ts';
import { configurationOf } from './epochs.ts';
import { resubmitCommands } from './submitting.ts';

export function readmit(s: ReplicaState, env: Env<Message>, before: Configuration): void {
  const now = configurationOf(s);
  for (const pooled of unsignedIn(s.pool)) dropPooled(s.pool, pooled);
  for (const pooled of s.pool.arrivals) {
    const { domain } = pooled.request;
    if (now.retired.includes(domain) || isRekeyed(before, now, domain)) dropPooled(s.pool, pooled);
  }
  if (now.retired.includes(s.config.self)) return s.commands.clear();
  const hasNewKey = isRekeyed(before, now, s.config.self);
  if (hasNewKey) signAgain(s, s.commands, (request) => poolOwn(s, env, request));
  if (now.admission === 'request-quorum') unsign(s);
  else if (hasNewKey || before.admission !== now.admission)
    signAgain(s, s.submission.outstanding, (request) => poolOwn(s, env, request));
  s.admission.tick(s, env);
  resubmitCommands(s, env);
}

function isRekeyed(before: Configuration, now: Configuration, id: number): boolean {
  const [old, fresh] = [delegateOf(before, id), delegateOf(now, id)];
  return old !== null && fresh !== null && !equalBytes(old.key, fresh.key);
}

/** True if a domain is a member before and after, with one key. */
export const hasSameKey = (before: Configuration, now: Configuration, id: number): boolean =>
  delegateOf(before, id) !== null && delegateOf(now, id) !== null && !isRekeyed(before, now, id);

/** Requests that are here because filter nodes vouched for them. */
export const unsignedIn = ({ arrivals }: Pool): Pooled[] =>
  [...arrivals].filter(({ request }) => request.body === null || equalBytes(request.signature, UNSIGNED));

type Outstanding = Map<number, { readonly request: Request; sentAt: Millis }>;

function signAgain(s: ReplicaState, outstanding: Outstanding, pool: (request: Request) => void): void {
  for (const [key, { request }] of outstanding) {
    const fresh = signRequest(s.keys, s.config.cluster, request);
    outstanding.set(key, { request: fresh.request, sentAt: Number.NEGATIVE_INFINITY });
    pool(fresh.request);
  }
}

/** Filter nodes of this epoch are asked with MACs of this epoch. */
function unsign({ submission: { outstanding } }: ReplicaState): void {
  for (const [key, { request }] of outstanding)
    outstanding.set(key, { request: { ...request, signature: UNSIGNED }, sentAt: Number.NEGATIVE_INFINITY });
}
