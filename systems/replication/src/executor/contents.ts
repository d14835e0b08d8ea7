/**
 * Contents of the batches that are learned by their digests. One order replica, the supplier, sends them unasked; whoever is
 * late with one is replaced, and what is missing is fetched from another. The digest decides, whoever sent it.
 */

import type { Digest, Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { batchDigest } from '../batch.ts';
import { hasItsRequests } from '../replica/catch-up.ts';
import type { BatchContent, Message } from '../replica/messages.ts';
import type { Content } from '../replica/slot.ts';
import { nextClaim } from './learn.ts';
import { claimAt } from './source.ts';
import { exposedEnd, type LearnerState, sourceOf } from './state.ts';

/** Slots whose contents are fetched at a time. */
const MAX_FETCHED = 16;

export const contentOf = (l: LearnerState, slot: number, digest: Digest): Content | null =>
  l.contents.get(slot)?.find((content) => equalBytes(content.digest, digest)) ?? null;

/** Takes a content if somebody has named it. */
export function onContent(l: LearnerState, env: Env<Message>, from: NodeId, m: BatchContent): void {
  if (m.slot <= exposedEnd(l) || sourceOf(l, from) === undefined) return;
  const digest = batchDigest(l.keys.hash, m.batch);
  if (!isNamed(l, m.slot, digest) || contentOf(l, m.slot, digest) !== null) return;
  if (!hasItsRequests(l.keys, l.config.cluster, m)) {
    env.note({ kind: 'strike', peer: from, why: 'false content' });
    return;
  }
  const known = l.contents.get(m.slot) ?? [];
  l.contents.set(m.slot, [...known, { digest, batch: m.batch, requests: m.requests }]);
}

/** Bounds what is kept: one content for each order replica and slot at most. */
function isNamed(l: LearnerState, slot: number, digest: Digest): boolean {
  const learned = l.learned.get(slot);
  if (learned !== undefined) return equalBytes(learned.digest, digest);
  return l.sources.some((source) => {
    const claim = claimAt(source, slot);
    return claim !== null && equalBytes(claim.digest, digest);
  });
}

/** Fetches what is late. Called on every tick. */
export function fetchLate(l: LearnerState, env: Env<Message>): void {
  const claim = nextClaim(l);
  const isMissing = claim !== null && contentOf(l, l.execution.executed + 1, claim.digest) === null;
  if (!isMissing || l.transfer !== null) l.missingSince = null;
  else l.missingSince ??= env.now;
  const patienceMs = l.config.retransmitMs / 4;
  if (l.missingSince === null || env.now - l.missingSince < patienceMs) return;
  l.missingSince = env.now;
  const { members } = l.config;
  l.supplier = members[(members.indexOf(l.supplier) + 1) % members.length] as NodeId;
  fetchMissing(l, env);
}

function fetchMissing(l: LearnerState, env: Env<Message>): void {
  const first = l.execution.executed + 1;
  for (let slot = first; slot < first + MAX_FETCHED; slot++) {
    const digest = (slot === first ? nextClaim(l) : l.learned.get(slot))?.digest;
    if (digest !== undefined && contentOf(l, slot, digest) === null)
      env.send(l.supplier, { type: 'fetch-batch', slot, digest });
  }
}
