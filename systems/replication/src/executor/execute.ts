/**
 * From learned to executed and exposed. What is proven is executed, logged and shown; what is only accepted may be executed
 * ahead, and waits until it is proven. At every checkpoint interval the state is digested and marked: execution goes on
 * while others read it.
 */

import { assert, type Env, type ExposedBatch } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { executeBatch, markExecution } from '../execution/execution.ts';
import { withoutCommands } from '../governance/submitting.ts';
import type { Message } from '../replica/messages.ts';
import type { Content } from '../replica/slot.ts';
import { compareCertified, takeCheckpoint } from './checkpoints.ts';
import { contentOf } from './contents.ts';
import { logBatch } from './journal.ts';
import { nextClaim } from './learn.ts';
import type { Claim, Point } from './source.ts';
import type { LearnerState } from './state.ts';
import { noteOwn } from './submit.ts';

export function executeReady(l: LearnerState, env: Env<Message>): void {
  exposeSpeculated(l, env);
  // A transfer replaces the state; executing meanwhile would be lost work.
  if (l.transfer !== null) return;
  while (executeNext(l, env));
}

/** Executes the next slot; false if it is not there, or not due. */
function executeNext(l: LearnerState, env: Env<Message>): boolean {
  const claim = nextClaim(l);
  const slot = l.execution.executed + 1;
  const content = claim === null ? null : contentOf(l, slot, claim.digest);
  if (claim === null || content === null) return false;
  const isProven = slot <= l.proven.slot;
  const before = isProven ? null : markExecution(l.execution);
  const exposed = execute(l, content, claim);
  env.note({ kind: 'executed', slot, requests: exposed.outcomes.length });
  const point = { slot, history: claim.history };
  if (before === null) expose(l, env, point, content, exposed);
  else l.speculated.push({ ...point, content, exposed, before });
  return true;
}

/** Executes the next batch, also one from the journal, and marks the state where a checkpoint is due. */
export function execute(
  l: LearnerState,
  content: Content,
  { history }: Pick<Claim, 'history'>,
): ExposedBatch {
  const exposed = executeBatch(l.execution, content.batch, content.requests, history);
  if (exposed.slot % l.config.checkpointInterval === 0) takeCheckpoint(l);
  return exposed;
}

/** Shows what was executed ahead and is proven now. */
function exposeSpeculated(l: LearnerState, env: Env<Message>): void {
  for (
    let first = l.speculated[0];
    first !== undefined && first.slot <= l.proven.slot;
    first = l.speculated[0]
  ) {
    l.speculated.shift();
    expose(l, env, first, first.content, first.exposed);
  }
}

function expose(
  l: LearnerState,
  env: Env<Message>,
  { slot, history }: Point,
  content: Content,
  exposed: ExposedBatch,
): void {
  assert(l.learned.delete(slot), 'only what is proven is exposed');
  l.contents.delete(slot);
  logBatch(l, env, slot, history, content);
  env.note({ kind: 'exposed', slot, history: toHex(history.subarray(0, 8)) });
  noteOwn(l, exposed.outcomes);
  l.exposed.push(withoutCommands(exposed));
  l.progressAt = env.now;
  if (slot === l.certified.slot) compareCertified(l, env);
}
