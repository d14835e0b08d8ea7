/**
 * What an executor answers (UpRight, SOSP'09 section 4): replies of exposed batches, in full from one executor and as digests
 * from the others where they are large; reads from exposed state (DESIGN section 9, rule 1: tagged with the slot at which they
 * were computed, sent when that is exposed, computed again after a rollback).
 */

import {
  type Env,
  type ExposedBatch,
  type ExposedSnapshot,
  isBatch,
  type NodeId,
  type Outcome,
} from '@concordat/kernel';
import { replyKey } from '../execution/core-state.ts';
import type { Message, Submit } from '../replica/messages.ts';
import { clientKey } from '../request.ts';
import { isAttached, isClientOf, waitForAttach } from './attach.ts';
import type { ExecutorState } from './executor.ts';
import type { Read } from './messages.ts';
import { exposedEnd, type LearnerState } from './state.ts';

/** Replies of up to so many bytes come in full from everyone: a digest would save nothing (Zyzzyva's implementation: 50). */
export const SMALL_REPLY_BYTES = 64;

/** Reads that wait for what they have seen to be exposed; those beyond come again. */
const MAX_HELD = 4096;

/** A read's answer, computed from a state that is not exposed yet. */
export interface HeldRead {
  readonly from: NodeId;
  readonly request: Read;
  slot: number;
  reply: Uint8Array;
  /** Rollbacks so far, when it was computed. */
  retractions: number;
}

/** Sends the replies of what became exposed. */
export function reply(
  e: ExecutorState,
  env: Env<Message>,
  items: readonly (ExposedBatch | ExposedSnapshot)[],
): void {
  for (const item of items) {
    if (!isBatch(item)) continue;
    for (const outcome of item.outcomes) replyTo(e, env, item.slot, outcome);
  }
}

function replyTo(e: ExecutorState, env: Env<Message>, slot: number, outcome: Outcome): void {
  const connection = e.attached.byClient.get(clientKey(outcome));
  if (connection === undefined) return;
  const { domain, client, seq, reply: bytes } = outcome;
  const { holders, self } = e.learner.config;
  const isFull = bytes.length <= SMALL_REPLY_BYTES || holders[seq % holders.length] === self;
  // Early: what is exposed stays so, and whoever recovers executes it again.
  if (isFull) env.sendEarly(connection, { type: 'reply', slot, ...outcome });
  else {
    const digest = e.learner.keys.hash(bytes);
    env.sendEarly(connection, { type: 'reply-digest', domain, client, seq, slot, digest });
  }
}

/**
 * A request that its client sends again: the reply, in full, if there is one. It does not tell the slot, 0: the state keeps
 * replies without it.
 */
export function onAskedAgain(e: ExecutorState, env: Env<Message>, from: NodeId, m: Submit): void {
  const { domain, client, seq } = m.request;
  if (!isClientOf(e.attached, from, m.request)) {
    waitForAttach(e.attached, from, m);
    return;
  }
  const known = e.learner.execution.core.replies.get(replyKey(m.request, seq));
  if (known !== undefined && !isAhead(e.learner, domain, client, seq))
    env.send(from, { type: 'reply', domain, client, seq, slot: 0, reply: known });
}

/** True if the request is executed, and not exposed. */
const isAhead = ({ speculated }: LearnerState, domain: number, client: number, seq: number): boolean =>
  speculated.some(({ exposed }) =>
    exposed.outcomes.some((o) => o.seq === seq && o.client === client && o.domain === domain),
  );

/** Answers a query of an attached client. */
export function onRead(e: ExecutorState, from: NodeId, m: Read): void {
  if (!isAttached(e.attached, from)) {
    waitForAttach(e.attached, from, m);
    return;
  }
  if (e.reads.length >= MAX_HELD) return;
  const held: HeldRead = { from, request: m, slot: 0, reply: new Uint8Array(0), retractions: 0 };
  compute(e.learner, held);
  e.reads.push(held);
}

function compute({ execution, retractions }: LearnerState, held: HeldRead): void {
  held.reply = execution.service.query(held.request.body);
  held.slot = execution.executed;
  held.retractions = retractions;
}

/** Sends the answers whose state is exposed. Called once per turn. */
export function releaseReads(e: ExecutorState, env: Env<Message>): void {
  if (e.reads.length === 0) return;
  const { learner } = e;
  const end = exposedEnd(learner);
  const kept: HeldRead[] = [];
  for (const held of e.reads) {
    if (held.retractions !== learner.retractions) compute(learner, held);
    if (held.slot > end) kept.push(held);
    else
      env.sendEarly(held.from, {
        type: 'read-reply',
        id: held.request.id,
        slot: held.slot,
        reply: held.reply,
      });
  }
  e.reads = kept;
}
