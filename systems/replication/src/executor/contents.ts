/**
 * Contents of the batches that are learned by their digests. One order replica, the supplier, sends them unasked; whoever is
 * late with one is replaced, and what is missing is fetched from another. The digest decides, whoever sent it. Where order
 * replicas know references only, bodies that a content does not carry come from filter nodes (`bodies.ts`).
 */

import type { Digest, Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type Batch, batchDigest } from '../batch.ts';
import { isSpent } from '../execution/core-state.ts';
import type { BatchContent, Message } from '../replica/messages.ts';
import { carried, carriesRightly } from '../replica/references.ts';
import type { Content } from '../replica/slot.ts';
import type { Request, RequestRef } from '../request.ts';
import { fetchBodies, takeBody } from './bodies.ts';
import { nextClaim } from './learn.ts';
import { claimAt } from './source.ts';
import { exposedEnd, feeders, type LearnerState, sourceOf } from './state.ts';

/** A batch, and the requests that it names as far as they are here. */
export interface Gathered {
  readonly digest: Digest;
  readonly batch: Batch;
  /** In the order of its references. */
  readonly found: (Request | null)[];
}

/** Slots whose contents are fetched at a time. */
const MAX_FETCHED = 16;

const gatheredAt = (l: LearnerState, slot: number, digest: Digest): Gathered | null =>
  l.contents.get(slot)?.find((gathered) => equalBytes(gathered.digest, digest)) ?? null;

/** The content of the next slot if all is here that must be executed. */
export function contentOf(l: LearnerState, slot: number, digest: Digest): Content | null {
  const gathered = gatheredAt(l, slot, digest);
  if (gathered === null || lacking(l, gathered).length > 0) return null;
  return { digest, batch: gathered.batch, requests: gathered.found.filter((request) => request !== null) };
}

/**
 * The references whose requests are not here. What will not be executed is not needed, and may be nowhere any more: a client can
 * have two requests under one number, and a liar have both ordered.
 */
function lacking(l: LearnerState, { batch, found }: Gathered): RequestRef[] {
  const refs: RequestRef[] = [];
  for (const [i, ref] of batch.refs.entries()) {
    found[i] ??= takeBody(l.bodies, ref);
    if (found[i] === null && !isSpent(l.execution.core, ref)) refs.push(ref);
  }
  return refs;
}

/** Takes a content if somebody has named it. */
export function onContent(l: LearnerState, env: Env<Message>, from: NodeId, m: BatchContent): void {
  if (m.slot <= exposedEnd(l) || sourceOf(l, from) === undefined) return;
  const digest = batchDigest(l.keys.hash, m.batch);
  if (!isNamed(l, m.slot, digest) || gatheredAt(l, m.slot, digest) !== null) return;
  const found = carried(l.keys, l.config.cluster, m);
  if (found === null || !carriesRightly(m, found, l.config.isByReference)) {
    env.note({ kind: 'strike', peer: from, why: 'false content' });
    return;
  }
  l.contents.set(m.slot, [...(l.contents.get(m.slot) ?? []), { digest, batch: m.batch, found }]);
}

/** Bounds what is kept: one content for each order replica and slot at most. */
function isNamed(l: LearnerState, slot: number, digest: Digest): boolean {
  const learned = l.learned.get(slot);
  if (learned !== undefined) return equalBytes(learned.digest, digest);
  return feeders(l).some((source) => {
    const claim = claimAt(source, slot);
    return claim !== null && equalBytes(claim.digest, digest);
  });
}

/** Fetches what is late. Called on every tick. */
export function fetchLate(l: LearnerState, env: Env<Message>): void {
  if (l.config.isByReference) fetchBodies(l, env, l.transfer === null ? missingBodies(l) : []);
  const claim = nextClaim(l);
  const isMissing = claim !== null && gatheredAt(l, l.execution.executed + 1, claim.digest) === null;
  if (!isMissing || l.transfer !== null) l.missingSince = null;
  else l.missingSince ??= env.now;
  const patienceMs = l.config.retransmitMs / 4;
  if (l.missingSince === null || env.now - l.missingSince < patienceMs) return;
  l.missingSince = env.now;
  const ids = feeders(l).map(({ id }) => id);
  l.supplier = ids[(ids.indexOf(l.supplier) + 1) % ids.length] as NodeId;
  for (const { slot, digest } of nextSlots(l))
    if (gatheredAt(l, slot, digest) === null) env.send(l.supplier, { type: 'fetch-batch', slot, digest });
}

/** The slots to be executed next, as far as it is known what they hold. */
function nextSlots(l: LearnerState): { readonly slot: number; readonly digest: Digest }[] {
  const first = l.execution.executed + 1;
  const slots = [];
  for (let slot = first; slot < first + MAX_FETCHED; slot++) {
    const digest = (slot === first ? nextClaim(l) : l.learned.get(slot))?.digest;
    if (digest !== undefined) slots.push({ slot, digest });
  }
  return slots;
}

function missingBodies(l: LearnerState): RequestRef[] {
  return nextSlots(l).flatMap(({ slot, digest }) => {
    const gathered = gatheredAt(l, slot, digest);
    return gathered === null ? [] : lacking(l, gathered);
  });
}
