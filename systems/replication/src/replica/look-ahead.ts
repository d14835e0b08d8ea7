/**
 * The state that a replica would have if all that it has accepted were final: for whoever begins anew from a survivor's
 * journal, because what was acknowledged through members that are gone was accepted here, and nobody is left to say so. It is
 * looked at and taken back at once, so nothing of it is ever shown as executed (DESIGN section 9, rule 1).
 */

import { executeBatch, markExecution, rollbackExecution } from '../execution/execution.ts';
import { isCommand } from '../request.ts';
import { executable } from './references.ts';
import { findSlot, type ReplicaState } from './state.ts';

/** Calls `look` with the number of the last slot that the state then has. Commands to replication end it: they are not data. */
export function lookAhead<T>(s: ReplicaState, look: (slot: number) => T): T {
  const before = markExecution(s.execution);
  // A transfer replaces the state; what follows it here is unknown.
  while (s.transfer === null && executeAccepted(s));
  const seen = look(s.execution.executed);
  rollbackExecution(s.execution, before);
  return seen;
}

function executeAccepted(s: ReplicaState): boolean {
  const number = s.execution.executed + 1;
  const slot = number > s.accepted ? null : findSlot(s, number);
  if (slot === null || slot.content === null || slot.history === null) return false;
  const { content, history } = slot;
  if (content.requests.some(({ client }) => isCommand(client))) return false;
  executeBatch(s.execution, content.batch, executable(s, content), history);
  return true;
}
