/**
 * What the primary of a new view may propose: every log for which some n - u VIEW-CHANGEs or more, those of liars included,
 * are a justification. Slots are selected one by one, from what cumulative certificates and votes say of each; a slot in
 * which nothing is selected is null below one in which something is, and anything above.
 * Liars claim any votes, slot by slot, and show any of the certificates that exist, or none.
 */

import type { Digest } from '@concordat/kernel';
import type { Quorums } from '../../fault-model.ts';
import type { SpeculativeClaim } from '../../order/speculative/select-slot.ts';
import { choices, subsets } from '../choices.ts';
import { certifiedLength, type Member, type VoteCode, valueIn, viewIn, voteAt, voteCode } from './member.ts';
import { append, EMPTY, lengthOf, NULL, VALUE_NAMES, valueAt } from './prefix.ts';
import type { LogRule } from './rules.ts';

/** By value: the digests that selections are asked about. */
export const DIGESTS: readonly Digest[] = VALUE_NAMES.map((name) =>
  new Uint8Array(32).fill(name.charCodeAt(0)),
);

/** What a selection in one slot may come to, as a set of bits: the values, or nothing. */
const NOTHING = 1 << DIGESTS.length;

/** The logs that `view` may begin with: each ends with a selected value, and anything may be proposed behind it. */
export type Offers = (
  members: readonly Member[],
  chains: readonly number[],
  view: number,
) => readonly number[];

interface Selecting {
  readonly rule: LogRule;
  readonly quorums: Quorums;
  readonly slots: number;
  /** By view and the claims of a slot: outcomes, whatever votes liars claim. */
  readonly outcomes: Map<string, number>;
  /** By the outcomes of all slots. */
  readonly stems: Map<number, readonly number[]>;
}

/** A claim about one slot in two numbers, both as votes; 0 for none. */
interface Claim {
  readonly vote: VoteCode;
  readonly certificate: VoteCode;
}

export function createOffers(rule: LogRule, quorums: Quorums, slots: number): Offers {
  const x: Selecting = { rule, quorums, slots, outcomes: new Map(), stems: new Map() };
  return (members, chains, view) => (view === 1 ? [EMPTY] : justified(x, members, chains, view));
}

/** The outcomes of all slots as one number. */
function allSlots(x: Selecting, outcomeAt: (slot: number) => number): number {
  let all = 0;
  for (let slot = x.slots; slot >= 1; slot--) all = (all << (DIGESTS.length + 1)) | outcomeAt(slot);
  return all;
}

function justified(
  x: Selecting,
  members: readonly Member[],
  chains: readonly number[],
  view: number,
): readonly number[] {
  const { agreement, r } = x.quorums;
  const shown = shownCertificates(x, chains);
  const outcomes = new Set<number>();
  for (const heard of subsets(members, agreement - r, members.length)) {
    const outcomeAt = selections(x, heard, chains, view);
    for (let liars = Math.max(agreement - heard.length, 0); liars <= r; liars++)
      for (const lies of choices(shown, liars)) outcomes.add(allSlots(x, (slot) => outcomeAt(slot, lies)));
  }
  const offered = new Set<number>();
  for (const outcome of outcomes) for (const stem of stemsOf(x, outcome)) offered.add(stem);
  return [...offered].sort((a, b) => a - b);
}

/** What a liar may show: for each slot the certificate of the highest view that covers it, 0 for none. */
function shownCertificates(x: Selecting, chains: readonly number[]): readonly (readonly VoteCode[])[] {
  let shown: (readonly VoteCode[])[] = [new Array<VoteCode>(x.slots).fill(0)];
  for (const [i, chain] of chains.entries()) {
    const certificates = Array.from({ length: lengthOf(chain) }, (_, shorter) => shorter + 1);
    shown = shown.flatMap((codes) => [
      codes,
      ...certificates.map((length) =>
        codes.map((code, s) =>
          x.rule.covers(length, s + 1) ? voteCode(i + 1, valueAt(chain, s + 1)) : code,
        ),
      ),
    ]);
  }
  return [...new Map(shown.map((codes) => [codes.join(), codes])).values()];
}

