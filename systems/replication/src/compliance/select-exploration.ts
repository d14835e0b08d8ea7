/**
 * Explores what a rule that selects values for new views lets happen in one slot (PBFT, TOCS 2002 section 3.2.4, with
 * commits by the votes of all members): every history of a few views and two values, one state per set of histories that
 * differ only in the names of members and values. As many liars as the fault model allows claim anything; their primaries
 * show each member another NEW-VIEW and propose to each what they like. Correct members may fall silent at any time.
 * Checked: what commits is selected for ever, a value that nobody proposed never is, and correct members can go on.
 */

import { leastKey, type TransitionSystem } from '@concordat/check';
import type { Digest } from '@concordat/kernel';
import { type FaultModel, type Quorums, quorumsOf } from '../fault-model.ts';
import type { SlotClaim, Vouch } from '../replica/messages.ts';
import { choices, eachBecomesOne } from './choices.ts';

export type SelectRule = (
  quorums: Quorums,
  messages: number,
  claims: readonly SlotClaim[],
) => Digest | null | undefined;

const NAMES = ['a', 'b', 'z'] as const;

/** The values that primaries propose, and one that only liars know. */
export const DIGESTS: readonly Digest[] = NAMES.map((name) => {
  const bytes = new Uint8Array(32);
  bytes.set(new TextEncoder().encode(name));
  return bytes;
});
const [A, B, Z] = DIGESTS as [Digest, Digest, Digest];

export const nameOf = (digest: Digest): string => String.fromCharCode(digest[0] ?? 0);

/** `P:a1 A:b2,a1`: prepared a in view 1, accepted b in view 2 and a in view 1; `-` if it claims nothing. */
export function describeClaim({ prepared, accepted }: SlotClaim): string {
  const show = ({ view, digest }: Vouch): string => `${nameOf(digest)}${view}`;
  const parts = [
    ...(prepared === null ? [] : [`P:${show(prepared)}`]),
    ...(accepted.length === 0 ? [] : [`A:${accepted.map(show).join(',')}`]),
  ];
  return parts.join(' ') || '-';
}

/** Everything that a liar could claim in a change to `view`: what it prepared, and up to two that it accepted. */
export function allLies(view: number): SlotClaim[] {
  const vouches = Array.from({ length: view }, (_, v) =>
    DIGESTS.map((digest) => ({ view: v, digest })),
  ).flat();
  const pairs = vouches.flatMap((one) =>
    vouches.filter((two) => two.view < one.view).map((two) => [one, two]),
  );
  const lists: Vouch[][] = [[], ...vouches.map((one) => [one]), ...pairs];
  return [null, ...vouches].flatMap((prepared) => lists.map((accepted) => ({ slot: 1, prepared, accepted })));
}

/** What members say for which a rule is asked: those of them that claim something are shown to it. */
export function ask(
  rule: SelectRule,
  quorums: Quorums,
  heard: readonly SlotClaim[],
): Digest | null | undefined {
  const claims = heard.filter(({ prepared, accepted }) => prepared !== null || accepted.length > 0);
  return rule(quorums, heard.length, claims);
}

/** Outcomes of a selection as a set of bits; the first two are the values, in the order of `DIGESTS`. */
const INVENTED = 4;
const FREE = 8;
const UNDECIDED = 16;
const VALUES = [0, 1] as const;
const BOTH = 3;

function outcomeOf(selected: Digest | null | undefined): number {
  if (selected === undefined) return UNDECIDED;
  if (selected === null) return FREE;
  return selected[0] === Z[0] ? INVENTED : selected[0] === A[0] ? 1 : 2;
}

/** What a correct member claims, and a number by which that is known: equal claims are the same object. */
interface Member {
  readonly id: number;
  readonly claim: SlotClaim;
}

/** The slot in the middle of a view, when its primary has begun, or after it. */
export interface SelectState {
  readonly view: number;
  readonly isOver: boolean;
  /** By ascending id. */
  readonly members: readonly Member[];
  /** Set of values that are committed. */
  readonly committed: number;
  /** Set of values that the primary of `view` may propose. */
  readonly offered: number;
}

interface Space {
  readonly rule: SelectRule;
  readonly quorums: Quorums;
  readonly known: Map<string, Member>;
  /** By id: the member with the values' names exchanged. */
  readonly mirror: (Member | undefined)[];
  /** By view and what correct members are heard: all outcomes, whatever the liars say. */
  readonly outcomes: Map<string, number>;
  /** By view and how many there are at least: what liars may say together. */
  readonly lies: Map<string, readonly SlotClaim[][]>;
}

