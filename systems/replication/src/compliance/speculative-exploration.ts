/**
 * Explores what a rule for view changes lets happen in one slot of speculative ordering: every history of a few views and
 * two values, one state per set of histories that differ only in the order of members. Liars lead every view, if there may
 * be any: they propose to each member what they like, vote for everything, claim any vote and every certificate there is, and show each
 * member another NEW-VIEW. Correct members may miss anything.
 * Checked: at most one value ever completes, by the votes of all or by a certificate that n - u members hold.
 */

import type { TransitionSystem } from '@concordat/check';
import type { Digest } from '@concordat/kernel';
import { type FaultModel, type Quorums, quorumsOf } from '../fault-model.ts';
import type { SpeculativeClaim, Vote } from '../order/speculative/select-slot.ts';
import { choices, eachBecomesOne } from './choices.ts';

/** What is proposed again; null for anything. All certificates are valid. */
export type SpeculativeRule = (quorums: Quorums, claims: readonly SpeculativeClaim[]) => Digest | null;

const VALUES = [0, 1] as const;
type Value = (typeof VALUES)[number];
const BOTH = 3;

export const VALUE_DIGESTS: readonly [Digest, Digest] = [
  new Uint8Array(32).fill(0xa),
  new Uint8Array(32).fill(0xb),
];

/** A value in a view; null for none. Interned, so that equal ones are the same object. */
type Seen = { readonly view: number; readonly value: Value } | null;

interface Member {
  readonly vote: Seen;
  readonly certificate: Seen;
}

/** The slot after some view. */
export interface SlotState {
  readonly view: number;
  readonly members: readonly Member[];
  /** Certificates that can be put together, as a set of bits: 2 x view + value. */
  readonly certificates: number;
  /** Set of values that are complete. */
  readonly complete: number;
}

interface Space {
  readonly rule: SpeculativeRule;
  readonly quorums: Quorums;
  readonly seen: Map<number, NonNullable<Seen>>;
  /** By view, certificates and what is heard: the set of values that may be proposed. */
  readonly offers: Map<string, number>;
}

/** One slot over this many views. Symmetric are the members: each is a record of its own, whose place tells nothing. */
export function speculativeSlot(
  model: FaultModel,
  views: number,
  rule: SpeculativeRule,
): TransitionSystem<SlotState> {
  const x: Space = { rule, quorums: quorumsOf(model), seen: new Map(), offers: new Map() };
  const idle: Member = { vote: null, certificate: null };
  const members = Array.from({ length: x.quorums.members - x.quorums.r }, () => idle);
  return {
    initial: () => [{ view: 0, members, certificates: 0, complete: 0 }],
    next: (state) => (state.view < views ? runView(x, state, state.view + 1) : []),
    key: (state) => `${state.view} ${keyOf(state.members)} ${state.certificates} ${state.complete}`,
    problem: ({ complete }) => (complete === BOTH ? 'both values are complete' : null),
    sometimes: { complete: ({ complete }) => complete !== 0 },
    describe,
  };
}

const codeOf = (seen: Seen): number => (seen === null ? 0 : 2 * seen.view + seen.value);

function seenAs(x: Space, view: number, value: Value): NonNullable<Seen> {
  const code = 2 * view + value;
  const seen = x.seen.get(code) ?? { view, value };
  x.seen.set(code, seen);
  return seen;
}

const keyOf = (members: readonly Member[]): string =>
  members
    .map(({ vote, certificate }) => `${codeOf(vote)}.${codeOf(certificate)}`)
    .sort()
    .join();

/** All that a view can make of a state. */
function* runView(x: Space, state: SlotState, view: number): Iterable<SlotState> {
  const justified = view === 1 ? BOTH : offersTo(x, state, view);
  // Where nobody lies, a primary proposes one value to all.
  const offers = x.quorums.r > 0 ? [justified] : VALUES.map((value) => justified & (1 << value));
  for (const offered of offers)
    for (const voted of eachBecomesOne(state.members, (member) => votes(x, member, view, offered), keyOf))
      yield* certified(x, state, voted, view);
}

