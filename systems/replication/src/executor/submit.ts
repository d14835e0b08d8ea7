/**
 * A learner's own requests: with it, a gateway beside a learner has a whole ordered log. They go the way of
 * the domain's clients: signed to the order replicas or, where bodies come from filter nodes, to those; and again until their
 * outcome is exposed.
 */

import { assert, type Env, type Outcome } from '@concordat/kernel';
import { executedOf, replyKey } from '../execution/core-state.ts';
import type { Message } from '../replica/messages.ts';
import { noteOutcome } from '../submission.ts';
import type { LearnerState } from './state.ts';

/** Submits under this learner's own client; null when too many are outstanding. */
export function submit(l: LearnerState, env: Env<Message>, body: Uint8Array): number | null {
  const { submission, config } = l;
  assert(config.domain !== null, 'who submits has a domain that vouches for it');
  if (submission.outstanding.size >= config.clientWindow) return null;
  const { client, acked } = submission;
  const seq = submission.nextSeq++;
  const request = l.route.seal({ domain: config.domain, client, seq, acked, body });
  submission.outstanding.set(seq, { request, sentAt: env.now });
  l.route.send(early(env), request, false, config.members);
  return seq;
}

/** Early: a request promises nothing. */
const early = (env: Env<Message>): Pick<Env<Message>, 'send'> => ({ send: (to, m) => env.sendEarly(to, m) });

/** Sends own requests again whose outcome is long in coming. Called on every tick. */
export function resubmit(l: LearnerState, env: Env<Message>): void {
  for (const pending of l.submission.outstanding.values()) {
    if (env.now - pending.sentAt < 2 * l.config.retransmitMs) continue;
    pending.sentAt = env.now;
    l.route.send(early(env), pending.request, true, l.config.members);
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
    if (seq > done) break;
    // Without a reply it was dropped for want of room: what became of the request nobody can tell any more.
    if (reply !== undefined) outcomes.push({ ...id, seq, reply });
    noteOutcome(submission, seq);
  }
  const { executed: slot } = execution;
  if (outcomes.length > 0) l.exposed.push({ slot, time: execution.core.time.get(), outcomes, events: [] });
}
