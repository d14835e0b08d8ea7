/**
 * What an order replica keeps of its log for those who execute it (UpRight, SOSP'09 section 4). Where others execute, a batch
 * goes only once a small execution quorum has signed one state above it, and order does not run ahead of them by more than
 * an execution window.
 * Invariant kept: what is dropped is in a state that a correct executor holds and that its certificate proves.
 */

import { assert, type Digest, type Env, type Millis, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { append } from '../replica/journal.ts';
import type { Certificate, Checkpoint, Message } from '../replica/messages.ts';
import type { Content } from '../replica/slot.ts';
import type { ReplicaState, Stable } from '../replica/state.ts';
import { checkpointCheck } from '../replica/statements.ts';
import { verifyThen } from '../replica/verification.ts';
import { forgive } from '../robust/throughput.ts';
import type { Fed } from './feed.ts';
import { addToken, createTokens, forgetTokens, type Tokens } from './tokens.ts';

/** A committed batch that learners may still ask for. */
export interface Kept {
  /** Histories before and after it. */
  readonly before: Digest;
  readonly history: Digest;
  readonly content: Content;
  /** First journal record about it. */
  readonly position: number;
}

export interface Feed {
  readonly fed: Map<NodeId, Fed>;
  readonly kept: Map<number, Kept>;
  /** Where the own committed log goes on. */
  head: { slot: number; history: Digest };
  /** What executors have signed. */
  readonly tokens: Tokens;
  /** A state that a small execution quorum has signed: the log up to it need not be kept. */
  delivered: Stable;
  /** When executors were last too far behind for more to be ordered. */
  heldAt: Millis;
  lookedAt: Millis;
}

/** Executors may be behind by so many windows of the log (UpRight: three times the checkpoints retained). */
export const EXECUTION_WINDOWS = 3;

export const createFeed = (genesis: Stable, now: Millis): Feed => ({
  fed: new Map(),
  kept: new Map(),
  head: { slot: 0, history: genesis.history },
  tokens: createTokens(),
  delivered: genesis,
  heldAt: Number.NEGATIVE_INFINITY,
  lookedAt: now,
});

/** True if executors are not too far behind for this slot to be ordered. */
export const isDeliverable = ({ config, feed }: ReplicaState, slot: number): boolean =>
  config.executes || slot <= feed.delivered.slot + EXECUTION_WINDOWS * config.window;

/** While executors are too far behind, nobody can order more: that time is not the primary's. Called on every tick. */
export function forgiveExecutors(s: ReplicaState, now: Millis): void {
  const { feed } = s;
  if (!isDeliverable(s, s.accepted + 1)) {
    forgive(s.robust.throughput, now - feed.lookedAt);
    s.progressAt = now;
    feed.heldAt = now;
  }
  feed.lookedAt = now;
}

/** Whoever is a window behind fetches the state. UpRight, too, retains two checkpoints' worth of log. */
const dropEnd = (s: ReplicaState): number => startOf(s).slot - s.config.window;

/** The state with which a learner begins that comes too late for the log. */
export const startOf = ({ config, feed, stable }: ReplicaState): Stable =>
  config.executes ? stable : feed.delivered;

/** A batch that is executed: of its slot only this is still known for sure once it is final. */
export interface ExecutedBatch {
  readonly slot: number;
  /** Of the log up to it. */
  readonly history: Digest;
  readonly content: Content;
  /** Of its journal record. */
  readonly position: number;
}

/** Keeps a batch that is executed and committed. */
export function keep(s: ReplicaState, { slot, history, content, position }: ExecutedBatch): void {
  const { feed } = s;
  assert(slot === feed.head.slot + 1, 'the committed log has no gaps');
  keepBatch(s, slot, feed.head.history, history, content, position);
}

export function keepBatch(
  s: ReplicaState,
  number: number,
  before: Digest,
  history: Digest,
  content: Content,
  position: number,
): void {
  s.feed.head = { slot: number, history };
  if (number > dropEnd(s)) s.feed.kept.set(number, { before, history, content, position });
}

/** After the state jumped: the own log goes on from there. What was kept before stays, for whoever still needs it. */
export function resumeFeed({ feed, execution }: ReplicaState): void {
  feed.head = { slot: execution.executed, history: execution.history };
}

/** Drops what nobody needs any more. Called when a checkpoint becomes stable, here or at the executors. */
export function dropKept(s: ReplicaState): void {
  const end = dropEnd(s);
  for (const number of s.feed.kept.keys()) if (number <= end) s.feed.kept.delete(number);
}

/**
 * The first journal record that must stay for a kept batch, or Infinity: where replicas execute, their states are there for
 * whoever the log no longer leads to.
 */
export function firstKeptPosition({ feed, config }: ReplicaState): number {
  let first = Number.POSITIVE_INFINITY;
  if (config.executes) return first;
  for (const { position } of feed.kept.values()) first = Math.min(first, position);
  return first;
}

/** The kept content of a slot with this digest, or null. */
export function keptContent({ feed }: ReplicaState, slot: number, digest: Digest): Content | null {
  const content = feed.kept.get(slot)?.content ?? null;
  return content !== null && equalBytes(content.digest, digest) ? content : null;
}

/** A small execution quorum has signed a state: the log up to it may go. */
export function becomeDelivered(s: ReplicaState, env: Env<Message>, certificate: Certificate): void {
  const [first] = certificate;
  if (first === undefined || first.slot <= s.feed.delivered.slot) return;
  append(s, env, { type: 'delivered', certificate });
  env.note({ kind: 'delivered', slot: first.slot });
  s.feed.delivered = { slot: first.slot, history: first.history, state: first.state, certificate };
  forgetTokens(s.feed.tokens, first.slot);
  dropKept(s);
}

/** Has the signature of an executor's token checked, one at a time for each: it comes again if it is passed over. */
export function checkToken(s: ReplicaState, env: Env<Message>, from: NodeId, m: Checkpoint): void {
  const { config, feed } = s;
  if (m.sender !== from || !isTokenWanted(s, m) || feed.tokens.checking.has(from)) return;
  const ticket = s.nextTicket;
  const isBegun = verifyThen(s, env, from, [checkpointCheck(config.cluster, m)], m);
  if (isBegun) feed.tokens.checking.set(from, ticket);
}

/** The check behind this ticket is over. */
export function endTokenCheck({ feed }: ReplicaState, ticket: number): void {
  const { checking } = feed.tokens;
  for (const [executor, known] of checking) if (known === ticket) checking.delete(executor);
}

/**
 * Executors sign in no epoch (`executor.ts`), and are never further ahead than order lets them be, nor further behind: whoever
 * comes back after many windows takes what they sign now, wherever it stood with them before.
 */
function isTokenWanted({ config, feed, stable }: ReplicaState, m: Checkpoint): boolean {
  const behind = stable.slot - EXECUTION_WINDOWS * config.window;
  const ahead = Math.max(feed.delivered.slot, stable.slot) + (EXECUTION_WINDOWS + 1) * config.window;
  return (
    m.epoch === 0 &&
    m.slot > feed.delivered.slot &&
    m.slot >= behind &&
    m.slot <= ahead &&
    m.slot % config.checkpointInterval === 0
  );
}

/** A token whose signature holds. */
export function onToken(s: ReplicaState, env: Env<Message>, m: Checkpoint): void {
  if (!isTokenWanted(s, m)) return;
  const certificate = addToken(s.feed.tokens, env, s.config.quorums, m);
  if (certificate !== null) becomeDelivered(s, env, certificate);
}
