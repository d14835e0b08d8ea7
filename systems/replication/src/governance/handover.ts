/**
 * What becomes of requests when keys and members change: those of members that left, or signed by keys that are no more,
 * leave the pool; a member signs its own again with its new key. A request's digest does not cover its signature, so its
 * place in the log stays what it was.
 */

import type { Env } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { dropPooled } from '../pool.ts';
import type { Message } from '../replica/messages.ts';
import { poolOwn, resubmit } from '../replica/requests.ts';
import type { ReplicaState } from '../replica/state.ts';
import { signRequest } from '../request.ts';
import { type Configuration, delegateOf } from './configuration.ts';
import { configurationOf } from './epochs.ts';
import { resubmitCommands } from './submitting.ts';

export function readmit(s: ReplicaState, env: Env<Message>, before: Configuration): void {
  const now = configurationOf(s);
  for (const pooled of s.pool.arrivals) {
    const { domain } = pooled.request;
    if (now.retired.includes(domain) || isRekeyed(before, now, domain)) dropPooled(s.pool, pooled);
  }
  if (now.retired.includes(s.config.self)) s.commands.clear();
  else if (isRekeyed(before, now, s.config.self)) signAgain(s, env);
}

function isRekeyed(before: Configuration, now: Configuration, id: number): boolean {
  const [old, fresh] = [delegateOf(before, id), delegateOf(now, id)];
  return old !== null && fresh !== null && !equalBytes(old.key, fresh.key);
}

function signAgain(s: ReplicaState, env: Env<Message>): void {
  for (const outstanding of [s.submission.outstanding, s.commands])
    for (const [key, { request }] of outstanding) {
      const fresh = signRequest(s.keys, s.config.cluster, request);
      outstanding.set(key, { request: fresh.request, sentAt: Number.NEGATIVE_INFINITY });
      poolOwn(s, env, fresh.request);
    }
  resubmit(s, env);
  resubmitCommands(s, env);
}
