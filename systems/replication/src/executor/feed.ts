/**
 * How order replicas feed their log to learners and executors (UpRight's NextBatch and Retransmit, SOSP'09 section 4): each is
 * told what is new and how far it is agreed on, from wherever it says that it stands. What is told is durable, and not more
 * than this replica has voted for, so that a learner may count it like a vote.
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import type { Digest, Env, Millis, NodeId } from '@concordat/kernel';
import { ordersReferences } from '../config.ts';
import { linksAfter } from '../governance/chain.ts';
import { CREDIT_BYTES, serveContent } from '../replica/catch-up.ts';
import type { Message } from '../replica/messages.ts';
import { settledEnd } from '../replica/speculation.ts';
import { findSlot, historyAt, type ReplicaState } from '../replica/state.ts';
import { MAX_NAMED } from './codec.ts';
import type { LastExecuted, NextBatch } from './messages.ts';
import { type Kept, startOf } from './retention.ts';

/** A node that is fed, and what it was told last. */
export interface Fed {
  /** What it says, or was shown: members of a later epoch it does not listen to before it knows them. */
  epoch: number;
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

/** A node that has not been heard of for so long is not fed. */
const SILENCE_MS = 5000;

const isFed = ({ config }: ReplicaState, id: NodeId): boolean =>
  config.executors.includes(id) || config.learners.includes(id) || config.associates.includes(id);

/** A learner tells where it stands, and is fed from there on. */
export function onLastExecuted(s: ReplicaState, env: Env<Message>, from: NodeId, m: LastExecuted): void {
  if (!isFed(s, from)) return;
  let fed = s.feed.fed.get(from);
  if (fed === undefined) {
    fed = createFed();
    s.feed.fed.set(from, fed);
  }
  fed.heardAt = env.now;
  fed.epoch = m.epoch;
  fed.isSupplied = m.isSupplier;
  fed.isDue = true;
  fed.end = Math.max(m.known, m.executed);
  const start = startOf(s);
  // References lead on only as long as their bodies are to be had.
  const isLate =
    m.executed < start.slot && (ordersReferences(s.config) || batchAt(s, m.executed + 1) === null);
  if (isLate) env.send(from, { type: 'stable', certificate: start.certificate });
}

const createFed = (): Fed => ({
  epoch: 0,
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
  if (fed.epoch < s.config.epoch) {
    const links = linksAfter(s, fed.epoch);
    if (links.length > 0) env.send(id, { type: 'chain', links });
    fed.epoch = s.config.epoch;
  }
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
  while (tellNext(s, env, id, fed));
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
  if (!isNews || fed.credit <= 0) return false;
  const message = nextBatch(s, fed.end, last, marks);
  if (message === null) return false;
  const end = message.after + message.digests.length;
  env.send(id, message);
  fed.credit -= message.digests.length * DIGEST_BYTES;
  if (fed.isSupplied) supply(s, env, id, fed, Math.max(message.after, fed.supplied), end);
  Object.assign(fed, marks, { view: s.view, end, isDue: false });
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