function votes(x: Space, member: Member, view: number, offered: number): Member[] {
  const cast = VALUES.filter((value) => (offered & (1 << value)) !== 0).map((value) => ({
    vote: seenAs(x, view, value),
    certificate: member.certificate,
  }));
  return [member, ...cast];
}

/** Where enough have voted there is a certificate, which those who voted for it may come to hold. */
function* certified(
  x: Space,
  parent: SlotState,
  voted: readonly Member[],
  view: number,
): Iterable<SlotState> {
  const { fast, certificate: needed, r } = x.quorums;
  let { certificates, complete } = parent;
  const count = (value: Value): number => voted.filter(({ vote }) => isOf(vote, view, value)).length;
  for (const value of VALUES) {
    if (count(value) + r >= needed) certificates |= 1 << (2 * view + value);
    if (count(value) + r >= fast) complete |= 1 << value;
  }
  const holds = (member: Member): Member[] => {
    const { vote } = member;
    const isCertified = vote?.view === view && (certificates & (1 << codeOf(vote))) !== 0;
    return isCertified ? [member, { vote, certificate: vote }] : [member];
  };
  for (const group of eachBecomesOne(voted, holds, keyOf)) {
    let done = complete;
    for (const value of VALUES) {
      const holders = group.filter(({ certificate }) => isOf(certificate, view, value)).length;
      if (holders + r >= needed) done |= 1 << value;
    }
    yield { view, members: group, certificates, complete: done };
  }
}

const isOf = (seen: Seen, view: number, value: Value): boolean => seen?.view === view && seen.value === value;

/** The values that a lying primary of `view` can show a justification for. */
function offersTo(x: Space, state: SlotState, view: number): number {
  const { members, certificates } = state;
  const { agreement, r } = x.quorums;
  let offered = 0;
  for (let set = 0; set < 1 << members.length && offered !== BOTH; set++) {
    const heard = members.filter((_, i) => (set & (1 << i)) !== 0);
    if (heard.length < agreement - r) continue;
    offered |= outcomes(x, heard, certificates, view);
  }
  return offered;
}

/** What the rule selects from these claims and any that liars add. */
function outcomes(x: Space, heard: readonly Member[], certificates: number, view: number): number {
  const key = `${view} ${certificates} ${keyOf(heard)}`;
  let values = x.offers.get(key);
  if (values !== undefined) return values;
  values = 0;
  const honest = heard.map(claimOf);
  const { agreement, r } = x.quorums;
  for (let liars = Math.max(agreement - heard.length, 0); liars <= r; liars++)
    for (const lies of choices(liesAt(x, certificates, view), liars)) {
      const digest = x.rule(x.quorums, [...honest, ...lies]);
      values |= digest === null ? BOTH : 1 << VALUE_DIGESTS.indexOf(digest);
    }
  x.offers.set(key, values);
  return values;
}

const voteOf = (seen: Seen): Vote | null =>
  seen === null ? null : { view: seen.view, digest: VALUE_DIGESTS[seen.value] };

const claimOf = ({ vote, certificate }: Member): SpeculativeClaim => ({
  latest: voteOf(vote),
  certificate: voteOf(certificate),
});

/** Any vote of an earlier view, with any certificate that exists. */
function liesAt(x: Space, certificates: number, view: number): SpeculativeClaim[] {
  const votesBefore: Seen[] = [null];
  const existing: Seen[] = [null];
  for (let earlier = 1; earlier < view; earlier++)
    for (const value of VALUES) {
      votesBefore.push(seenAs(x, earlier, value));
      if ((certificates & (1 << (2 * earlier + value))) !== 0) existing.push(seenAs(x, earlier, value));
    }
  return votesBefore.flatMap((vote) => existing.map((certificate) => claimOf({ vote, certificate })));
}

const nameOf = (seen: Seen): string => (seen === null ? '-' : `${'ab'[seen.value]}@${seen.view}`);

const describe = ({ view, members, complete }: SlotState): string =>
  `view ${view}: ${members.map(({ vote, certificate }) => `${nameOf(vote)} CC ${nameOf(certificate)}`).join(' | ')}, ` +
  `complete: ${['nothing', 'a', 'b', 'a and b'][complete]}`;
