/**
 * Requests on their way into a filter node (UpRight, SOSP 2009): from clients, by MAC, and from replicas that say that
 * enough other filter nodes vouch for them. Cheap tests come first, and each client and domain has its share.
 * Invariant kept: a request is on disk before anybody is told of it.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { type Request, refOf, requestDigest } from '../../request.ts';
import type { Adopt, FilterRequest } from '../messages.ts';
import { keyAt, refStatement } from '../pair-keys.ts';
import { forward, forwardAgain } from './forwarding.ts';
import { keep } from './log.ts';
import { clientOf, costOf, executedBySome, type FilterState, presumedPrimary } from './state.ts';

export function onFilterRequest(s: FilterState, env: Env<Message>, from: NodeId, m: FilterRequest): void {
  const { request } = m;
  const { members, cluster, pair } = s.options;
  const place = members.indexOf(request.domain);
  if (place < 0) return;
  const digest = requestDigest(s.options, cluster, request);
  const key = keyAt(s.clientKeys, place);
  if (!pair.macs.verify(key, refStatement(refOf(request, digest)), m.mac)) {
    // Whoever sent it did not know the key, so it is nobody's fault but the link's.
    env.note({ kind: 'drop', why: 'a false MAC on a request', peer: from });
    return;
  }
  const client = clientOf(s, request);
  const known = client.held.get(request.seq);
  if (known !== undefined) {
    // A client that asks again asks everyone: its request may be stuck.
    if (equalBytes(known.ref.digest, digest)) forwardAgain(s, env, known);
    else env.note({ kind: 'strike', peer: request.domain, why: 'two requests under one number' });
    return;
  }
  if (request.seq <= executedBySome(s, client)) return;
  const refusal = whyRefused(s, request, client.held.size);
  if (refusal !== null) {
    env.note({ kind: 'request-refused', domain: request.domain, why: refusal });
    return;
  }
  forward(s, env, keep(s, env, request, digest), presumedPrimary(s));
}

function whyRefused(s: FilterState, request: Request, held: number): string | null {
  if (held >= s.options.clientWindow) return 'client-full';
  const bytes = (s.domainBytes[request.domain] ?? 0) + costOf(request);
  return bytes > s.options.domainBytes ? 'domain-full' : null;
}

/** Requests that one replica may want adopted at a time; the oldest wishes are forgotten first. */
const MAX_WISHES = 1024;

/**
 * A replica says that enough filter nodes vouch for this request. When so many replicas do that one of them is correct, it
 * is so: its client asked for it, whatever else it told this node.
 */
export function onAdopt(s: FilterState, env: Env<Message>, from: NodeId, { request }: Adopt): void {
  const wishes = s.wishes[from];
  if (wishes === undefined || !s.options.members.includes(request.domain)) return;
  const { cluster, quorums } = s.options;
  const digest = requestDigest(s.options, cluster, request);
  const client = clientOf(s, request);
  const known = client.held.get(request.seq);
  if (known !== undefined && equalBytes(known.ref.digest, digest)) {
    forwardAgain(s, env, known);
    return;
  }
  if (request.seq <= executedBySome(s, client)) return;
  const key = toHex(digest);
  wishes.add(key);
  if (wishes.size > MAX_WISHES) for (const oldest of wishes) return void wishes.delete(oldest);
  if (s.wishes.filter((others) => others.has(key)).length < quorums.vouching) return;
  for (const others of s.wishes) others.delete(key);
  if (known === undefined && client.held.size >= s.options.clientWindow) return;
  env.note({ kind: 'adopted', domain: request.domain, client: request.client, seq: request.seq });
  forward(s, env, keep(s, env, request, digest), 'all');
}
