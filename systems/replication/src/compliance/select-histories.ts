/**
 * Random histories of one slot under a rule that selects values for new views: for fault models and more views than
 * `select-exploration.ts` can exhaust, with its properties, and with more that may happen to a correct member. Long after
 * its VIEW-CHANGE it may still accept and prepare in the view that it left, though without a vote; and a restart may lose
 * what it prepared, unless it has told others in a COMMIT.
 */

import { createPrng, type Digest, type Prng } from '@concordat/kernel';
import { type FaultModel, type Quorums, quorumsOf } from '../fault-model.ts';
import type { SlotClaim, Vouch } from '../replica/messages.ts';
import { allLies, ask, DIGESTS, describeClaim, nameOf, type SelectRule } from './select-exploration.ts';

export interface Sample {
  readonly runs: number;
  /** Runs in which something commits. */
  readonly committed: number;
  /** The first run that goes wrong, one step per line; null if none does. */
  readonly violation: readonly string[] | null;
}

interface Memory {
  accepted: readonly Vouch[];
  prepared: Vouch | null;
  /** What it last prepared and sent a COMMIT for. */
  journaled: Vouch | null;
}

/** What happens in one view. */
interface View {
  readonly offered: readonly Digest[];
  /** Votes of correct members by value. */
  readonly votes: Map<Digest, number>;
}

interface History {
  readonly quorums: Quorums;
  readonly rule: SelectRule;
  readonly random: Prng;
  readonly lies: readonly SlotClaim[][];
  readonly memories: readonly Memory[];
  readonly views: View[];
  committed: Digest | null;
  /** What happened, if someone will read it. */
  readonly lines: string[] | null;
  isViolated: boolean;
}

const PROPOSED = DIGESTS.slice(0, 2);
/** Hearings at each change of views, beside that of all correct members. */
const HEARINGS = 1;

/** Plays this many runs, each of another seed, and stops at the first that goes wrong. */
export function sample(model: FaultModel, views: number, rule: SelectRule, runs: number): Sample {
  const lies = Array.from({ length: views + 1 }, (_, view) => allLies(view));
  let committed = 0;
  for (let seed = 0; seed < runs; seed++) {
    const history = createHistory(model, rule, lies, seed, null);
    play(history, views);
    if (history.committed !== null) committed++;
    if (!history.isViolated) continue;
    const lines = [`seed ${seed}`];
    play(createHistory(model, rule, lies, seed, lines), views);
    return { runs: seed + 1, committed, violation: lines };
  }
  return { runs, committed, violation: null };
}

function createHistory(
  model: FaultModel,
  rule: SelectRule,
  lies: readonly SlotClaim[][],
  seed: number,
  lines: string[] | null,
): History {
  const random = createPrng(seed, 'histories');
  const quorums = quorumsOf(model);
  const memories = Array.from({ length: quorums.members - quorums.r }, () => ({
    accepted: [],
    prepared: null,
    journaled: null,
  }));
  return { quorums, rule, random, lies, memories, views: [], committed: null, lines, isViolated: false };
}

function play(h: History, views: number): void {
  let offered: readonly Digest[] =
    h.quorums.r > 0 && h.random.chance(0.5) ? PROPOSED : [h.random.pick(PROPOSED)];
  for (let view = 0; view < views && !h.isViolated; view++) {
    h.views.push({ offered, votes: new Map() });
    runView(h, view);
    for (const memory of h.memories) {
      if (h.random.chance(0.15)) fallBehind(h, memory, view);
      if (h.random.chance(0.1)) memory.prepared = memory.journaled;
    }
    offered = selectNext(h, view + 1);
  }
}

const oftenness = (random: Prng): number => random.pick([0, 0.3, 0.5, 0.7, 0.9, 1]);

/** Some accept, of those with enough votes some prepare, of these some send COMMITs. */
function runView(h: History, view: number): void {
  const { random, quorums, memories } = h;
  const { offered, votes } = h.views[view] as View;
  const [accepting, agreeing, preparing, committing] = [0, 0, 0, 0].map(() => oftenness(random)) as [
    number,
    number,
    number,
    number,
  ];
  for (const memory of offered.length > 0 ? memories : []) {
    if (!random.chance(accepting)) continue;
    const digest = random.chance(agreeing) ? (offered[0] as Digest) : random.pick(offered);
    accept(memory, { view, digest });
    votes.set(digest, (votes.get(digest) ?? 0) + 1);
  }
  const commits = new Map<Digest, number>();
  for (const memory of memories) {
    if (!mayPrepare(h, memory, view) || !random.chance(preparing)) continue;
    memory.prepared = memory.accepted[0] as Vouch;
    if (!random.chance(committing)) continue;
    memory.journaled = memory.prepared;
    const { digest } = memory.prepared;
    commits.set(digest, (commits.get(digest) ?? 0) + 1);
  }
  for (const digest of PROPOSED) {
    const isSlow = (commits.get(digest) ?? 0) + quorums.r >= quorums.agreement;
    if (isSlow || votes.get(digest) === memories.length) commit(h, digest);
  }
  note(h, `view ${view} proposes ${offered.map(nameOf).join(' or ')}`);
}

