/**
 * What one order replica says of its log: a chain of batches from a slot on, and how far it has accepted, made sure of and
 * committed it. The sender is believed in nothing but that it says so (DESIGN section 9, rule 1).
 * Invariant kept: each claim's history follows from the one before, so that equal histories mean equal logs.
 */

import type { Hash } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { historiesAfter } from '../batch.ts';
import type { NextBatch } from './messages.ts';

/** One batch of a log, and the log's digest with it. */
export interface Claim {
  readonly digest: Digest;
  readonly history: Digest;
}

/** A point in a log. */
export interface Point {
  readonly slot: number;
  readonly history: Digest;
}

export interface Source {
  /** Who says so. */
  readonly id: NodeId;
  /** What the claims follow on. */
  start: Point;
  /** Of the slots after `start`. */
  claims: Claim[];
  view: number;
  accepted: number;
  tentative: number;
  committed: number;
  /** It has shown a proof of a state at this slot. */
  certified: number;
}

export type Stage = 'accepted' | 'tentative' | 'committed';

export const createSource = (id: NodeId, start: Point): Source => ({
  id,
  start,
  claims: [],
  view: 0,
  accepted: 0,
  tentative: 0,
  committed: 0,
  certified: 0,
});

export const endOf = ({ start, claims }: Source): number => start.slot + claims.length;

export const claimAt = ({ start, claims }: Source, slot: number): Claim | null =>
  claims[slot - start.slot - 1] ?? null;

export const historyOf = (source: Source, slot: number): Digest | null =>
  slot === source.start.slot ? source.start.history : (claimAt(source, slot)?.history ?? null);

const isOn = (source: Source, { slot, history }: Point): boolean => {
  const own = historyOf(source, slot);
  return own !== null && equalBytes(own, history);
};

/** How far it has come on the log that it has named. */
export const markOf = (source: Source, stage: Stage): number => Math.min(source[stage], endOf(source));

/**
 * Takes what its sender says now in place of what it said before. At most up to slot `last`: the rest it will say again.
 * False if it contradicts what is proven.
 */
export function takeNextBatch(
  hash: Hash,
  source: Source,
  m: NextBatch,
  proven: Point,
  last: number,
): boolean {
  const histories = historiesAfter(hash, m.before, m.digests);
  const claims = m.digests.map((digest, i) => ({ digest, history: histories[i] as Digest }));
  const { view, accepted, tentative, committed } = m;
  Object.assign(source, { view, accepted, tentative, committed });
  if (
    m.after >= proven.slot &&
    m.after <= endOf(source) &&
    isOn(source, { slot: m.after, history: m.before })
  ) {
    source.claims.length = m.after - source.start.slot;
    source.claims.push(...claims);
  } else {
    source.start = { slot: m.after, history: m.before };
    source.claims = claims;
  }
  source.claims.length = Math.max(0, Math.min(source.claims.length, last - source.start.slot));
  return goOnFrom(source, proven);
}

/** Forgets what is proven anyhow; false if it was something else. */
export function goOnFrom(source: Source, proven: Point): boolean {
  if (source.start.slot > proven.slot) return true;
  const isBehind = endOf(source) < proven.slot;
  const isSame = !isBehind && isOn(source, proven);
  source.claims = isSame ? source.claims.slice(proven.slot - source.start.slot) : [];
  source.start = proven;
  return isSame || isBehind;
}

/** The furthest point that `count` sources have reached at this stage, of one log, and in one view if that matters. */
export function agreedEnd(
  sources: readonly Source[],
  stage: Stage,
  count: number,
  isOneView: boolean,
): Point | null {
  let best: Point | null = null;
  for (const candidate of sources) {
    const slot = markOf(candidate, stage);
    const history = historyOf(candidate, slot);
    if (history === null || slot <= (best?.slot ?? 0)) continue;
    const agrees = (other: Source): boolean =>
      markOf(other, stage) >= slot &&
      (!isOneView || other.view === candidate.view) &&
      isOn(other, { slot, history });
    if (sources.filter(agrees).length >= count) best = { slot, history };
  }
  return best;
}

/** The claims of a source that lead from `from` to `to`, or null if none leads there. */
export function claimsBetween(sources: readonly Source[], from: Point, to: Point): readonly Claim[] | null {
  const leading = sources.find(
    (source) => source.start.slot === from.slot && isOn(source, from) && isOn(source, to),
  );
  return leading?.claims.slice(0, to.slot - from.slot) ?? null;
}
