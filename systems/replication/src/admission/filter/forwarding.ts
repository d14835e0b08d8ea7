/**
 * What a filter node tells the replicas: its row for each request it holds, to the primary first, and to all until the
 * request is executed (UpRight, SOSP 2009: the pause doubles up to a second). Short bodies travel along; large ones go to
 * those who execute, from the filter node designated for the client. Where these are not the replicas, they never meet replicas.
 */

import { signRow } from '@concordat/crypto';
import type { Env, NodeId } from '@concordat/kernel';
import type { Message } from '../../replica/messages.ts';
import { INLINE_BYTES } from '../codec.ts';
import type { Entry } from '../messages.ts';
import { refStatement } from '../pair-keys.ts';
import { designatedFor } from '../request-quorum/filters.ts';
import type { FilterState, Held } from './state.ts';

/** Sends the entry of a held request; the designated filter node sends a large body with it to replicas that execute. */
export function forward(s: FilterState, env: Env<Message>, held: Held, to: NodeId | 'all'): void {
  const { quorums, filter, pair, executors } = s.options;
  const { request, ref } = held;
  const isShort = request.body.length < INLINE_BYTES;
  const isCarrier = executors.length === 0 && designatedFor(quorums, ref) === filter;
  const entry: Entry = {
    type: 'entry',
    ref,
    inline: isShort || isCarrier ? { acked: request.acked, body: request.body } : null,
    bodyBytes: request.body.length,
    row: signRow(pair.macs, s.shape, s.rowKeys, refStatement(ref)),
  };
  const isForAll = to === 'all' || (isCarrier && !isShort);
  // Not early: a row says that the request is on disk.
  if (!isForAll) env.send(to, entry);
  else for (const id of s.options.members) env.send(id, entry);
}

/** The designated filter node sends a large body, once, to those who execute what replicas order by reference. */
export function pushBody(s: FilterState, env: Env<Message>, { request, ref }: Held): void {
  const { quorums, filter, executors, learners } = s.options;
  if (executors.length === 0 || designatedFor(quorums, ref) !== filter) return;
  // What is short they get with the batch.
  if (request.body.length >= INLINE_BYTES)
    for (const id of [...executors, ...learners]) env.send(id, { type: 'body', request });
}

/** Sends everyone the entry of a request that somebody waits for; asking often does not make it come more often. */
export function forwardAgain(s: FilterState, env: Env<Message>, held: Held): void {
  if (env.now - held.sentAt < s.options.retransmitMs / 2) return;
  held.sentAt = env.now;
  forward(s, env, held, 'all');
}

/** Entries sent again in one tick. */
const MAX_RESENT = 256;

/** Sends again what has waited for long. Called on every tick. */
export function retransmit(s: FilterState, env: Env<Message>): void {
  let resent = 0;
  for (const held of s.log) {
    if (held.isRetained || env.now - held.sentAt < held.waitMs) continue;
    held.sentAt = env.now;
    held.waitMs = Math.min(2 * held.waitMs, s.options.maxRetransmitMs);
    forward(s, env, held, 'all');
    if (++resent >= MAX_RESENT) return;
  }
}