/** One slot over this many views. Symmetric are members, whose place tells nothing, and the two values that are proposed. */
export function selectedSlot(
  model: FaultModel,
  views: number,
  rule: SelectRule,
): TransitionSystem<SelectState> {
  const quorums = quorumsOf(model);
  const x: Space = { rule, quorums, known: new Map(), mirror: [], outcomes: new Map(), lies: new Map() };
  const idle = memberOf(x, null, []);
  const members = Array.from({ length: quorums.members - quorums.r }, () => idle);
  const offers = quorums.r > 0 ? [BOTH] : [1, 2];
  const isLast = ({ view }: SelectState): boolean => view + 1 === views;
  return {
    initial: () => offers.map((offered) => ({ view: 0, isOver: false, members, committed: 0, offered })),
    next: (state) => {
      if (!state.isOver) return votesOf(x, state);
      return isLast(state) ? [] : nextViews(x, state);
    },
    key: (state) => leastKey([false, true], (isMirrored) => keyUnder(x, state, isMirrored)),
    problem: (state) => (state.isOver ? problemAfter(x, state) : null),
    sometimes: { committed: ({ committed }) => committed !== 0 },
    describe,
  };
}

function memberOf(x: Space, prepared: Vouch | null, accepted: readonly Vouch[]): Member {
  const claim = { slot: 1, prepared, accepted };
  const key = describeClaim(claim);
  const member = x.known.get(key) ?? { id: x.known.size, claim };
  x.known.set(key, member);
  return member;
}

function mirrorOf(x: Space, { id, claim }: Member): Member {
  const swap = ({ view, digest }: Vouch): Vouch => ({ view, digest: digest === A ? B : A });
  const { prepared, accepted } = claim;
  x.mirror[id] ??= memberOf(x, prepared === null ? null : swap(prepared), accepted.map(swap));
  return x.mirror[id];
}

function keyUnder(x: Space, state: SelectState, isMirrored: boolean): string {
  const { view, isOver, members, committed, offered } = state;
  const named = isMirrored ? members.map((member) => mirrorOf(x, member)) : members;
  const [done, may] = isMirrored ? [swapBits(committed), swapBits(offered)] : [committed, offered];
  return `${view} ${isOver} ${keyOf(named)} ${done} ${may}`;
}

const keyOf = (members: readonly Member[]): string =>
  members
    .map(({ id }) => id)
    .sort(ascending)
    .join();
const inOrder = (members: readonly Member[]): Member[] => members.toSorted((a, b) => a.id - b.id);
const ascending = (a: number, b: number): number => a - b;
const swapBits = (values: number): number => ((values & 1) << 1) | (values >> 1);

/** The view runs: some accept, of those for whose value there may be enough votes some prepare, and so it commits. */
function* votesOf(x: Space, state: SelectState): Iterable<SelectState> {
  const { view, offered } = state;
  const accepts = (member: Member): Member[] => [member, ...acceptances(x, member, view, offered)];
  for (const accepted of eachBecomesOne(state.members, accepts, keyOf)) {
    const votes = VALUES.map((value) => accepted.filter((member) => hasAccepted(member, view, value)).length);
    const prepares = (member: Member): Member[] => [member, ...preparations(x, member, view, votes)];
    for (const members of eachBecomesOne(accepted, prepares, keyOf)) {
      let { committed } = state;
      for (const value of VALUES) {
        const commits = members.filter((member) => hasPrepared(member, view, value)).length;
        const isSlow = commits + x.quorums.r >= x.quorums.agreement;
        if (isSlow || votes[value] === members.length) committed |= 1 << value;
      }
      yield { view, isOver: true, members: inOrder(members), committed, offered };
    }
  }
}

const hasAccepted = ({ claim }: Member, view: number, value: number): boolean =>
  claim.accepted[0]?.view === view && claim.accepted[0].digest === DIGESTS[value];
const hasPrepared = ({ claim }: Member, view: number, value: number): boolean =>
  claim.prepared?.view === view && claim.prepared.digest === DIGESTS[value];

function acceptances(x: Space, { claim }: Member, view: number, offered: number): Member[] {
  if (claim.accepted[0]?.view === view) return [];
  return VALUES.filter((value) => (offered & (1 << value)) !== 0).map((value) => {
    const digest = DIGESTS[value] as Digest;
    const older = claim.accepted.filter((vouch) => vouch.digest !== digest);
    return memberOf(x, claim.prepared, [{ view, digest }, ...older]);
  });
}

function preparations(x: Space, member: Member, view: number, votes: readonly number[]): Member[] {
  const { prepared, accepted } = member.claim;
  if (prepared?.view === view) return [];
  return VALUES.filter(
    (value) => hasAccepted(member, view, value) && (votes[value] ?? 0) + x.quorums.r >= x.quorums.agreement,
  ).map((value) => memberOf(x, { view, digest: DIGESTS[value] as Digest }, accepted));
}

