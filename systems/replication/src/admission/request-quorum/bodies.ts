/**
 * Bodies of requests that enough filter nodes vouch for and that are not here: asked for by digest, first from the filter
 * node that should have sent it, then from one after the other. Of `sound` that vouch for it one has it on disk and answers.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { ordersReferences } from '../../config.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { refOf, requestDigest } from '../../request.ts';
import type { Body, BodyDenied } from '../messages.ts';
import { designatedFor, filterId } from './filters.ts';
import { consider, findVouched, isSound, takeBody, type Vouched, type Vouching } from './vouchers.ts';

/** Bodies asked for at a time. */
const MAX_ASKED = 64;

/** Asks for what is missing. Called on every tick. */
export function fetchBodies(s: ReplicaState, env: Env<Message>, v: Vouching): void {
  // What is ordered by reference is fetched by those who execute it.
  if (ordersReferences(s.config)) return;
  let asked = 0;
  for (const known of v.requests.values())
    for (const vouched of known) {
      if (asked >= MAX_ASKED) return;
      if (vouched.request !== null || !isSound(v, vouched)) continue;
      // What was sent unasked may still be on its way.
      const last = vouched.asked === 0 ? vouched.seenAt : vouched.askedAt;
      if (env.now - last < s.config.retransmitMs / 2) continue;
      ask(s, env, vouched);
      asked++;
    }
}

function ask(s: ReplicaState, env: Env<Message>, vouched: Vouched): void {
  const { quorums } = s.config;
  const filter = (designatedFor(quorums, vouched.ref) + vouched.asked) % quorums.filters;
  vouched.asked += 1;
  vouched.askedAt = env.now;
  env.note({ kind: 'body-asked', filter, seq: vouched.ref.seq });
  env.send(filterId(filter), { type: 'fetch-body', ref: vouched.ref });
}

export function onBody(s: ReplicaState, env: Env<Message>, v: Vouching, from: NodeId, m: Body): void {
  const ref = refOf(m.request, requestDigest(s.keys, s.config.cluster, m.request));
  const vouched = findVouched(v, ref);
  if (ordersReferences(s.config) || vouched === null || !isSound(v, vouched)) return;
  if (!takeBody(s, vouched, m.request)) env.note({ kind: 'strike', peer: from, why: 'false body' });
  consider(s, env, v, vouched);
}

/** A filter node does not have it: the next one is asked at once, until all were. */
export function onBodyDenied(s: ReplicaState, env: Env<Message>, v: Vouching, m: BodyDenied): void {
  const vouched = findVouched(v, m.ref);
  if (vouched === null || vouched.request !== null || vouched.asked === 0) return;
  if (vouched.asked % s.config.quorums.filters !== 0) ask(s, env, vouched);
}
