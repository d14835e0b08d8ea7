/**
 * Explores what a rule that selects values for new views lets happen in one slot (PBFT, TOCS 2002 section 3.2.4, with
 * commits by the votes of all members): every history of a few views and two values, one state per set of histories that
 * differ only in the names of members and values. As many liars as the fault model allows claim anything; their primaries
 * show each member another NEW-VIEW and propose to each what they like. Correct members may fall silent at any time.
 * Checked: what commits is selected for ever, a value that nobody proposed never is, and correct members can go on.
 */

import type { Digest } from '@concordat/kernel';
import { type FaultModel, type Quorums, quorumsOf } from '../fault-model.ts';
import type { SlotClaim, Vouch } from '../replica/messages.ts';

export type SelectRule = (
  quorums: Quorums,
  messages: number,
  claims: readonly SlotClaim[],
) => Digest | null | undefined;

export interface Exploration {
  /** Different states seen. */
  readonly states: number;
  /** Of those, the ones in which something is committed. */
  readonly committed: number;
  /** One step per line, the last says what went wrong; null if nothing did. */
  readonly violation: readonly string[] | null;
}

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

/** One state of the slot, after some step of a view. */
interface Node {
  readonly parent: Node | null;
  readonly view: number;
  /** By ascending id. */
  readonly members: readonly Member[];
  /** Set of values that are committed. */
  readonly committed: number;
  /** Set of values that the primary of `view` may propose. */
  readonly offered: number;
}

interface Explorer {
  readonly rule: SelectRule;
  readonly quorums: Quorums;
  readonly known: Map<string, Member>;
  /** By id: the member with the values' names exchanged. */
  readonly mirror: (Member | undefined)[];
  /** By view and what correct members are heard: all outcomes, whatever the liars say. */
  readonly outcomes: Map<string, number>;
  /** By view and how many there are at least: what liars may say together. */
  readonly lies: Map<string, readonly SlotClaim[][]>;
  states: number;
  committed: number;
  violation: string[] | null;
}

export function explore(model: FaultModel, views: number, rule: SelectRule): Exploration {
  const x: Explorer = {
    rule,
    quorums: quorumsOf(model),
    known: new Map(),
    mirror: [],
    outcomes: new Map(),
    lies: new Map(),
    states: 0,
    committed: 0,
    violation: null,
  };
  const idle = memberOf(x, null, []);
  const members = Array.from({ length: x.quorums.members - x.quorums.r }, () => idle);
  const offers = x.quorums.r > 0 ? [BOTH] : [1, 2];
  let begun = distinct(
    x,
    offers.map((offered) => ({ parent: null, view: 0, members, committed: 0, offered })),
  );
  for (let view = 0; view < views && x.violation === null; view++) {
    const ended = distinct(x, flatMapNodes(x, begun, votesOf));
    if (view + 1 < views) begun = distinct(x, flatMapNodes(x, ended, nextViews));
    else for (const node of ended) judge(x, node, views);
  }
  return { states: x.states, committed: x.committed, violation: x.violation };
}

function memberOf(x: Explorer, prepared: Vouch | null, accepted: readonly Vouch[]): Member {
  const claim = { slot: 1, prepared, accepted };
  const key = describeClaim(claim);
  const member = x.known.get(key) ?? { id: x.known.size, claim };
  x.known.set(key, member);
  return member;
}

function mirrorOf(x: Explorer, { id, claim }: Member): Member {
  const swap = ({ view, digest }: Vouch): Vouch => ({ view, digest: digest === A ? B : A });
  const { prepared, accepted } = claim;
  x.mirror[id] ??= memberOf(x, prepared === null ? null : swap(prepared), accepted.map(swap));
  return x.mirror[id];
}

function* flatMapNodes(
  x: Explorer,
  nodes: readonly Node[],
  next: (x: Explorer, node: Node) => Iterable<Node>,
): Iterable<Node> {
  for (const node of nodes) {
    if (x.violation !== null) return;
    yield* next(x, node);
  }
}

/** The nodes without those that differ from an earlier one in names only. */
function distinct(x: Explorer, nodes: Iterable<Node>): Node[] {
  const found = new Map<string, Node>();
  for (const node of nodes) {
    const { members, committed, offered } = node;
    const mirrored = members.map((member) => mirrorOf(x, member));
    const key = `${keyOf(members)} ${committed} ${offered}`;
    if (found.has(key) || found.has(`${keyOf(mirrored)} ${swapBits(committed)} ${swapBits(offered)}`))
      continue;
    found.set(key, node);
    x.states++;
    if (committed !== 0) x.committed++;
  }
  return [...found.values()];
}

const keyOf = (members: readonly Member[]): string =>
  members
    .map(({ id }) => id)
    .sort(ascending)
    .join();
const ascending = (a: number, b: number): number => a - b;
const swapBits = (values: number): number => ((values & 1) << 1) | (values >> 1);

/** Every group of members that arises when each becomes one of `options`, without regard to order. */
function eachBecomes(members: readonly Member[], options: (member: Member) => readonly Member[]): Member[][] {
  let groups: Member[][] = [[]];
  for (const member of members) {
    const next = new Map<string, Member[]>();
    for (const group of groups)
      for (const option of options(member)) {
        const longer = [...group, option].sort((a, b) => a.id - b.id);
        next.set(longer.map(({ id }) => id).join(), longer);
      }
    groups = [...next.values()];
  }
  return groups;
}

