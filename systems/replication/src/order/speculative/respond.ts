/**
 * What outside clients are told of requests that are executed ahead (Zyzzyva, SOSP 2007, section 3.2, step 3): a result and
 * a vote for the log that led to it, again in each view that accepts that log anew. Commit optimisation: while it is known
 * that not all members answer, a client could not finish with these; it is told once the request is committed.
 */

import { assert, type Env, type NodeId, type Outcome } from '@concordat/kernel';
import { pooledAt } from '../../pool.ts';
import { selectionEnd } from '../../replica/acceptance.ts';
import { isCommitDue } from '../../replica/agreement.ts';
import { isDesignated, type OrderStatement, type SpecResponse } from '../../replica/client-messages.ts';
import type { Message } from '../../replica/messages.ts';
import { outcomeIn, type Speculated } from '../../replica/speculation.ts';
import { findSlot, isVoting, type ReplicaState } from '../../replica/state.ts';
import type { Request } from '../../request.ts';
import { acknowledge } from './certificate.ts';

/** Tells the clients of what was accepted in this view. Called once per turn, after the votes. */
export function respond(s: ReplicaState, env: Env<Message>): void {
  if (!isVoting(s) || (s.config.commitOptimisation && isCommitDue(s, env.now))) return;
  for (const item of s.speculated) {
    if (item.toldIn === s.view || item.slot > s.preparedSent) continue;
    item.toldIn = s.view;
    for (const outcome of item.exposed.outcomes) {
      const replyTo = pooledAt(s.pool, outcome)?.replyTo ?? null;
      if (replyTo !== null) env.send(replyTo, responseTo(s, item, outcome, false));
    }
  }
}

/** Tells a client again, and all of it, what it asks for once more; false if it was not told in this view. */
export function respondAgain(s: ReplicaState, env: Env<Message>, to: NodeId, request: Request): boolean {
  const found = outcomeIn(s, request);
  if (found === null || found.item.toldIn !== s.view || !isVoting(s)) return false;
  env.send(to, responseTo(s, found.item, found.outcome, true));
  return true;
}

function responseTo(
  s: ReplicaState,
  { slot, history }: Speculated,
  { domain, client, seq, reply }: Outcome,
  isWhole: boolean,
): SpecResponse {
  const { incarnation, signature } = acknowledge(s, slot);
  const { self, members } = s.config;
  const isSent = isWhole || isDesignated(self, members, seq, reply.length);
  return {
    type: 'spec-response',
    domain,
    client,
    seq,
    view: s.view,
    slot,
    history,
    result: s.keys.hash(reply),
    reply: isSent ? reply : null,
    incarnation,
    signature,
    order: orderOf(s, slot),
  };
}

function orderOf(s: ReplicaState, slot: number): OrderStatement | null {
  if (slot <= selectionEnd(s)) return null;
  const record = findSlot(s, slot);
  const proposal = record?.proposal ?? null;
  if (proposal === null || proposal.view !== s.view) return null;
  const content = record?.content ?? null;
  assert(content !== null, 'what is voted for is accepted');
  return { incarnation: proposal.incarnation, batch: content.digest, signature: proposal.signature };
}
