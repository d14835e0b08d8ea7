/**
 * Reads without order (PBFT, TOCS 2002, section 5.1.3): believed when n - u replicas answer the same. When they do not, for
 * they may stand at different slots, the query has to be ordered like an operation.
 */

import type { Digest, Env, Millis, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { Answer } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import { broadcast, type ClientState } from './client.ts';
import { askForChain, epochAt } from './configuration.ts';

export interface PendingRead {
  readonly query: Uint8Array;
  sentAt: Millis;
  tries: number;
  readonly results: Map<NodeId, Digest>;
  answer: Uint8Array | null;
}

/** After so many tries a query is ordered: under writes, replicas answer from different states. */
const MAX_TRIES = 3;

/** Asks a query and returns its number. */
export function read(s: ClientState, env: Env<Message>, query: Uint8Array): number {
  const id = s.nextRead++;
  s.reads.set(id, { query, sentAt: env.now, tries: 1, results: new Map(), answer: null });
  broadcast(s, env, { type: 'read', epoch: epochAt(s), id, isWhole: false, query });
  return id;
}

export function onAnswer(s: ClientState, from: NodeId, m: Answer): void {
  const pending = s.reads.get(m.id);
  if (pending === undefined) return;
  if (m.answer !== null) {
    if (!equalBytes(s.options.keys.hash(m.answer), m.result)) return;
    pending.answer = m.answer;
  }
  pending.results.set(from, m.result);
  const { quorums, members } = s;
  const { keys } = s.options;
  const most = Math.max(...[...pending.results.values()].map((result) => countOf(pending, result)));
  // Who is missing cannot make them agree any more: nothing is gained by waiting.
  if (most + members.length - pending.results.size < quorums.agreement) return answered(s, m.id, null);
  const { answer } = pending;
  const isWhole = answer !== null && equalBytes(keys.hash(answer), m.result);
  if (countOf(pending, m.result) >= quorums.agreement && isWhole) answered(s, m.id, answer);
}

const countOf = ({ results }: PendingRead, result: Digest): number =>
  [...results.values()].filter((other) => equalBytes(other, result)).length;

function answered(s: ClientState, id: number, answer: Uint8Array | null): void {
  s.reads.delete(id);
  s.answers.set(id, answer);
}

/** Another epoch has begun, and answers of two must not be added up: what is asked now has to be ordered. */
export function giveUpReads(s: ClientState): void {
  for (const id of [...s.reads.keys()]) answered(s, id, null);
}

/**
 * Asks again, everyone for the whole answer; gives up after a few tries. Answers to earlier tries still count: their states
 * hold all that was complete when the first was made. Called on every tick.
 */
export function retryReads(s: ClientState, env: Env<Message>): void {
  for (const [id, pending] of s.reads) {
    if (env.now - pending.sentAt < s.options.retransmitMs) continue;
    if (pending.tries >= MAX_TRIES) {
      answered(s, id, null);
      continue;
    }
    pending.tries += 1;
    pending.sentAt = env.now;
    broadcast(s, env, { type: 'read', epoch: epochAt(s), id, isWhole: true, query: pending.query });
    // Members that are in another epoch do not answer.
    askForChain(s, env);
  }
}
