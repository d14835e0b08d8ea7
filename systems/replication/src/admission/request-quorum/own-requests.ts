/**
 * A member's own requests: authenticated to each filter node with a MAC, sent to as many as convince everybody, and to all
 * of them when the outcome is long in coming. A batch of many sessions' operations is one request, and gets one matrix.
 */

import type { Env } from '@concordat/kernel';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { type Request, refOf, requestDigest } from '../../request.ts';
import { UNSIGNED } from '../codec.ts';
import { keyAt, refStatement } from '../pair-keys.ts';
import { allFilters, filterId, firstAsked } from './filters.ts';
import type { Vouching } from './vouchers.ts';

export function submit(s: ReplicaState, env: Env<Message>, v: Vouching, body: Uint8Array): number | null {
  const { submission, config } = s;
  if (submission.outstanding.size >= config.clientWindow) return null;
  const seq = submission.nextSeq++;
  const { client, acked } = submission;
  const request: Request = { domain: config.self, client, seq, acked, body, signature: UNSIGNED };
  submission.outstanding.set(seq, { request, sentAt: env.now });
  sendTo(s, env, v, request, firstAsked(config.quorums, request));
  return seq;
}

/** Sends own requests again whose outcome is long in coming. Called on every tick. */
export function resubmit(s: ReplicaState, env: Env<Message>, v: Vouching): void {
  for (const pending of s.submission.outstanding.values()) {
    if (env.now - pending.sentAt < 2 * s.config.retransmitMs) continue;
    pending.sentAt = env.now;
    sendTo(s, env, v, pending.request, allFilters(s.config.quorums));
  }
}

function sendTo(
  s: ReplicaState,
  env: Env<Message>,
  { pair, ownKeys }: Vouching,
  request: Request,
  filters: readonly number[],
): void {
  const { cluster } = s.config;
  const statement = refStatement(refOf(request, requestDigest(s.keys, cluster, request)));
  for (const filter of filters) {
    const mac = pair.macs.tag(keyAt(ownKeys, filter), statement);
    // Early: a request promises nothing.
    env.sendEarly(filterId(filter), { type: 'filter-request', request, mac });
  }
}
