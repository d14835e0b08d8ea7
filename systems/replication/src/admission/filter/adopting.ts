/**
 * Vouching at the word of replicas (the refresh of DISC 2008): when so many say that enough filter nodes vouch for a request
 * that one of them is correct, it is so, and its client asked for it, whatever else it told this node. Replicas that order
 * references do not have its body: then the filter nodes that vouch for it are asked, one of which does.
 * Invariant kept: a request is on disk before anybody is told of it.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { type Request, type RequestRef, requestDigest } from '../../request.ts';
import type { Adopt, Body } from '../messages.ts';
import { designatedFor, filterId } from '../request-quorum/filters.ts';
import { requestOf } from '../request-quorum/vouchers.ts';
import { forward, forwardAgain, pushBody } from './forwarding.ts';
import { findHeld, keep } from './log.ts';
import { clientOf, doneBySome, type FilterState, maySubmit, orderedBySome } from './state.ts';

/** Requests that one replica may want adopted at a time, and that are being fetched; the oldest are forgotten first. */
const MAX_WISHES = 1024;

export function onAdopt(s: FilterState, env: Env<Message>, from: NodeId, { ref, content }: Adopt): void {
  const { quorums } = s.options;
  const wishes = s.wishes[from];
  if (wishes === undefined || !maySubmit(s.options, ref.domain)) return;
  const request = content === null ? null : requestOf(ref, content);
  if (request !== null && !equalBytes(digestOf(s, request), ref.digest)) {
    env.note({ kind: 'strike', peer: from, why: 'another request than it names' });
    return;
  }
  const client = clientOf(s, ref);
  const known = client.held.get(ref.seq);
  if (known !== undefined && equalBytes(known.ref.digest, ref.digest)) {
    forwardAgain(s, env, known);
    return;
  }
  if (isSettled(s, ref)) return;
  const key = toHex(ref.digest);
  wishes.add(key);
  if (wishes.size > MAX_WISHES) for (const oldest of wishes) return void wishes.delete(oldest);
  if (s.wishes.filter((others) => others.has(key)).length < quorums.vouching) return;
  for (const others of s.wishes) others.delete(key);
  const body = request ?? findHeld(client, ref)?.request ?? null;
  if (body !== null) adopt(s, env, body, ref);
  else if (!s.adopting.has(key)) want(s, key, ref);
}

const digestOf = ({ options }: FilterState, request: Request) =>
  requestDigest(options, options.cluster, request);

function isSettled(s: FilterState, ref: RequestRef): boolean {
  const client = clientOf(s, ref);
  return ref.seq <= Math.max(orderedBySome(s, client), doneBySome(s, client));
}

function adopt(s: FilterState, env: Env<Message>, request: Request, ref: RequestRef): void {
  const { held } = clientOf(s, ref);
  if (!held.has(ref.seq) && held.size >= s.options.clientWindow) return;
  env.note({ kind: 'adopted', domain: ref.domain, client: ref.client, seq: ref.seq });
  const kept = keep(s, env, request, ref.digest);
  forward(s, env, kept, 'all');
  pushBody(s, env, kept);
}

function want(s: FilterState, key: string, ref: RequestRef): void {
  s.adopting.set(key, { ref, asked: 0, askedAt: Number.NEGATIVE_INFINITY });
  if (s.adopting.size > MAX_WISHES)
    for (const oldest of s.adopting.keys()) return void s.adopting.delete(oldest);
}

/** Asks the other filter nodes for what is to be adopted, one after the other. Called on every tick. */
export function fetchAdopting(s: FilterState, env: Env<Message>): void {
  const { quorums, filter, retransmitMs } = s.options;
  for (const [key, wanted] of s.adopting) {
    const { ref } = wanted;
    if (isSettled(s, ref)) s.adopting.delete(key);
    else if (env.now - wanted.askedAt >= retransmitMs / 2) {
      wanted.askedAt = env.now;
      const next = (): number => (designatedFor(quorums, ref) + wanted.asked++) % quorums.filters;
      const first = next();
      env.send(filterId(first === filter ? next() : first), { type: 'fetch-body', ref });
    }
  }
}

/** A body from another filter node: the digest decides. */
export function onBodyToAdopt(s: FilterState, env: Env<Message>, { request }: Body): void {
  const key = toHex(digestOf(s, request));
  const wanted = s.adopting.get(key);
  if (wanted === undefined) return;
  s.adopting.delete(key);
  if (!isSettled(s, wanted.ref)) adopt(s, env, request, wanted.ref);
}