/** The view runs: some accept, of those for whose value there may be enough votes some prepare, and so it commits. */
function* votesOf(x: Explorer, node: Node): Iterable<Node> {
  const { view, offered } = node;
  const accepts = (member: Member): Member[] => [member, ...acceptances(x, member, view, offered)];
  for (const accepted of eachBecomes(node.members, accepts)) {
    const votes = VALUES.map((value) => accepted.filter((member) => hasAccepted(member, view, value)).length);
    const prepares = (member: Member): Member[] => [member, ...preparations(x, member, view, votes)];
    for (const members of eachBecomes(accepted, prepares)) {
      let { committed } = node;
      for (const value of VALUES) {
        const commits = members.filter((member) => hasPrepared(member, view, value)).length;
        const isSlow = commits + x.quorums.r >= x.quorums.agreement;
        if (isSlow || votes[value] === members.length) committed |= 1 << value;
      }
      const next = { parent: node, view, members, committed, offered };
      if (committed === BOTH) blame(x, next, 'both values are committed');
      yield next;
    }
  }
}

const hasAccepted = ({ claim }: Member, view: number, value: number): boolean =>
  claim.accepted[0]?.view === view && claim.accepted[0].digest === DIGESTS[value];
const hasPrepared = ({ claim }: Member, view: number, value: number): boolean =>
  claim.prepared?.view === view && claim.prepared.digest === DIGESTS[value];

function acceptances(x: Explorer, { claim }: Member, view: number, offered: number): Member[] {
  if (claim.accepted[0]?.view === view) return [];
  return VALUES.filter((value) => (offered & (1 << value)) !== 0).map((value) => {
    const digest = DIGESTS[value] as Digest;
    const older = claim.accepted.filter((vouch) => vouch.digest !== digest);
    return memberOf(x, claim.prepared, [{ view, digest }, ...older]);
  });
}

function preparations(x: Explorer, member: Member, view: number, votes: readonly number[]): Member[] {
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
function* nextViews(x: Explorer, node: Node): Iterable<Node> {
  const view = node.view + 1;
  const outcomes = judge(x, node, view);
  const values = (outcomes & FREE) !== 0 ? BOTH : outcomes & BOTH;
  const offers = x.quorums.r > 0 ? [values] : [1, 2].filter((offered) => (values & offered) !== 0);
  const votes = VALUES.map((value) => node.members.filter((m) => hasAccepted(m, node.view, value)).length);
  const late = (member: Member): Member[] => {
    const accepted = [member, ...acceptances(x, member, node.view, node.offered)];
    return [...accepted, ...accepted.flatMap((other) => preparations(x, other, node.view, votes))];
  };
  for (const members of eachBecomes(node.members, late))
    for (const offered of offers) yield { parent: node, view, members, committed: node.committed, offered };
}

/** All outcomes of the selections that this state allows. */
function judge(x: Explorer, node: Node, view: number): number {
  const { members, committed } = node;
  const { u, r, agreement } = x.quorums;
  let all = 0;
  for (let set = 1; set < 1 << members.length; set++) {
    const heard = members.filter((_, i) => (set & (1 << i)) !== 0);
    if (heard.length < agreement - r) continue;
    const outcomes = outcomesOf(x, heard, view);
    all |= outcomes;
    const isEveryone = heard.length >= members.length - (u - r);
    const wrong =
      INVENTED | (committed === 0 ? 0 : FREE | (BOTH & ~committed)) | (isEveryone ? UNDECIDED : 0);
    if ((outcomes & wrong) !== 0) blame(x, node, describeHearing(x, heard, view, wrong));
  }
  return all;
}

function outcomesOf(x: Explorer, heard: readonly Member[], view: number): number {
  const key = `${view} ${heard.map(({ id }) => id).join()}`;
  let outcomes = x.outcomes.get(key);
  if (outcomes === undefined) {
    outcomes = 0;
    for (const lies of liesBeside(x, heard.length, view)) outcomes |= hear(x, heard, lies);
    x.outcomes.set(key, outcomes);
  }
  return outcomes;
}

const hear = (x: Explorer, heard: readonly Member[], lies: readonly SlotClaim[]): number =>
  outcomeOf(ask(x.rule, x.quorums, [...heard.map(({ claim }) => claim), ...lies]));

/** What liars may say beside so many correct members that it is enough for a selection. */
function liesBeside(x: Explorer, correct: number, view: number): readonly SlotClaim[][] {
  const fewest = Math.max(x.quorums.agreement - correct, 0);
  const key = `${view} ${fewest}`;
  let all = x.lies.get(key);
  if (all === undefined) {
    all = combinations(allLies(view), fewest, x.quorums.r);
    x.lies.set(key, all);
  }
  return all;
}

/** Between `fewest` and `most` of these claims, in any order, also repeated. */
function combinations(claims: readonly SlotClaim[], fewest: number, most: number): SlotClaim[][] {
  const all: SlotClaim[][] = [];
  let sized: { chosen: SlotClaim[]; from: number }[] = [{ chosen: [], from: 0 }];
  for (let size = 0; size <= most; size++) {
    if (size >= fewest) all.push(...sized.map(({ chosen }) => chosen));
    sized = sized.flatMap(({ chosen, from }) =>
      claims.slice(from).map((claim, i) => ({ chosen: [...chosen, claim], from: from + i })),
    );
  }
  return all;
}

function blame(x: Explorer, node: Node, what: string): void {
  if (x.violation !== null) return;
  x.violation = [what];
  for (let at: Node | null = node; at !== null; at = at.parent) x.violation.unshift(describeNode(at));
}

const namesOf = (values: number): string => ['nothing', 'a', 'b', 'a or b'][values] ?? '';

const describeNode = ({ view, members, committed, offered }: Node): string =>
  `view ${view} proposes ${namesOf(offered)}: ${members.map(({ claim }) => describeClaim(claim)).join(' | ')}, ` +
  `committed: ${namesOf(committed)}`;

function describeHearing(x: Explorer, heard: readonly Member[], view: number, wrong: number): string {
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
