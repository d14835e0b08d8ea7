/**
 * A learner's own requests: with it, a gateway beside a learner has a whole ordered log. They are signed by the domain whose
 * key it holds, sent to the order replicas, and again until their outcome is exposed.
 */

import { assert, type Env, type Outcome } from '@concordat/kernel';
import { executedOf, replyKey } from '../execution/core-state.ts';
import type { Message } from '../replica/messages.ts';
import { type Request, signRequest } from '../request.ts';
import { noteOutcome } from '../submission.ts';
import type { LearnerState } from './state.ts';

/** Submits under this learner's own client; null when too many are outstanding. */
export function submit(l: LearnerState, env: Env<Message>, body: Uint8Array): number | null {
  const { submission, config, keys } = l;
  assert(config.domain !== null, 'who submits has a domain that vouches for it');
  if (submission.outstanding.size >= config.clientWindow) return null;
  const { client, acked } = submission;
  const seq = submission.nextSeq++;
  const content = { domain: config.domain, client, seq, acked, body };
  const { request } = signRequest(keys, config.cluster, content);
  submission.outstanding.set(seq, { request, sentAt: env.now });
  send(l, env, request);
  return seq;
}

/** Early: a request promises nothing. */
function send({ config }: LearnerState, env: Env<Message>, request: Request): void {
  for (const id of config.members) env.sendEarly(id, { type: 'request', request });
}

/** Sends own requests again whose outcome is long in coming. Called on every tick. */
export function resubmit(l: LearnerState, env: Env<Message>): void {
  for (const pending of l.submission.outstanding.values()) {
    if (env.now - pending.sentAt < 2 * l.config.retransmitMs) continue;
    pending.sentAt = env.now;
    send(l, env, pending.request);
  }
}

/** Notes which outcomes of a batch are own ones. */
export function noteOwn({ submission, config }: LearnerState, outcomes: readonly Outcome[]): void {
  for (const { domain, client, seq } of outcomes)
    if (domain === config.domain && client === submission.client) noteOutcome(submission, seq);
}

/** After the state jumped: what happened to own requests is in the state, also where the batches are unknown. */
export function exposeOwn(l: LearnerState): void {
  const { submission, execution, config } = l;
  if (config.domain === null) return;
  const id = { domain: config.domain, client: submission.client };
  const done = executedOf(execution.core, id);
  const outcomes: Outcome[] = [];
  for (const seq of [...submission.outstanding.keys()].sort((a, b) => a - b)) {
    const reply = execution.core.replies.get(replyKey(id, seq));
    if (seq > done || reply === undefined) break;
    outcomes.push({ ...id, seq, reply });
    noteOutcome(submission, seq);
  }
  const { executed: slot } = execution;
  if (outcomes.length > 0) l.exposed.push({ slot, time: execution.core.time.get(), outcomes, events: [] });
}