/** The outcomes of a slot when these members are heard, and liars show these certificates and claim any votes. */
function selections(
  x: Selecting,
  heard: readonly Member[],
  chains: readonly number[],
  view: number,
): (slot: number, lies: readonly (readonly VoteCode[])[]) => number {
  const slots = Array.from({ length: x.slots }, (_, s) => {
    const claims = heard.map((member) => claimOf(x, member, chains, s + 1));
    const told = claims.map(({ vote, certificate }) => 32 * vote + certificate).sort((a, b) => a - b);
    return { claims, key: `${view} ${told}`, known: new Map<number, number>() };
  });
  return (slot, lies) => {
    const { claims, key, known } = slots[slot - 1] as (typeof slots)[number];
    const certificates = lies.map((codes) => codes[slot - 1] ?? 0);
    if (certificates.length > 1) certificates.sort((a, b) => a - b);
    // Many lies differ in other slots only. Longer lists have larger numbers.
    const together = certificates.reduce((sum, code) => 32 * sum + code, 1);
    let outcomes = known.get(together);
    if (outcomes === undefined) {
      const whole = `${key} ${certificates}`;
      outcomes = x.outcomes.get(whole) ?? outcomesOf(x, claims, certificates, view);
      x.outcomes.set(whole, outcomes);
      known.set(together, outcomes);
    }
    return outcomes;
  };
}

function outcomesOf(
  x: Selecting,
  claims: readonly Claim[],
  certificates: readonly VoteCode[],
  view: number,
): number {
  let outcomes = 0;
  // Rules look at votes and at certificates: which of them one liar claims together is of no matter.
  for (const votes of choices(votesBefore(view), certificates.length)) {
    const lies = certificates.map((certificate, i) => ({ vote: votes[i] ?? 0, certificate }));
    outcomes |= ask(x, [...claims, ...lies]);
  }
  return outcomes;
}

/** What a correct member says of a slot. */
function claimOf(x: Selecting, member: Member, chains: readonly number[], slot: number): Claim {
  const vote = voteAt(member, slot);
  let certificate = 0;
  for (const [i, chain] of chains.entries())
    if (certifiedLength(member, i + 1) >= slot && x.rule.covers(certifiedLength(member, i + 1), slot))
      certificate = voteCode(i + 1, valueAt(chain, slot));
  return { vote: vote === 0 ? 0 : voteCode(x.rule.claimedView(member, slot), valueIn(vote)), certificate };
}

/** Any vote of an earlier view, or none. */
function votesBefore(view: number): VoteCode[] {
  const codes: VoteCode[] = [0];
  for (let earlier = 1; earlier < view; earlier++)
    for (let value = 0; value <= NULL; value++) codes.push(voteCode(earlier, value));
  return codes;
}

const seenAs = (code: VoteCode) =>
  code === 0 ? null : { view: viewIn(code), digest: DIGESTS[valueIn(code)] as Digest };

function ask(x: Selecting, claims: readonly Claim[]): number {
  const said: SpeculativeClaim[] = claims.map(({ vote, certificate }) => ({
    latest: seenAs(vote),
    certificate: seenAs(certificate),
  }));
  const digest = x.rule.select(x.quorums, said);
  return digest === null ? NOTHING : 1 << DIGESTS.indexOf(digest);
}

/** The logs that these outcomes allow a new view to begin with. */
function stemsOf(x: Selecting, outcomes: number): readonly number[] {
  let stems = x.stems.get(outcomes);
  if (stems === undefined) {
    const found = new Set<number>();
    fill(x, outcomes, 1, EMPTY, EMPTY, found);
    stems = [...found];
    x.stems.set(outcomes, stems);
  }
  return stems;
}

/** Goes through the slots with `log`, in which a slot of no outcome is null; `stem` is its part up to a selected value. */
function fill(
  x: Selecting,
  outcomes: number,
  slot: number,
  stem: number,
  log: number,
  found: Set<number>,
): void {
  const isGap = lengthOf(log) > lengthOf(stem);
  if (slot > x.slots || (isGap && !x.rule.fillsGaps)) {
    found.add(stem);
    return;
  }
  const rest = outcomes >> (DIGESTS.length + 1);
  for (let value = 0; value < DIGESTS.length; value++) {
    const longer = append(log, value);
    if ((outcomes & (1 << value)) !== 0) fill(x, rest, slot + 1, longer, longer, found);
  }
  if ((outcomes & NOTHING) !== 0) fill(x, rest, slot + 1, stem, append(log, NULL), found);
}
