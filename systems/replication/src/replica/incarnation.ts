/**
 * Amnesia (DESIGN section 9, rule 2). A member whose journal is not provably whole may have forgotten promises, so it
 * sends nothing that counts: it learns, asks in the ordered log for a new incarnation, and votes again only when a
 * stable checkpoint lies a full window above that command. By then no slot is open for which the lost incarnation can
 * have promised anything. What older incarnations signed counts for nothing above the command.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { COMMAND_CLIENT, signRequest } from '../request.ts';
import { append } from './journal.ts';
import type { Message } from './messages.ts';
import { others, type ReplicaState } from './state.ts';

export interface Incarnation {
  /** The incarnation this replica signs as. */
  number: number;
  /** False while it must learn first. */
  mayVote: boolean;
  /** Losses of its journal so far; one more, and it must begin again. */
  readonly losses: number;
  /** The number it has asked for; 0 if it has not asked yet. */
  asked: number;
  askedAt: number;
}

export const firstIncarnation = (): Incarnation => ({
  number: 0,
  mayVote: true,
  losses: 0,
  asked: 0,
  askedAt: Number.NEGATIVE_INFINITY,
});

export const amnesia = (losses: number): Incarnation => ({ ...firstIncarnation(), mayVote: false, losses });

/** True if this member's votes count now: its incarnation, if it had to begin a new one, is old enough. */
export function isCounted(s: ReplicaState, member: NodeId): boolean {
  const record = s.execution.core.incarnations.get(member);
  return record === undefined || s.stable.slot >= record.since + s.config.window;
}

/** True if a statement that `member` signed as `incarnation` counts for slots above `slot`. */
export function isCurrent(s: ReplicaState, member: NodeId, incarnation: number, slot: number): boolean {
  const record = s.execution.core.incarnations.get(member);
  return record === undefined || incarnation >= record.number || slot <= record.since;
}

/** True if a member is waiting for the log to move on; the primary then fills it with empty batches. */
export function isSomeoneWaiting(s: ReplicaState): boolean {
  for (const [, record] of s.execution.core.incarnations.entries()) {
    if (s.stable.slot < record.since + s.config.window) return true;
  }
  return false;
}

/** Asks for an incarnation, or begins to vote once it is old enough. Called on every tick. */
export function recoverFromAmnesia(s: ReplicaState, env: Env<Message>): void {
  const { incarnation } = s;
  if (!s.isSeated || incarnation.mayVote) return;
  const record = s.execution.core.incarnations.get(s.config.self);
  if (incarnation.asked > 0 && record !== undefined && record.number >= incarnation.asked) {
    if (record.number === incarnation.asked && isCounted(s, s.config.self)) beginVoting(s, env);
    else if (record.number > incarnation.asked) incarnation.asked = 0;
    return;
  }
  if (env.now - incarnation.askedAt < s.config.viewTimeoutMs) return;
  // Before the state is known the number to ask for is not: a number that is taken would be ignored.
  if (s.execution.executed === 0 || s.transfer !== null) return;
  incarnation.asked = (record?.number ?? 0) + 1;
  incarnation.askedAt = env.now;
  const { request } = signRequest(s.keys, s.config.cluster, {
    domain: s.config.self,
    client: COMMAND_CLIENT,
    seq: incarnation.asked,
    acked: 0,
    body: new Uint8Array(0),
  });
  for (const peer of others(s)) env.send(peer, { type: 'request', request });
}

function beginVoting(s: ReplicaState, env: Env<Message>): void {
  s.incarnation.number = s.incarnation.asked;
  s.incarnation.mayVote = true;
  // It may lead its view no more than after any other restart.
  s.mayPropose = false;
  const { number, losses } = s.incarnation;
  append(s, env, { type: 'incarnation', number, mayVote: true, losses });
  env.note({ kind: 'incarnation', number });
}
