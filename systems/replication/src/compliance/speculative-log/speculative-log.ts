/**
 * Speculative ordering of a short log as a transition system: up to three slots, cumulative votes and commit certificates,
 * history chaining, view changes that select each slot. One step is a view. Liars lead every view, if there may be any:
 * they show each member another NEW-VIEW and another log, vote for everything, claim any votes and show or withhold any
 * certificate that exists. Correct members may miss anything: each accepts a prefix of what it is offered, and comes to hold a
 * certificate, up to any slot of what it accepted, or none.
 *
 * Checked at the end of each view: no log that the next one may propose contradicts what is complete, by the votes of all or
 * by certificates that n - u members hold. So `views` views are explored by the states after all but the last: whatever
 * the last may propose, all may vote for.
 *
 * Views are steps because a view's votes only depend on those of earlier ones, and what a VIEW-CHANGE says of a view is what
 * its sender did in it. The symmetries: members are records whose place tells nothing, and in each slot the two proposed
 * values may change names. Not modelled: checkpoints, certificates that a member takes over from a NEW-VIEW or holds for
 * what it has not accepted, null batches that nothing demands.
 */

import { leastKey, type TransitionSystem } from '@concordat/check';
import { assert } from '@concordat/kernel';
import { type FaultModel, type Quorums, quorumsOf } from '../../fault-model.ts';
import { eachBecomes } from '../choices.ts';
import {
  acceptedIn,
  certifiedLength,
  describeMember,
  exchangeIn,
  IDLE,
  MAX_VIEWS,
  type Member,
  valueIn,
  voteAt,
  voteCode,
  withCertificate,
  withVote,
} from './member.ts';
import { createOffers, type Offers } from './offers.ts';
import {
  append,
  cutTo,
  describePrefix,
  EMPTY,
  exchange,
  lengthOf,
  MAX_SLOTS,
  NULL,
  sharedLength,
  valueAt,
} from './prefix.ts';
import type { LogRule } from './rules.ts';

/** The log after some view. */
export interface LogState {
  readonly view: number;
  /** In ascending order. */
  readonly members: readonly Member[];
  /** By view: the longest log for which there is a certificate. */
  readonly chains: readonly number[];
  /** The longest log that is complete. */
  readonly complete: number;
}

export interface LogScope {
  readonly model: FaultModel;
  /** At most three. */
  readonly slots: number;
  readonly views: number;
}

interface Space extends LogScope {
  readonly rule: LogRule;
  readonly quorums: Quorums;
  readonly offers: Offers;
}

export function speculativeLog(scope: LogScope, rule: LogRule): TransitionSystem<LogState> {
  const quorums = quorumsOf(scope.model);
  assert(scope.slots <= MAX_SLOTS && scope.views <= MAX_VIEWS, 'the scope fits the numbers');
  const x: Space = { ...scope, rule, quorums, offers: createOffers(rule, quorums, scope.slots) };
  const members = new Array<Member>(quorums.members - quorums.r).fill(IDLE);
  return {
    initial: () => [{ view: 0, members, chains: [], complete: EMPTY }],
    next: (state) => (state.view + 1 < x.views ? runView(x, state) : []),
    key: (state) => leastKey(exchanges(state, scope.slots), (flips) => keyUnder(state, flips)),
    problem: (state) => contradiction(x, state),
    sometimes: { complete: ({ complete }) => complete !== EMPTY },
    describe,
  };
}

/**
 * The sets of slots whose values are to be exchanged before states are compared. A value that is complete or certified in
 * a slot, the latest such, is called a; where there is none, both names are tried.
 */
function exchanges({ chains, complete }: LogState, slots: number): readonly number[] {
  const named = [complete, ...chains.toReversed()];
  let sets = [0];
  for (let slot = 1; slot <= slots; slot++) {
    const flip = 1 << (slot - 1);
    const log = named.find((other) => lengthOf(other) >= slot && valueAt(other, slot) !== NULL);
    if (log === undefined) sets = sets.flatMap((flips) => [flips, flips | flip]);
    else if (valueAt(log, slot) === 1) sets = sets.map((flips) => flips | flip);
  }
  return sets;
}

function keyUnder({ members, chains, complete }: LogState, flips: number): string {
  const exchanged = members.map((member) => exchangeIn(member, flips));
  exchanged.sort((a, b) => a - b);
  // PERF: half of all time went into keys built by joining lists.
  let key = String.fromCharCode(exchange(complete, flips));
  for (const chain of chains) key += String.fromCharCode(exchange(chain, flips));
  for (const member of exchanged) key += String.fromCharCode(member & 0x7fff, member >> 15);
  return key;
}

function contradiction(x: Space, { members, chains, complete, view }: LogState): string | null {
  if (complete === EMPTY) return null;
  const other = x.offers(members, chains, view + 1).find((stem) => !isPrefix(complete, stem));
  return other === undefined
    ? null
    : `view ${view + 1} may begin with ${describePrefix(other)}, but ${describePrefix(complete)} is complete`;
}

const isPrefix = (part: number, log: number): boolean => cutTo(log, lengthOf(part)) === part;

