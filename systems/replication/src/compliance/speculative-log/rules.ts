/**
 * How members of speculative ordering keep and combine what they know of several slots: votes and certificates cover
 * prefixes, selection is per slot. `sound` is what the protocol does; the others are wrong in one point each, the first two
 * as published (SOSP'07 section 3.3), and exist so that the exploration is seen to notice. Never for use.
 */

import { selectSlot } from '../../order/speculative/select-slot.ts';
import { certificatesFirst, votesFirst } from '../published-rules.ts';
import type { SpeculativeRule } from '../speculative-exploration.ts';
import {
  certifiedLength,
  MAX_VIEWS,
  type Member,
  viewIn,
  voteAt,
  withCertificate,
  withVote,
} from './member.ts';
import { MAX_SLOTS } from './prefix.ts';

export interface LogRule {
  /** What is selected in one slot. */
  readonly select: SpeculativeRule;
  /** True if a certificate for the log up to slot `length` speaks for `slot`. */
  covers(length: number, slot: number): boolean;
  /** What a member keeps once it holds a certificate of `view`, its newest. */
  keep(member: Member, view: number): Member;
  /** What a member keeps once it has accepted the log up to slot `length` in `view`, its newest. */
  accepted(member: Member, length: number): Member;
  /** The view that a member claims for its vote in a slot. */
  claimedView(member: Member, slot: number): number;
  /** True if a member that enters a view accepts at once what it has of the log that the view begins with. */
  readonly acceptsAtOnce: boolean;
  /** False if a new view ends at the first slot in which nothing is selected. */
  readonly fillsGaps: boolean;
}

/** Certificates that a newer one does not make useless: it must cover as much. */
function keepUseful(member: Member, view: number): Member {
  let kept = member;
  for (let older = 1; older < view; older++)
    if (certifiedLength(member, older) <= certifiedLength(member, view))
      kept = withCertificate(kept, older, 0);
  return kept;
}

function keepNewest(member: Member, view: number): Member {
  let kept = member;
  for (let older = 1; older < view; older++) kept = withCertificate(kept, older, 0);
  return kept;
}

function keepLongest(member: Member): Member {
  let longest = 0;
  for (let view = 1; view <= MAX_VIEWS; view++)
    if (certifiedLength(member, view) >= certifiedLength(member, longest || view)) longest = view;
  let kept = member;
  for (let view = 1; view <= MAX_VIEWS; view++) if (view !== longest) kept = withCertificate(kept, view, 0);
  return kept;
}

function forgetBeyond(member: Member, length: number): Member {
  let kept = member;
  for (let slot = length + 1; slot <= MAX_SLOTS; slot++) kept = withVote(kept, slot, 0);
  return kept;
}

export const sound: LogRule = {
  select: (quorums, claims) => selectSlot(quorums, claims, () => true).digest,
  covers: (length, slot) => slot <= length,
  keep: keepUseful,
  accepted: (member) => member,
  claimedView: (member, slot) => viewIn(voteAt(member, slot)),
  acceptsAtOnce: false,
  fillsGaps: true,
};

/** Rules by name: what the command line and the tests explore. */
export const LOG_RULES = {
  sound,
  'certificates-first': { ...sound, select: certificatesFirst },
  'votes-first': { ...sound, select: votesFirst },
  'newest-certificate': { ...sound, keep: keepNewest },
  'newest-at-once': { ...sound, keep: keepNewest, acceptsAtOnce: true },
  'longest-certificate': { ...sound, keep: keepLongest },
  'certificate-of-one-slot': { ...sound, covers: (length, slot) => slot === length },
  'forgotten-tail': { ...sound, accepted: forgetBeyond },
  'one-view-for-all': { ...sound, claimedView: (member) => viewIn(Math.max(...slots(member))) },
  'ends-at-gaps': { ...sound, fillsGaps: false },
} satisfies Record<string, LogRule>;

const slots = (member: Member): number[] =>
  Array.from({ length: MAX_SLOTS }, (_, i) => voteAt(member, i + 1));

export type LogRuleName = keyof typeof LOG_RULES;
