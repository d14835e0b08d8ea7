/**
 * Reads that need no order (PBFT, TOCS 2002, section 5.1.3): each replica answers from its state, a client believes n - u
 * equal answers and has everything else ordered. Some correct member among them has executed whatever completed before the
 * question, because it has answered or acknowledged it. An answer from a state that is not final yet waits until it is
 * (DESIGN section 9, rule 1), and is made again if that state was taken back.
 *
 * Only members answer, and only who counts by their epoch, and not once they have executed its last slot: n - u of them
 * have before the next epoch begins, so nobody is told by too few, or by those who were replaced, what is past.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type Answer, isDesignated, type Read } from './client-messages.ts';
import type { Message } from './messages.ts';
import { findSlot, type ReplicaState } from './state.ts';

export interface HeldRead {
  /** Who asked; null for this member's own process. */
  readonly from: NodeId | null;
  readonly read: Read;
  /** What the state answered after `slot`, with the log `history`. */
  result: Uint8Array;
  slot: number;
  history: Uint8Array;
}

/** More have their answers lost; whoever asked has them ordered. */
const MAX_HELD = 4096;

export function onRead(s: ReplicaState, env: Env<Message>, from: NodeId, read: Read): void {
  if (s.transfer !== null || s.reads.length >= MAX_HELD || !isOwnEpoch(s, read.epoch)) return;
  take(s, env, { from, read, ...answerNow(s, read) });
}

function isOwnEpoch({ config, execution, isSeated }: ReplicaState, epoch: number): boolean {
  const executed = execution.core.governance.epoch.get();
  return isSeated && epoch === config.epoch && epoch === executed;
}

/** Asks for the own process, which believes this replica alone; `takeAnswers` has the answer under this number. */
export function ask(s: ReplicaState, env: Env<Message>, query: Uint8Array): number {
  const id = s.nextTicket++;
  const read: Read = { type: 'read', epoch: s.config.epoch, id, isWhole: true, query };
  take(s, env, { from: null, read, ...answerNow(s, read) });
  return id;
}

/** Takes the answers to the own process's questions. */
export function takeAnswers(s: ReplicaState): ReadonlyMap<number, Uint8Array> {
  const { answers } = s;
  if (answers.size > 0) s.answers = new Map();
  return answers;
}

/** Answers if the state is final, and keeps the read until then otherwise. */
function take(s: ReplicaState, env: Env<Message>, held: HeldRead): void {
  if (held.slot > s.committed) s.reads.push(held);
  else if (held.from === null) s.answers.set(held.read.id, held.result);
  else env.send(held.from, answerOf(s, held));
}

const answerNow = ({ execution }: ReplicaState, { query }: Read) => ({
  result: execution.service.query(query),
  slot: execution.executed,
  history: execution.history,
});

/** Sends the answers whose state became final. Called once per turn. */
export function releaseReads(s: ReplicaState, env: Env<Message>): void {
  if (s.reads.length === 0) return;
  const waiting = s.reads;
  s.reads = [];
  for (const held of waiting) {
    if (held.from !== null && !isOwnEpoch(s, held.read.epoch)) continue;
    if (held.slot > s.execution.executed || isTakenBack(s, held))
      Object.assign(held, answerNow(s, held.read));
    take(s, env, held);
  }
}

/** True if the state that answered had executed another log than this replica has by now. */
const isTakenBack = (s: ReplicaState, { slot, history }: HeldRead): boolean => {
  const now = findSlot(s, slot)?.history ?? null;
  return now !== null && !equalBytes(now, history);
};

function answerOf(s: ReplicaState, { read, result }: HeldRead): Answer {
  const { self, members } = s.config;
  const isSent = read.isWhole || isDesignated(self, members, read.id, result.length);
  return { type: 'answer', id: read.id, result: s.keys.hash(result), answer: isSent ? result : null };
}