/** All that the next view can make of a state. */
function* runView(x: Space, state: LogState): Iterable<LogState> {
  const view = state.view + 1;
  const stems = x.offers(state.members, state.chains, view);
  // Where nobody lies, a primary proposes one log to all.
  const proposals = x.quorums.r > 0 ? [stems] : stems.map((stem) => [stem]);
  for (const proposed of proposals)
    for (const only of x.quorums.r > 0 ? [null] : fullLogs(x, proposed)) {
      const options = (member: Member): readonly Member[] => votes(x, member, view, proposed, only);
      for (const voted of eachBecomes(state.members, options))
        yield* certify(x, state, voted, { view, stems: proposed });
    }
}

/** The logs of all slots that go on from one of these. */
const fullLogs = (x: Space, stems: readonly number[]): number[] =>
  stems.flatMap((stem) => continuations(x, stem)).filter((log) => lengthOf(log) === x.slots);

/** What a member may become in a view that shows it one of these stems, and then all of `only` or anything. */
function votes(
  x: Space,
  member: Member,
  view: number,
  stems: readonly number[],
  only: number | null,
): readonly Member[] {
  const logs = new Set<number>([EMPTY]);
  for (const stem of stems) {
    const least = x.rule.acceptsAtOnce ? knownLength(member, stem) : 0;
    for (let length = least; length < lengthOf(stem); length++) logs.add(cutTo(stem, length));
    for (const log of continuations(x, stem)) if (only === null || isPrefix(log, only)) logs.add(log);
  }
  return [...logs].map((log) => accept(x, member, view, log));
}

/** How much of a log the member has at hand, because it voted for it or because it is null. */
function knownLength(member: Member, log: number): number {
  let length = 0;
  const isKnown = (value: number, slot: number): boolean =>
    value === NULL || (voteAt(member, slot) !== 0 && valueIn(voteAt(member, slot)) === value);
  while (length < lengthOf(log) && isKnown(valueAt(log, length + 1), length + 1)) length++;
  return length;
}

/** The log, and all that go on from it with proposed values. */
function continuations(x: Space, log: number): number[] {
  if (lengthOf(log) === x.slots) return [log];
  return [log, ...[0, 1].flatMap((value) => continuations(x, append(log, value)))];
}

/** The member once it has accepted this log in the view; accepting none changes nothing. */
function accept(x: Space, member: Member, view: number, log: number): Member {
  const length = lengthOf(log);
  let accepted = member;
  for (let slot = 1; slot <= length; slot++)
    accepted = withVote(accepted, slot, voteCode(view, valueAt(log, slot)));
  return length === 0 ? accepted : x.rule.accepted(accepted, length);
}

interface Beginning {
  readonly view: number;
  /** Logs that members may have been shown as what the view begins with. */
  readonly stems: readonly number[];
}

/** For each beginning that a member can have been shown: how much it has in common with its certificate of an older view. */
function agreementsOf(
  member: Member,
  view: number,
  chains: readonly number[],
  stems: readonly number[],
): ((older: number) => number)[] {
  const log = acceptedIn(member, view);
  return stems
    .filter((stem) => isPrefix(log, stem) || isPrefix(stem, log))
    .map((stem) => (older) => {
      const certified = cutTo(chains[older - 1] ?? EMPTY, certifiedLength(member, older));
      return sharedLength(certified, stem);
    });
}

/** Where enough have voted there is a certificate, which those who voted for it may come to hold. */
function* certify(
  x: Space,
  { chains, complete }: LogState,
  voted: readonly Member[],
  { view, stems }: Beginning,
): Iterable<LogState> {
  const { fast, certificate, r } = x.quorums;
  const logs = voted.map((member) => acceptedIn(member, view));
  const chain = longestOf(logs, certificate - r);
  const byAll = longestOf(logs, fast - r);
  const held = (member: Member): Member[] => {
    const most = sharedLength(acceptedIn(member, view), chain);
    const agreements = most === 0 ? [] : agreementsOf(member, view, chains, stems);
    const kept = new Set<Member>([member]);
    for (let length = 1; length <= most; length++)
      for (const agreed of agreements)
        kept.add(x.rule.keep(withCertificate(member, view, length), view, agreed));
    return [...kept];
  };
  for (const group of eachBecomes(voted, held)) {
    const lengths = group.map((member) => certifiedLength(member, view)).sort((a, b) => b - a);
    const bySome = cutTo(chain, lengths[certificate - r - 1] ?? 0);
    const longest = [complete, byAll, bySome].reduce((a, b) => (lengthOf(b) > lengthOf(a) ? b : a));
    yield { view, members: group, chains: shown(x, [...chains, chain], group), complete: longest };
  }
}

/** The longest log of which at least `count` of these have accepted all. */
function longestOf(logs: readonly number[], count: number): number {
  let longest = EMPTY;
  for (const log of logs)
    for (let prefix = log; lengthOf(prefix) > lengthOf(longest); prefix >>= 2)
      if (logs.filter((other) => isPrefix(prefix, other)).length >= count) longest = prefix;
  return longest;
}

/** Certified logs as far as somebody may show a certificate: where nobody lies, only those who hold one do. */
function shown(x: Space, chains: readonly number[], members: readonly Member[]): readonly number[] {
  if (x.quorums.r > 0) return chains;
  return chains.map((chain, i) =>
    cutTo(chain, Math.max(...members.map((member) => certifiedLength(member, i + 1)))),
  );
}

const describe = ({ view, members, chains, complete }: LogState): string =>
  `view ${view}: ${members.map((member) => describeMember(member, chains)).join(' | ')}, ` +
  `complete: ${describePrefix(complete)}`;
