/**
 * The order replica's side of UpRight's split (SOSP'09 section 4): it feeds the log to learners and executors, and keeps
 * what they may still need. Where others execute, the log goes only once a small execution quorum has signed one state at
 * or above it, and order does not run ahead of them by more than an execution window.
 * Invariant kept: what is dropped is in a state that a correct executor holds and that its certificate proves.
 */

import { assert, type Digest, type Env, type Millis, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { CREDIT_BYTES, serveContent } from '../replica/catch-up.ts';
import { append } from '../replica/journal.ts';
import type { Certificate, Checkpoint, Message } from '../replica/messages.ts';
import { settledEnd } from '../replica/speculation.ts';
import { type Content, findSlot, historyAt, type ReplicaState, type Stable } from '../replica/state.ts';
import { checkpointCheck } from '../replica/statements.ts';
import { verifyThen } from '../replica/verification.ts';
import { MAX_NAMED } from './codec.ts';
import type { LastExecuted, NextBatch } from './messages.ts';
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

/** A node that is fed, and what it was told last. */
export interface Fed {
  view: number;
  end: number;
  accepted: number;
  tentative: number;
  committed: number;
  certified: number;
  /** Contents up to here were sent unasked. */
  supplied: number;
  isSupplied: boolean;
  /** It asked: it is told something even if nothing changed. */
  isDue: boolean;
  heardAt: Millis;
  /** Bytes it may still have us send it before the next tick. */
  credit: number;
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
}

/** A node that has not been heard of for so long is not fed. */
const SILENCE_MS = 5000;

/** Executors may be behind by so many windows of the log (UpRight: three times the checkpoints retained). */
export const EXECUTION_WINDOWS = 3;

export const createFeed = (genesis: Stable): Feed => ({
  fed: new Map(),
  kept: new Map(),
  head: { slot: 0, history: genesis.history },
  tokens: createTokens(),
  delivered: genesis,
  heldAt: Number.NEGATIVE_INFINITY,
});

/** True if executors are not too far behind for this slot to be ordered. */
export const isDeliverable = ({ config, feed }: ReplicaState, slot: number): boolean =>
  config.executes || slot <= feed.delivered.slot + EXECUTION_WINDOWS * config.window;

/** Whoever is a window behind fetches the state. UpRight, too, retains two checkpoints' worth of log. */
const dropEnd = (s: ReplicaState): number => startOf(s).slot - s.config.window;

/** The state with which a learner begins that comes too late for the log. */
const startOf = ({ config, feed, stable }: ReplicaState): Stable =>
  config.executes ? stable : feed.delivered;

/** Keeps a slot's batch that was committed and executed just now. */
export function keep(s: ReplicaState, number: number): void {
  const { feed } = s;
  const slot = findSlot(s, number);
  if (slot === null || slot.content === null || slot.history === null) return;
  assert(number === feed.head.slot + 1, 'the committed log has no gaps');
  keepBatch(s, number, feed.head.history, slot.history, slot.content, slot.position);
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

/** Executors are never further ahead than order lets them be. */
function isTokenWanted({ config, feed }: ReplicaState, m: Checkpoint): boolean {
  const { slot } = feed.delivered;
  return (
    m.slot > slot &&
    m.slot <= slot + (EXECUTION_WINDOWS + 1) * config.window &&
    m.slot % config.checkpointInterval === 0
  );
}

/** A token whose signature holds. */
export function onToken(s: ReplicaState, env: Env<Message>, m: Checkpoint): void {
  if (!isTokenWanted(s, m)) return;
  const certificate = addToken(s.feed.tokens, env, s.config.quorums, m);
  if (certificate !== null) becomeDelivered(s, env, certificate);
}

const isFed = ({ config }: ReplicaState, id: NodeId): boolean =>
  config.executors.includes(id) || config.learners.includes(id);

/** A learner tells where it stands, and is fed from there on. */
export function onLastExecuted(s: ReplicaState, env: Env<Message>, from: NodeId, m: LastExecuted): void {
  if (!isFed(s, from)) return;
  let fed = s.feed.fed.get(from);
  if (fed === undefined) {
    fed = createFed();
    s.feed.fed.set(from, fed);
  }
  fed.heardAt = env.now;
  fed.isSupplied = m.isSupplier;
  fed.isDue = true;
  fed.end = Math.max(m.known, m.executed);
  const start = startOf(s);
  const isLate = m.executed < start.slot && batchAt(s, m.executed + 1) === null;
  if (isLate) env.send(from, { type: 'stable', certificate: start.certificate });
}

const createFed = (): Fed => ({
  view: 0,
  end: 0,
  accepted: 0,
  tentative: 0,
  committed: 0,
  certified: 0,
  supplied: 0,
  isSupplied: false,
  isDue: true,
  heardAt: 0,
  credit: CREDIT_BYTES,
});

/** A batch of the own log, committed or only accepted. */
function batchAt(s: ReplicaState, number: number): Omit<Kept, 'position'> | null {
  const kept = s.feed.kept.get(number);
  if (kept !== undefined) return kept;
  if (number <= s.stable.slot || number > s.accepted) return null;
  const { content, history } = findSlot(s, number) ?? { content: null, history: null };
  return content === null || history === null ? null : { before: historyAt(s, number - 1), history, content };
}

/** Tells every learner what is new in the log, and how far it is agreed on. Called from `settle`. */
export function feedLearners(s: ReplicaState, env: Env<Message>): void {
  for (const [id, fed] of s.feed.fed) {
    if (env.now - fed.heardAt > SILENCE_MS) s.feed.fed.delete(id);
    else feedOne(s, env, id, fed);
  }
}

function feedOne(s: ReplicaState, env: Env<Message>, id: NodeId, fed: Fed): void {
  const start = startOf(s);
  if (start.slot > fed.certified) {
    fed.certified = start.slot;
    env.send(id, { type: 'stable', certificate: start.certificate });
  }
  // Another view's log may differ from the settled slots on, and this one end before what it was told.
  if (fed.view !== s.view || fed.end > Math.max(s.accepted, settledEnd(s))) {
    fed.end = Math.min(fed.end, settledEnd(s));
    fed.supplied = Math.min(fed.supplied, fed.end);
  }
  while (tellNext(s, env, id, fed)) fed.isDue = false;
}

/** Tells of the next batches; false if there is no news. */
function tellNext(s: ReplicaState, env: Env<Message>, id: NodeId, fed: Fed): boolean {
  const committed = settledEnd(s);
  const last = Math.max(committed, s.preparedSent, s.committedSent);
  const marks = { accepted: s.preparedSent, tentative: s.committedSent, committed };
  const isNews =
    fed.isDue ||
    fed.view !== s.view ||
    (fed.end < last && batchAt(s, fed.end + 1) !== null) ||
    fed.accepted < marks.accepted ||
    fed.tentative < marks.tentative ||
    fed.committed < marks.committed;
  if (!isNews) return false;
  const message = nextBatch(s, fed.end, last, marks);
  if (message === null) return false;
  const end = message.after + message.digests.length;
  env.send(id, message);
  if (fed.isSupplied) supply(s, env, id, fed, Math.max(message.after, fed.supplied), end);
  Object.assign(fed, marks, { view: s.view, end });
  return end < last && message.digests.length > 0;
}

/** NEXT-BATCH from `after` on; null if the log there is not at hand. */
function nextBatch(
  s: ReplicaState,
  after: number,
  last: number,
  marks: Pick<NextBatch, 'accepted' | 'tentative' | 'committed'>,
): NextBatch | null {
  const before = historyAfter(s, after);
  if (before === null) return null;
  const digests: Digest[] = [];
  for (let number = after + 1; number <= last && digests.length < MAX_NAMED; number++) {
    const batch = batchAt(s, number);
    if (batch === null) break;
    digests.push(batch.content.digest);
  }
  const end = after + digests.length;
  const upTo = (mark: number): number => Math.min(mark, end);
  return {
    type: 'next-batch',
    view: s.view,
    after,
    before,
    digests,
    accepted: upTo(marks.accepted),
    tentative: upTo(marks.tentative),
    committed: upTo(marks.committed),
  };
}

function historyAfter(s: ReplicaState, slot: number): Digest | null {
  const { head } = s.feed;
  if (slot === head.slot) return head.history;
  return batchAt(s, slot)?.history ?? batchAt(s, slot + 1)?.before ?? null;
}

/** Sends the contents of the batches just named, while the learner's share lasts: it will ask for the others. */
function supply(s: ReplicaState, env: Env<Message>, id: NodeId, fed: Fed, after: number, end: number): void {
  for (let number = after + 1; number <= end && fed.credit > 0; number++) {
    const batch = batchAt(s, number);
    if (batch === null) return;
    serveContent(s, env, id, number, batch.content);
    fed.supplied = number;
  }
}