/**
 * The next view begins with what some VIEW-CHANGEs select. A lying primary shows each member other ones, a correct one
 * proposes the same to all. After it sent its VIEW-CHANGE a member votes no more, but may still accept and prepare.
 */
function* nextViews(x: Space, state: SelectState): Iterable<SelectState> {
  const { view, members, committed, offered } = state;
  let outcomes = 0;
  for (const heard of hearings(x, members)) outcomes |= outcomesOf(x, heard, view + 1);
  const values = (outcomes & FREE) !== 0 ? BOTH : outcomes & BOTH;
  const offers = x.quorums.r > 0 ? [values] : [1, 2].filter((one) => (values & one) !== 0);
  const votes = VALUES.map((value) => members.filter((m) => hasAccepted(m, view, value)).length);
  const late = (member: Member): Member[] => {
    const accepted = [member, ...acceptances(x, member, view, offered)];
    return [...accepted, ...accepted.flatMap((other) => preparations(x, other, view, votes))];
  };
  for (const group of eachBecomesOne(members, late, keyOf))
    for (const next of offers)
      yield { view: view + 1, isOver: false, members: inOrder(group), committed, offered: next };
}

/** The correct members whose VIEW-CHANGEs may be among those that decide. */
function* hearings({ quorums }: Space, members: readonly Member[]): Iterable<readonly Member[]> {
  for (let set = 1; set < 1 << members.length; set++) {
    const heard = members.filter((_, i) => (set & (1 << i)) !== 0);
    if (heard.length >= quorums.agreement - quorums.r) yield heard;
  }
}

function problemAfter(x: Space, { view, members, committed }: SelectState): string | null {
  if (committed === BOTH) return 'both values are committed';
  const { u, r } = x.quorums;
  for (const heard of hearings(x, members)) {
    const isEveryone = heard.length >= members.length - (u - r);
    const wrong =
      INVENTED | (committed === 0 ? 0 : FREE | (BOTH & ~committed)) | (isEveryone ? UNDECIDED : 0);
    if ((outcomesOf(x, heard, view + 1) & wrong) !== 0) return describeHearing(x, heard, view + 1, wrong);
  }
  return null;
}

function outcomesOf(x: Space, heard: readonly Member[], view: number): number {
  const key = `${view} ${heard.map(({ id }) => id).join()}`;
  let outcomes = x.outcomes.get(key);
  if (outcomes === undefined) {
    outcomes = 0;
    for (const lies of liesBeside(x, heard.length, view)) outcomes |= hear(x, heard, lies);
    x.outcomes.set(key, outcomes);
  }
  return outcomes;
}

const hear = (x: Space, heard: readonly Member[], lies: readonly SlotClaim[]): number =>
  outcomeOf(ask(x.rule, x.quorums, [...heard.map(({ claim }) => claim), ...lies]));

/** What liars may say beside so many correct members that it is enough for a selection. */
function liesBeside(x: Space, correct: number, view: number): readonly SlotClaim[][] {
  const fewest = Math.max(x.quorums.agreement - correct, 0);
  const key = `${view} ${fewest}`;
  const known = x.lies.get(key);
  if (known !== undefined) return known;
  const lies: SlotClaim[][] = [];
  for (let liars = fewest; liars <= x.quorums.r; liars++) lies.push(...choices(allLies(view), liars));
  x.lies.set(key, lies);
  return lies;
}

const namesOf = (values: number): string => ['nothing', 'a', 'b', 'a or b'][values] ?? '';

const describe = ({ view, members, committed, offered }: SelectState): string =>
  `view ${view} proposes ${namesOf(offered)}: ${members.map(({ claim }) => describeClaim(claim)).join(' | ')}, ` +
  `committed: ${namesOf(committed)}`;

function describeHearing(x: Space, heard: readonly Member[], view: number, wrong: number): string {
  for (const lies of liesBeside(x, heard.length, view)) {
    const outcome = hear(x, heard, lies);
    if ((outcome & wrong) === 0) continue;
    const name = { 1: 'a', 2: 'b', [INVENTED]: 'z', [FREE]: 'nothing', [UNDECIDED]: 'undecided' }[outcome];
    const said = heard.map(({ claim }) => describeClaim(claim)).join(' | ');
    const lied = lies.length === 0 ? '' : `, lies ${lies.map(describeClaim).join(' | ')}`;
    return `view ${view} hears ${said}${lied}: ${name}`;
  }
  return 'no such hearing';
}
