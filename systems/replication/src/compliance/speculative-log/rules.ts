/**
 * How members of speculative ordering keep and combine what they know of several slots: votes and certificates cover
 * prefixes, selection is per slot. `protocol` is what `order/speculative` does. The others show what that rests on: some are
 * as safe, some are wrong in one point each, the first two as published (SOSP'07 section 3.3). Never for use.
 */

import { SLOT_RULES } from '../published-rules.ts';
import type { SpeculativeRule } from '../speculative-exploration.ts';
import {
  certifiedLength,
  MAX_VIEWS,
  type Member,
  type VoteCode,
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
  /**
   * What a member keeps once it holds a certificate of `view`, its newest.
   * @param agreed how much of its certificate of an older view the present one begins with
   */
  keep(member: Member, view: number, agreed: (older: number) => number): Member;
  /** What a member keeps once it has accepted the log up to slot `length` in `view`, its newest. */
  accepted(member: Member, length: number): Member;
  /** The view that a member claims for its vote in a slot. */
  claimedView(member: Member, slot: number): number;
  /** True if a member that enters a view accepts at once what it has of the log that the view begins with. */
  readonly acceptsAtOnce: boolean;
  /** False if a new view ends at the first slot in which nothing is selected. */
  readonly fillsGaps: boolean;
}

const only = (member: Member, kept: number): Member => without(member, (view) => view !== kept);

function without(member: Member, isDropped: (view: number) => boolean): Member {
  let rest = member;
  for (let view = 1; view <= MAX_VIEWS; view++) if (isDropped(view)) rest = withCertificate(rest, view, 0);
  return rest;
}

/** One certificate: the newest, unless an older one covers more than that of what the view begins with. */
function keepLongest(member: Member, view: number, agreed: (older: number) => number): Member {
  for (let older = view - 1; older >= 1; older--)
    if (agreed(older) > certifiedLength(member, view)) return only(member, older);
  return only(member, view);
}

/** One certificate: the newest, unless an older one covers more, whatever the view begins with. */
const keepCovering = (member: Member, view: number): Member =>
  keepLongest(member, view, (older) => certifiedLength(member, older));

/** Certificates that no newer one makes useless: that would have to cover as much. */
const keepUseful = (member: Member, view: number): Member =>
  without(member, (older) => older < view && certifiedLength(member, older) <= certifiedLength(member, view));

function forgetBeyond(member: Member, length: number): Member {
  let kept = member;
  for (let slot = length + 1; slot <= MAX_SLOTS; slot++) kept = withVote(kept, slot, 0);
  return kept;
}

export const protocol: LogRule = {
  select: SLOT_RULES.protocol,
  covers: (length, slot) => slot <= length,
  keep: keepLongest,
  accepted: (member) => member,
  claimedView: (member, slot) => viewIn(voteAt(member, slot)),
  acceptsAtOnce: false,
  fillsGaps: true,
};

const latestVote = (member: Member): VoteCode =>
  Math.max(...Array.from({ length: MAX_SLOTS }, (_, i) => voteAt(member, i + 1)));

/** Those that lose what is complete. */
export const WRONG_RULES = {
  'certificates-first': { ...protocol, select: SLOT_RULES['certificates-first'] },
  'votes-first': { ...protocol, select: SLOT_RULES['votes-first'] },
  'newest-certificate': { ...protocol, keep: only, acceptsAtOnce: true },
  'certificate-of-one-slot': { ...protocol, covers: (length, slot) => slot === length },
  'forgotten-tail': { ...protocol, accepted: forgetBeyond },
  'one-view-for-all': { ...protocol, claimedView: (member) => viewIn(latestVote(member)) },
} satisfies Record<string, LogRule>;

/** Rules by name. */
export const LOG_RULES = {
  protocol,
  'longest-certificate': { ...protocol, keep: keepCovering },
  'all-useful-certificates': { ...protocol, keep: keepUseful },
  'ends-at-gaps': { ...protocol, fillsGaps: false },
  ...WRONG_RULES,
} satisfies Record<string, LogRule>;

export type LogRuleName = keyof typeof LOG_RULES;
export type WrongLogRuleName = keyof typeof WRONG_RULES;
