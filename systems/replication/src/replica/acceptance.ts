/**
 * Accepting a log in slot order (Zyzzyva, SOSP 2007 section 3.2, whose histories it follows): each slot continues the one
 * before, so that a vote for a slot is one for everything up to it. What is accepted is appended to the journal in the
 * same turn, and voted for once that is durable.
 */

import { assert, type Digest, type Env } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type Batch, batchDigest, NULL_BATCH, nextHistory } from '../batch.ts';
import { executedOf } from '../execution/core-state.ts';
import { isDeliverable } from '../executor/retention.ts';
import { isChange } from '../governance/announcement.ts';
import { logLimit } from '../governance/boundary.ts';
import { noteProposed } from '../pool.ts';
import type { Request } from '../request.ts';
import { noteBatch } from '../robust/regular-views.ts';
import { append } from './journal.ts';
import type { Message, PrePrepare, Vouch } from './messages.ts';
import { MAX_ACCEPTED } from './signed-codec.ts';
import { type Content, findContent, type Slot } from './slot.ts';
import { retractOther } from './speculation.ts';
import { historyAt, isInWindow, type ReplicaState, slotAt } from './state.ts';
import { suspect } from './view-change.ts';
import { countVotes, vouchedEnd } from './votes.ts';

/** The last slot whose batch the current view's NEW-VIEW decides. */
export const selectionEnd = (s: ReplicaState): number =>
  s.selection === null ? 0 : s.selection.base.slot + s.selection.digests.length;

/** Accepts, in order, what is proposed or selected and complete. */
export function acceptReady(s: ReplicaState, env: Env<Message>): void {
  let end: number | null = null;
  const isVouched = (slot: Slot): boolean => {
    end ??= vouchedEnd(s);
    return slot.slot <= end;
  };
  while (isInWindow(s, s.accepted + 1) && s.accepted < logLimit(s)) {
    const slot = slotAt(s, s.accepted + 1);
    const isSelected = slot.slot <= selectionEnd(s);
    if (!isSelected && !isDeliverable(s, slot.slot)) return;
    const content = isSelected ? selected(s, slot) : proposed(s, env, slot, isVouched);
    if (content === null) return;
    accept(s, env, slot, content);
  }
}

/** The content that the NEW-VIEW selected for this slot, once it is here. */
function selected(s: ReplicaState, slot: Slot): Content | null {
  const digest = selectedDigest(s, slot.slot);
  return findContent(slot, (known) => equalBytes(known, digest));
}

export function selectedDigest(s: ReplicaState, slot: number): Digest {
  assert(s.selection !== null, 'a selection decides this slot');
  const digest = s.selection.digests[slot - s.selection.base.slot - 1];
  assert(digest !== undefined, 'the selection reaches this slot');
  return digest ?? nullDigest(s);
}

const nullDigest = (s: ReplicaState): Digest => batchDigest(s.keys.hash, NULL_BATCH);

export const nullContent = (s: ReplicaState): Content => ({
  digest: nullDigest(s),
  batch: NULL_BATCH,
  requests: [],
});

/** The content of the primary's proposal, once all requests are admitted and the proposal is acceptable. */
function proposed(
  s: ReplicaState,
  env: Env<Message>,
  slot: Slot,
  isVouched: (slot: Slot) => boolean,
): Content | null {
  const { proposal } = slot;
  if (proposal === null || proposal.view !== s.view) return null;
  const digest = batchDigest(s.keys.hash, proposal.batch);
  const history = nextHistory(s.keys.hash, historyAt(s, slot.slot - 1), digest);
  if (!equalBytes(history, proposal.history)) {
    suspect(s, env, 'a proposal does not continue the log');
    return null;
  }
  if (!isTimely(s, env, slot, proposal) && !isVouched(slot)) {
    if (s.untimely !== slot.slot)
      env.note({ kind: 'untimely-proposal', slot: slot.slot, time: proposal.batch.time });
    s.untimely = slot.slot;
    return null;
  }
  const known = findContent(slot, (other) => equalBytes(other, digest));
  return known ?? gather(s, digest, proposal.batch);
}

/**
 * Judged at the first vote only: re-proposals and catch-up bring old times. Who comes late to a proposal goes by the
 * judgement of a vouching quorum, one of which is correct.
 */
const isTimely = (s: ReplicaState, env: Env<Message>, slot: Slot, { batch }: PrePrepare): boolean =>
  Math.abs(batch.time - env.now) <= s.config.timeToleranceMs || slot.accepted.length > 0;

function gather(s: ReplicaState, digest: Digest, batch: Batch): Content | null {
  const requests: Request[] = [];
  for (const ref of batch.refs) {
    const request = s.admission.find(s, ref);
    if (request === null) return null;
    if (request.body !== null) requests.push(request);
  }
  return { digest, batch, requests };
}

export function accept(s: ReplicaState, env: Env<Message>, slot: Slot, content: Content): void {
  assert(slot.slot === s.accepted + 1, 'slots are accepted in order');
  const isStored = slot.stored.some((stored) => equalBytes(stored.digest, content.digest));
  if (slot.slot <= s.committed && slot.content !== null) {
    assert(equalBytes(slot.content.digest, content.digest), 'a committed slot never changes');
  }
  const proposal = slot.slot <= selectionEnd(s) ? null : slot.proposal;
  slot.history = nextHistory(s.keys.hash, historyAt(s, slot.slot - 1), content.digest);
  retractOther(s, env, slot.slot, slot.history);
  slot.content = content;
  slot.hasCommand = content.requests.some(isChange);
  slot.acceptedView = s.view;
  slot.acceptedAt = env.now;
  slot.accepted = withVouch(slot.accepted, { view: s.view, digest: content.digest });
  if (!slot.contents.some((known) => equalBytes(known.digest, content.digest))) slot.contents.push(content);
  const position = append(s, env, {
    type: 'accept',
    view: s.view,
    slot: slot.slot,
    digest: content.digest,
    content: isStored ? null : content,
    proposal,
  });
  slot.position = Math.min(slot.position, position);
  if (!isStored) slot.stored.push(content);
  s.accepted = slot.slot;
  noteBatch(s, content.batch.refs);
  for (const ref of content.batch.refs) noteProposed(s.pool, ref, executedOf(s.execution.core, ref));
  for (const member of s.config.members) countVotes(s, env, member, slot);
}

/**
 * Q with this digest's view raised; the lowest views go when there are too many. Of two batches accepted in one view
 * the first was on a log that a stable checkpoint has refuted: it cannot have prepared anywhere.
 */
export function withVouch(accepted: readonly Vouch[], vouch: Vouch): Vouch[] {
  const rest = accepted.filter(({ view, digest }) => view < vouch.view && !equalBytes(digest, vouch.digest));
  return [vouch, ...rest].slice(0, MAX_ACCEPTED);
}
