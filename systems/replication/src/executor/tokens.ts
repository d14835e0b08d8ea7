/**
 * Checkpoint tokens (UpRight, SOSP'09 section 4): CHECKPOINTs that executors sign. Equal ones of a small execution quorum make
 * a certificate; more unequal ones than there can be liars tell that the application is not deterministic.
 */

import type { Env, NodeId } from '@concordat/kernel';
import type { Quorums } from '../fault-model.ts';
import { says } from '../replica/checkpoint.ts';
import type { Certificate, Checkpoint, Message } from '../replica/messages.ts';

export interface Tokens {
  /** By slot, then by executor. */
  readonly bySlot: Map<number, Map<NodeId, Checkpoint>>;
  /** The check that is under way of each executor's token, by ticket. */
  readonly checking: Map<NodeId, number>;
  /** The last slot that was found to be executed differently. */
  differing: number;
}

export const createTokens = (): Tokens => ({ bySlot: new Map(), checking: new Map(), differing: 0 });

/** Adds a token whose signature holds; the certificate, if there is one now. */
export function addToken(
  tokens: Tokens,
  env: Env<Message>,
  quorums: Quorums,
  token: Checkpoint,
): Certificate | null {
  let row = tokens.bySlot.get(token.slot);
  if (row === undefined) {
    row = new Map();
    tokens.bySlot.set(token.slot, row);
  }
  row.set(token.sender, token);
  const equal = largestClass([...row.values()]);
  if (equal.length >= quorums.execution) return equal.sort((a, b) => a.sender - b.sender);
  noteDifference(tokens, env, quorums, token.slot, row.size - equal.length);
  return null;
}

function largestClass(row: readonly Checkpoint[]): Checkpoint[] {
  let largest: Checkpoint[] = [];
  for (const token of row) {
    const equal = row.filter((other) => says(other, token));
    if (equal.length > largest.length) largest = equal;
  }
  return largest;
}

/** Not more than r lie: beyond that, honest executors differ. */
function noteDifference(
  tokens: Tokens,
  env: Env<Message>,
  quorums: Quorums,
  slot: number,
  others: number,
): void {
  if (others <= quorums.r || tokens.differing >= slot) return;
  tokens.differing = slot;
  env.note({
    kind: 'non-deterministic',
    slot,
    why: 'correct executors have executed the same log differently',
  });
}

export function forgetTokens(tokens: Tokens, slot: number): void {
  for (const at of tokens.bySlot.keys()) if (at <= slot) tokens.bySlot.delete(at);
}
