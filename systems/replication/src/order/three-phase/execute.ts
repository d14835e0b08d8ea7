/**
 * From committed to executed and exposed. In three-phase agreement nothing is executed before it is committed at this
 * replica, so what it has executed is its exposed prefix (DESIGN section 9, rule 1): an agreement quorum of COMMITs
 * for the history. At every checkpoint interval the state is digested and marked.
 */

import { assert, type Env, type ExposedBatch } from '@concordat/kernel';
import { executedOf, replyKey } from '../../execution/core-state.ts';
import { executeBatch } from '../../execution/execution.ts';
import { noteExecuted, pooledAt } from '../../pool.ts';
import { COMMAND_CLIENT, type Request } from '../../request.ts';
import { noteOutcome } from '../../submission.ts';
import { takeCheckpoint } from './checkpoint.ts';
import type { Message } from './messages.ts';
import { findSlot, type ReplicaState } from './state.ts';

export function executeCommitted(s: ReplicaState, env: Env<Message>): void {
  // A transfer replaces the state; executing meanwhile would be lost work.
  if (s.transfer !== null) return;
  while (s.execution.executed < s.committed) {
    const slot = findSlot(s, s.execution.executed + 1);
    // Below the log's window: only a state transfer gets there, and it has been started.
    if (slot === null || slot.content === null || slot.history === null) return;
    const { batch, requests } = slot.content;
    const exposed = executeBatch(s.execution, batch, requests, slot.history);
    env.note({ kind: 'executed', slot: exposed.slot, requests: exposed.outcomes.length });
    expose(s, env, exposed, requests);
    if (exposed.slot % s.config.checkpointInterval === 0) takeCheckpoint(s, env);
  }
}

function expose(
  s: ReplicaState,
  env: Env<Message>,
  exposed: ExposedBatch,
  requests: readonly Request[],
): void {
  for (const outcome of exposed.outcomes) {
    const replyTo = pooledAt(s.pool, outcome)?.replyTo ?? null;
    if (replyTo !== null) env.send(replyTo, { type: 'reply', slot: exposed.slot, ...outcome });
    if (outcome.domain === s.config.self && outcome.client === s.submission.client) {
      noteOutcome(s.submission, outcome.seq);
    }
  }
  for (const request of requests) {
    const isCommand = request.client === COMMAND_CLIENT;
    noteExecuted(s.pool, request, isCommand ? request.seq : executedOf(s.execution.core, request));
  }
  s.exposed.push(exposed);
}

/** After the state jumped: what happened to the own requests is in the state, also where the batches are unknown. */
export function exposeJump(s: ReplicaState): void {
  const { core, executed } = s.execution;
  const { submission } = s;
  const time = core.time.get();
  s.exposed.push({ slot: executed, time });
  const id = { domain: s.config.self, client: submission.client };
  const done = executedOf(core, id);
  const outcomes = [];
  for (const seq of [...submission.outstanding.keys()].sort((a, b) => a - b)) {
    if (seq > done) break;
    const reply = core.replies.get(replyKey(id, seq));
    assert(reply !== undefined, 'a reply is kept until its client has it');
    outcomes.push({ ...id, seq, reply });
    noteOutcome(submission, seq);
  }
  if (outcomes.length > 0) s.exposed.push({ slot: executed, time, outcomes, events: [] });
  for (const client of core.clients.entries()) noteExecuted(s.pool, client[1], client[1].seq);
}
