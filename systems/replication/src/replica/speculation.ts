/**
 * Execution ahead of agreement (Zyzzyva, SOSP 2007 section 3.2): what is accepted is executed at once, and taken back when
 * another log is decided. Nothing of it is shown to learners before it is committed (DESIGN section 9, rule 1).
 * Invariant kept: the state at every slot after the committed ones can be left again, to the slot before it.
 */

import {
  assert,
  type Digest,
  type Env,
  type ExposedBatch,
  type Outcome,
  type Submitter,
} from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type ExecutionMark, rollbackExecution } from '../execution/execution.ts';
import type { ExecutedBatch } from '../executor/retention.ts';
import { noteRetracted } from '../pool.ts';
import { isCommand } from '../request.ts';
import { selectedDigest, selectionEnd } from './acceptance.ts';
import type { Message } from './messages.ts';
import type { Content } from './slot.ts';
import type { ReplicaState } from './state.ts';

/** A slot that is executed and not committed. */
export interface Speculated extends ExecutedBatch {
  readonly exposed: ExposedBatch;
  /** The state before it. */
  readonly before: ExecutionMark;
  /** The last view in which clients were told of it; -1 for none. */
  toldIn: number;
}

/** Slots up to here are executed and final. */
export const settledEnd = (s: ReplicaState): number => Math.min(s.execution.executed, s.committed);

/**
 * True if the next slot may be executed ahead. Commands to replication may not: whose votes count is decided by what is
 * committed. Nor may anything after them, because logs are executed in order.
 */
export const maySpeculate = (s: ReplicaState, { requests }: Content): boolean =>
  s.config.speculates && requests.every(({ client }) => !isCommand(client));

/** The outcome of a request that is executed, but not for good. */
export function outcomeIn(
  s: ReplicaState,
  { domain, client, seq }: Submitter & { readonly seq: number },
): { readonly item: Speculated; readonly outcome: Outcome } | null {
  for (const item of s.speculated)
    for (const outcome of item.exposed.outcomes)
      if (outcome.seq === seq && outcome.client === client && outcome.domain === domain)
        return { item, outcome };
  return null;
}

/** Takes back what was executed of `slot` and after it. */
export function retractFrom(s: ReplicaState, env: Env<Message>, slot: number): void {
  const index = s.speculated.findIndex((item) => item.slot >= slot);
  const first = s.speculated[index];
  if (first === undefined) return;
  assert(first.slot > s.committed, 'what is committed stays');
  env.note({ kind: 'retracted', slot: first.slot, slots: s.speculated.length - index });
  rollbackExecution(s.execution, first.before);
  for (const { exposed } of s.speculated.splice(index))
    for (const outcome of exposed.outcomes) noteRetracted(s.pool, outcome, outcome.seq);
  // Checkpoints of what was taken back are void with their marks.
  s.own = s.own.filter((own) => own.slot < first.slot);
}

/** Takes back what another log than the selected one, or more than it, was executed. */
export function retractUnselected(s: ReplicaState, env: Env<Message>): void {
  const end = selectionEnd(s);
  // What the new view begins after is on its way to being committed.
  const wrong = s.speculated.find(
    ({ slot, content }) =>
      slot > s.stable.slot && (slot > end || !equalBytes(content.digest, selectedDigest(s, slot))),
  );
  if (wrong !== undefined) retractFrom(s, env, wrong.slot);
}

/** Takes back what another log than the one being accepted was executed, from this slot on. */
export function retractOther(s: ReplicaState, env: Env<Message>, slot: number, history: Digest): void {
  const known = s.speculated.find((item) => item.slot === slot);
  if (known !== undefined && !equalBytes(known.history, history)) retractFrom(s, env, slot);
}
