/**
 * From accepted to executed, committed and exposed. A replica that does not speculate executes what is committed, so its
 * executed log is its exposed prefix; one that does executes what it has accepted, and shows learners what is committed
 * (DESIGN section 9, rule 1). At every checkpoint interval the state is digested and marked.
 */

import type { Env, ExposedBatch } from '@concordat/kernel';
import { executedOf, replyKey } from '../execution/core-state.ts';
import { executeBatch, markExecution } from '../execution/execution.ts';
import { type ExecutedBatch, keep, resumeFeed } from '../executor/retention.ts';
import { findVerdicts, takeVerdicts } from '../governance/submitting.ts';
import { noteExecuted, pooledAt } from '../pool.ts';
import { COMMAND_CLIENT } from '../request.ts';
import { noteServed } from '../robust/throughput.ts';
import { noteOutcome } from '../submission.ts';
import { announceCheckpoint, takeCheckpoint } from './checkpoint.ts';
import type { Message } from './messages.ts';
import { executable } from './references.ts';
import { maySpeculate } from './speculation.ts';
import { findSlot, type ReplicaState } from './state.ts';

export function executeReady(s: ReplicaState, env: Env<Message>): void {
  exposeSpeculated(s, env);
  // A transfer replaces the state; executing meanwhile would be lost work.
  if (s.transfer !== null) return;
  while (executeNext(s, env));
}

/** Executes the next slot; false if it is not there, or not due. */
function executeNext(s: ReplicaState, env: Env<Message>): boolean {
  const number = s.execution.executed + 1;
  if (number > Math.max(s.committed, s.config.speculates ? s.accepted : 0)) return false;
  const slot = findSlot(s, number);
  // Below the log's window: only a state transfer gets there, and it has been started.
  if (slot === null || slot.content === null || slot.history === null) return false;
  const { content, history, position } = slot;
  const executed = { slot: number, history, content, position };
  const isCommitted = number <= s.committed;
  if (!isCommitted && !maySpeculate(s, content)) return false;
  const before = isCommitted ? null : markExecution(s.execution);
  const exposed = executeBatch(s.execution, content.batch, executable(s, content), history);
  env.note({ kind: 'executed', slot: number, requests: exposed.outcomes.length });
  const isCheckpoint = number % s.config.checkpointInterval === 0;
  if (isCheckpoint) takeCheckpoint(s);
  if (before === null) {
    expose(s, env, executed, exposed, false);
    if (isCheckpoint) announceCheckpoint(s, env, number);
  } else s.speculated.push({ ...executed, exposed, before, toldIn: -1 });
  return true;
}

/** Shows what was executed ahead and is committed now. */
function exposeSpeculated(s: ReplicaState, env: Env<Message>): void {
  for (
    let first = s.speculated[0];
    first !== undefined && first.slot <= s.committed;
    first = s.speculated[0]
  ) {
    s.speculated.shift();
    expose(s, env, first, first.exposed, first.toldIn >= 0);
    if (first.slot % s.config.checkpointInterval === 0) announceCheckpoint(s, env, first.slot);
  }
}
function expose(
  s: ReplicaState,
  env: Env<Message>,
  executed: ExecutedBatch,
  exposed: ExposedBatch,
  isTold: boolean,
): void {
  for (const outcome of exposed.outcomes) {
    const pooled = pooledAt(s.pool, outcome);
    noteServed(s.robust.throughput, pooled?.arrivedAt ?? null, env.now);
    // Clients who were told finish by themselves, or ask again.
    const replyTo = isTold ? null : (pooled?.replyTo ?? null);
    if (replyTo !== null && s.config.executes)
      env.send(replyTo, { type: 'reply', slot: exposed.slot, ...outcome });
    if (outcome.domain === s.config.self && outcome.client === s.submission.client) {
      noteOutcome(s.submission, outcome.seq);
    }
  }
  for (const outcome of exposed.outcomes) noteExecuted(s.pool, outcome, outcome.seq);
  for (const request of executed.content.requests)
    if (request.client === COMMAND_CLIENT) noteExecuted(s.pool, request, request.seq);
  keep(s, executed);
  s.admission.onExposed(s, env, exposed);
  s.exposed.push(takeVerdicts(s, env, exposed));
}

/** After the state jumped: what happened to the own requests is in the state, also where the batches are unknown. */
export function exposeJump(s: ReplicaState, env: Env<Message>): void {
  findVerdicts(s, env);
  const { core, executed } = s.execution;
  const { submission } = s;
  const time = core.time.get();
  resumeFeed(s);
  s.exposed.push({ slot: executed, time });
  const id = { domain: s.config.self, client: submission.client };
  const done = executedOf(core, id);
  const outcomes = [];
  for (const seq of [...submission.outstanding.keys()].sort((a, b) => a - b)) {
    if (seq > done) break;
    const reply = s.config.executes ? core.replies.get(replyKey(id, seq)) : new Uint8Array(0);
    // Without a reply it was dropped for want of room: what became of the request nobody can tell any more.
    if (reply !== undefined) outcomes.push({ ...id, seq, reply });
    noteOutcome(submission, seq);
  }
  if (outcomes.length > 0) s.exposed.push({ slot: executed, time, outcomes, events: [] });
  for (const client of core.clients.entries()) noteExecuted(s.pool, client[1], client[1].seq);
}
