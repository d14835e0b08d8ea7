/**
 * Learning the log from order replicas (DESIGN section 9, rule 1; UpRight's NextBatch in three flavours). A point of the log is
 * proven when r + 1 say that it is committed, when a certificate quorum has made sure of it in one view, or when all have
 * accepted it in one view: whichever comes first. Histories chain, so what completes a slot completes its prefix.
 */

import { assert, type Env, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { rollbackExecution } from '../execution/execution.ts';
import type { Link } from '../governance/link.ts';
import type { Message } from '../replica/messages.ts';
import type { NextBatch } from './messages.ts';
import {
  agreedEnd,
  type Claim,
  claimsBetween,
  endOf,
  goOnFrom,
  type Point,
  type Source,
  takeNextBatch,
} from './source.ts';
import { exposedEnd, feeders, heard, type LearnerState, lastHeard, sourceOf } from './state.ts';

/** What an order replica says of its log. */
export function onNextBatch(l: LearnerState, env: Env<Message>, from: NodeId, m: NextBatch): void {
  const source = sourceOf(l, from);
  if (source === undefined) return;
  const agrees = takeNextBatch(l.keys.hash, source, m, l.proven, lastHeard(l));
  if (!agrees) strikeFor(source, l.proven, env);
}

/** What it had only accepted may have been given up; what it says is committed may not. */
function strikeFor({ id, committed }: Source, proven: Point, env: Env<Message>): void {
  if (committed >= proven.slot)
    env.note({ kind: 'strike', peer: id, why: 'a committed log that is not the one' });
}

/** Draws the conclusions from what all say. Called from `settle`. */
export function prove(l: LearnerState, env: Env<Message>): void {
  while (proveNext(l, env));
}

/** Goes on to the furthest point that is proven and to which somebody's claims lead; where none leads there is a hole: it is asked for. */
function proveNext(l: LearnerState, env: Env<Message>): boolean {
  for (const end of provable(l)) {
    const claims = claimsBetween(feeders(l), l.proven, end);
    if (claims === null) continue;
    goOnTo(l, env, end, claims);
    return true;
  }
  return false;
}

function goOnTo(l: LearnerState, env: Env<Message>, end: Point, claims: readonly Claim[]): void {
  for (const [i, claim] of claims.entries()) l.learned.set(l.proven.slot + 1 + i, claim);
  l.proven = end;
  // Who named another log before it was proven which one it is lied as well as who does so after.
  for (const source of feeders(l)) if (!goOnFrom(source, end)) strikeFor(source, end, env);
  retractOther(l, env);
}

/**
 * The points beyond what is proven that are so, too, the furthest first: what members of the epoch in force have agreed on,
 * and where epochs ended, which their certificates prove whoever leads there.
 */
function provable(l: LearnerState): Point[] {
  const { vouching, certificate, fast } = l.config.quorums;
  const sources = heard(l);
  const ends = [
    agreedEnd(sources, 'committed', vouching, false),
    agreedEnd(sources, 'tentative', certificate, true),
    l.config.fastCommit ? agreedEnd(sources, 'accepted', fast, true) : null,
    ...l.ahead.map(({ link }) => endOfEpoch(link)),
  ];
  return ends
    .filter((end): end is Point => end !== null && end.slot > l.proven.slot)
    .sort((a, b) => b.slot - a.slot);
}

const endOfEpoch = ({ certificate: [first] }: Link): Point | null => first ?? null;

/** Takes back what was executed ahead and is not what was proven. */
function retractOther(l: LearnerState, env: Env<Message>): void {
  const isOther = ({ slot, history }: Point): boolean => {
    const claim = l.learned.get(slot);
    return claim !== undefined && !equalBytes(claim.history, history);
  };
  const index = l.speculated.findIndex(isOther);
  const first = l.speculated[index];
  if (first === undefined) return;
  env.note({ kind: 'retracted', slot: first.slot, slots: l.speculated.length - index });
  l.retractions++;
  rollbackExecution(l.execution, first.before);
  l.speculated.splice(index);
  // Checkpoints of what was taken back are void with their marks.
  l.own = l.own.filter((own) => own.slot < first.slot);
}

/** The batch to be executed next: proven, or accepted by one who does not lie if this learner speculates. */
export function nextClaim(l: LearnerState): Claim | null {
  const { execution, proven } = l;
  const number = execution.executed + 1;
  if (number <= proven.slot) return l.learned.get(number) ?? null;
  if (!l.config.speculates) return null;
  const end = agreedEnd(heard(l), 'accepted', l.config.quorums.vouching, false);
  if (end === null || end.slot < number) return null;
  const claims = claimsBetween(feeders(l), proven, end);
  const before = execution.executed === proven.slot ? proven : claims?.[execution.executed - proven.slot - 1];
  const isOn = before !== undefined && equalBytes(before.history, execution.history);
  return isOn ? (claims?.[number - proven.slot - 1] ?? null) : null;
}

/** Tells order replicas where this learner stands, so that they go on from there. */
export function tellWhere(l: LearnerState, env: Env<Message>): void {
  l.toldAt = env.now;
  for (const source of feeders(l)) {
    const known = source.start.slot === l.proven.slot ? endOf(source) : l.proven.slot;
    env.send(source.id, {
      type: 'last-executed',
      epoch: l.config.epoch,
      executed: exposedEnd(l),
      known,
      isSupplier: source.id === l.supplier,
    });
  }
}

/** True if there is a proven point to which nobody's claims lead: some were lost. */
export const hasHole = (l: LearnerState): boolean => provable(l).length > 0;

/** After the state jumped: the log goes on from there, and what was known beyond is asked for again. */
export function learnFrom(l: LearnerState, point: Point): void {
  assert(point.slot === l.execution.executed, 'learning goes on from what is executed');
  l.proven = point;
  l.learned.clear();
  l.speculated = [];
  l.retractions++;
  for (const slot of l.contents.keys()) if (slot <= point.slot) l.contents.delete(slot);
  for (const source of feeders(l)) Object.assign(source, { start: point, claims: [] });
}
