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
  type Submitter,
} from '@concordat/kernel';
import { executedOf, replyKey } from '../execution/core-state.ts';
import { type Answer, isDesignated, type Read, type Submit } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import { clientKey } from '../request.ts';
import { mayRepeat } from '../robust/repeats.ts';
import { isAttached, isClientOf, waitForAttach } from './attach.ts';
import type { ExecutorState } from './executor.ts';
import { exposedEnd, type LearnerState } from './state.ts';

/** Reads that wait for what they have seen to be exposed; those beyond come again. */
const MAX_HELD = 4096;

/** A read's answer, computed from a state that is not exposed yet. */
export interface HeldRead {
  /** Who asked; null for this executor's own process. */
  readonly from: NodeId | null;
  readonly read: Read;
  slot: number;
  result: Uint8Array;
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
  // Early: what is exposed stays so, and whoever recovers executes it again.
  if (isDesignated(self, holders, seq, bytes.length))
    env.sendEarly(connection, { type: 'reply', slot, ...outcome });
  else {
    const digest = e.learner.keys.hash(bytes);
    env.sendEarly(connection, { type: 'reply-digest', domain, client, seq, slot, digest });
  }
}

/** Replies that a client is told again unasked; it asks for others. */
const MAX_RETOLD = 8;

/** A client is attached: the latest replies that it may have missed. */
export function replyAgain(e: ExecutorState, env: Env<Message>, id: Submitter): void {
  const { core } = e.learner.execution;
  const last = executedOf(core, id);
  for (let seq = Math.max(1, last - MAX_RETOLD + 1); seq <= last; seq++) {
    const known = core.replies.get(replyKey(id, seq));
    if (known !== undefined && !isAhead(e.learner, id.domain, id.client, seq))
      replyTo(e, env, exposedEnd(e.learner), { ...id, seq, reply: known });
  }
}

/** A request that its client sends again: the reply, in full, if there is one, and it was not told just now. */
export function onAskedAgain(e: ExecutorState, env: Env<Message>, from: NodeId, m: Submit): void {
  const { domain, client, seq } = m.request;
  if (!isClientOf(e.attached, from, m.request)) {
    waitForAttach(e.attached, from, m);
    return;
  }
  const known = e.learner.execution.core.replies.get(replyKey(m.request, seq));
  if (known === undefined || isAhead(e.learner, domain, client, seq)) return;
  const repeats = e.attached.repeats.get(from);
  if (repeats === undefined || !mayRepeat(repeats, m.request, env.now)) return;
  env.send(from, { type: 'reply', domain, client, seq, slot: exposedEnd(e.learner), reply: known });
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
  e.reads.push({ from, read: m, ...answerNow(e.learner, m) });
}

/** Asks for the own process, which believes this executor alone; `takeAnswers` has the answer under this number. */
export function askOwn(e: ExecutorState, query: Uint8Array): number {
  const id = e.nextOwnRead++;
  const read: Read = { type: 'read', epoch: 0, id, isWhole: true, query };
  e.reads.push({ from: null, read, ...answerNow(e.learner, read) });
  return id;
}

/** Takes the answers to the own process's questions. */
export function takeAnswers(e: ExecutorState): ReadonlyMap<number, Uint8Array> {
  const { answers } = e;
  if (answers.size > 0) e.answers = new Map();
  return answers;
}

const answerNow = ({ execution, retractions }: LearnerState, { query }: Read) => ({
  result: execution.service.query(query),
  slot: execution.executed,
  retractions,
});

/** Sends the answers whose state is exposed. Called once per turn. */
export function releaseReads(e: ExecutorState, env: Env<Message>): void {
  if (e.reads.length === 0) return;
  const { learner } = e;
  const end = exposedEnd(learner);
  const kept: HeldRead[] = [];
  for (const held of e.reads) {
    if (held.retractions !== learner.retractions) Object.assign(held, answerNow(learner, held.read));
    if (held.slot > end) kept.push(held);
    else if (held.from === null) e.answers.set(held.read.id, held.result);
    else env.sendEarly(held.from, answerOf(learner, held));
  }
  e.reads = kept;
}

function answerOf({ config, keys }: LearnerState, { read, result }: HeldRead): Answer {
  const isSent = read.isWhole || isDesignated(config.self, config.holders, read.id, result.length);
  return { type: 'answer', id: read.id, result: keys.hash(result), answer: isSent ? result : null };
}
