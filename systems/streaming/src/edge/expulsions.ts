/** Who was thrown out of a stream or is off its list, and why, in words: for pages, progress lines and metrics, of viewers and publishers alike. */

import type { Eviction as ListedEviction } from '@concordat/accountability';
import { toHex } from '@concordat/wire';
import { offenceOf } from '../evidence/judging.ts';
import type { Removal as ListedRemoval, RemovalReason } from '../tracker/state.ts';
import type { Eviction, Removal } from './player/status.ts';

/** As much of a digest as people compare. */
const DIGEST_PREFIX_BYTES = 8;

export const digestPrefix = (digest: Uint8Array): string => toHex(digest.subarray(0, DIGEST_PREFIX_BYTES));

export const shownEvictions = (entries: readonly ListedEviction[]): Eviction[] =>
  entries.map(({ member, rule, proof, round }) => ({
    peer: `peer ${member}`,
    rule,
    reason: offenceOf(rule),
    evidence: digestPrefix(proof),
    round,
  }));

const REASONS: Record<RemovalReason, string> = {
  convicted: 'the tracker has evidence against it',
  silent: 'its link broke, or three of its pings did not come',
  left: 'it said goodbye',
  replaced: 'whoever it was came back as another member',
};

/** Those that were not evicted: of the others, the list of evictions says more. */
export function shownRemovals(
  removals: readonly ListedRemoval[],
  entries: readonly ListedEviction[],
): Removal[] {
  const evicted = new Set(entries.map(({ member }) => member));
  return removals
    .filter(({ id, why }) => why !== 'convicted' || !evicted.has(id))
    .map(({ id, why, round }) => ({ peer: `peer ${id}`, why, reason: REASONS[why], round }));
}
