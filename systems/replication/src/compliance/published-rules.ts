/**
 * The rules for Zyzzyva's view change as they were published or understood, which are unsafe: they exist to show that the
 * scripts and the exploration notice. Never for use.
 */

import type { Digest } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type SpeculativeClaim, selectSlot, type Vote } from '../order/speculative/select-slot.ts';
import type { SpeculativeRule } from './speculative-exploration.ts';

const highest = (votes: readonly (Vote | null)[]): Vote | null =>
  votes.reduce(
    (best, vote) => (vote !== null && (best === null || vote.view > best.view) ? vote : best),
    null,
  );

function supported(claims: readonly SpeculativeClaim[], count: number): Digest | null {
  const votes = claims.flatMap(({ latest }) => (latest === null ? [] : [latest.digest]));
  return votes.find((digest) => votes.filter((other) => equalBytes(other, digest)).length >= count) ?? null;
}

/** SOSP'07 section 3.3: the most recent commit certificate, then what f + 1 members have accepted. */
export const certificatesFirst: SpeculativeRule = (quorums, claims) =>
  highest(claims.map(({ certificate }) => certificate))?.digest ?? supported(claims, quorums.noticed);

/** The other way round. */
export const votesFirst: SpeculativeRule = (quorums, claims) =>
  supported(claims, quorums.noticed) ?? highest(claims.map(({ certificate }) => certificate))?.digest ?? null;

/** Rules for one slot, by name: the protocol's own, and those above. */
export const SLOT_RULES = {
  protocol: (quorums, claims) => selectSlot(quorums, claims, () => true).digest,
  'certificates-first': certificatesFirst,
  'votes-first': votesFirst,
} satisfies Record<string, SpeculativeRule>;

export type SlotRuleName = keyof typeof SLOT_RULES;