function accept(memory: Memory, vouch: Vouch): void {
  memory.accepted = [vouch, ...memory.accepted.filter(({ digest }) => digest !== vouch.digest)];
}

/** True if it accepted in `view` what enough others voted for. */
function mayPrepare({ views, quorums }: History, { accepted, prepared }: Memory, view: number): boolean {
  const latest = accepted[0];
  if (latest?.view !== view || prepared?.view === view) return false;
  return (views[view]?.votes.get(latest.digest) ?? 0) + quorums.r >= quorums.agreement;
}

function commit(h: History, digest: Digest): void {
  if (h.committed !== null && h.committed !== digest) blame(h, `${nameOf(digest)} is committed, too`);
  h.committed ??= digest;
}

/** In a view that it has not left for a later one, a member accepts or prepares once more, after its VIEW-CHANGE. */
function fallBehind(h: History, memory: Memory, current: number): void {
  const from = memory.accepted[0]?.view ?? 0;
  const view = from + h.random.below(current - from + 1);
  const { offered } = h.views[view] as View;
  if (memory.accepted[0]?.view !== view && offered.length > 0)
    accept(memory, { view, digest: h.random.pick(offered) });
  if (h.random.chance(0.5) && mayPrepare(h, memory, view)) memory.prepared = memory.accepted[0] as Vouch;
}

/** What the primary of the next view may propose, after the properties are checked. */
function selectNext(h: History, view: number): readonly Digest[] {
  const { u, r, agreement } = h.quorums;
  const results: (Digest | null)[] = [];
  for (let i = 0; i < HEARINGS; i++) {
    const liars = h.random.below(r + 1);
    const correct = Math.max(agreement - liars, 0) + (h.random.chance(0.3) ? 1 : 0);
    const result = listen(h, view, Math.min(correct, h.memories.length), liars);
    if (result !== undefined) results.push(result);
  }
  const everyone = listen(h, view, h.memories.length - h.random.below(u - r + 1), h.random.below(r + 1));
  if (everyone === undefined) blame(h, 'all correct members do not decide');
  else results.push(everyone);
  const chosen = r > 0 && h.random.chance(0.5) ? results : results.slice(-1);
  const isFree = chosen.includes(null);
  const values = PROPOSED.filter((digest) => isFree || chosen.includes(digest));
  if (h.random.chance(0.5)) values.reverse();
  return r > 0 ? values : values.slice(0, 1);
}

function listen(h: History, view: number, correct: number, liars: number): Digest | null | undefined {
  const rest = [...h.memories];
  while (rest.length > correct) rest.splice(h.random.below(rest.length), 1);
  const heard = [...rest.map(claimOf), ...conspire(h, view, liars)];
  const selected = ask(h.rule, h.quorums, heard);
  const isInvented = selected === DIGESTS[2];
  const isLost = h.committed !== null && selected !== undefined && selected !== h.committed;
  if (h.lines !== null && (isInvented || isLost || selected === undefined))
    h.lines.push(`view ${view} hears ${heard.map(describeClaim).join(' | ')}, of which ${liars} lie`);
  if (isInvented || isLost)
    blame(h, `selected: ${selected === null ? 'nothing' : nameOf(selected as Digest)}`);
  return selected;
}

const claimOf = ({ prepared, accepted }: Memory): SlotClaim => ({ slot: 1, prepared, accepted });

/** Any lies, often the same. */
function conspire({ random, lies }: History, view: number, liars: number): SlotClaim[] {
  const first = random.pick(lies[view] as SlotClaim[]);
  const together = random.chance(0.5);
  return Array.from({ length: liars }, () => (together ? first : random.pick(lies[view] as SlotClaim[])));
}

function note(h: History, what: string): void {
  if (h.lines === null) return;
  const claims = h.memories.map((memory) => describeClaim(claimOf(memory))).join(' | ');
  h.lines.push(`${what}: ${claims}, committed: ${h.committed === null ? 'nothing' : nameOf(h.committed)}`);
}

function blame(h: History, what: string): void {
  h.isViolated = true;
  h.lines?.push(what);
}
