/**
 * How links recover, worked out when they are looked at: no sweep over all links. A period moves units from the direction that
 * has more than it began with to the one that has less, so the sum stays. Reserved units are in neither direction and wait.
 * Between two changes of a link, recovering twice is the same as recovering once: a replayed history ends where it did.
 */

import type { Recovery } from '../policies/policy.ts';
import { noteCapacity } from './cuts.ts';
import { type CreditNetwork, placeBetween } from './network.ts';

/** What is left of a debt of `units` after so many periods. */
export function debtAfter(recovery: Recovery, units: number, periods: number): number {
  if (recovery.kind === 'linear') return Math.max(0, units - recovery.units * periods);
  let left = units;
  // Period by period, so that rounding does not depend on when somebody looked.
  for (let i = 0; i < periods && left > 0; i += 1) left = Math.trunc(left * (1 - recovery.share));
  return left;
}

/**
 * Units that go from one direction of a link to the other (negative: the other way) in so many periods, by what both have left and
 * began with.
 */
export function recovering(
  recovery: Recovery,
  periods: number,
  [own, ownBase]: readonly [number, number],
  [other, otherBase]: readonly [number, number],
): number {
  const paid = Math.min(ownBase - own, other - otherBase);
  const got = Math.min(otherBase - other, own - ownBase);
  const owed = Math.max(paid, got);
  if (owed <= 0) return 0;
  const moved = owed - debtAfter(recovery, owed, periods);
  return paid > 0 ? -moved : moved;
}

/** Lets the link at `place` of `node`'s row recover up to the current period, in both its copies. */
export function settleLink(network: CreditNetwork, node: number, place: number): void {
  const { policy, period, stamps, out, back, base } = network;
  const periods = period - (stamps[place] as number);
  if (periods === 0 || policy.recovery === null) return;
  const twin = placeBetween(network, network.targets[place] as number, node);
  stamps[place] = period;
  stamps[twin] = period;
  const own: [number, number] = [out[place] as number, base[place] as number];
  const other: [number, number] = [back[place] as number, base[twin] as number];
  const units = recovering(policy.recovery, periods, own, other);
  if (units !== 0) transfer(network, place, twin, units);
}

/** Moves `units` of what the row of `place` can pay to its twin (negative: back). The link has recovered. */
export function transfer(network: CreditNetwork, place: number, twin: number, units: number): void {
  const { out, back } = network;
  const own = (out[place] as number) - units;
  const other = (back[place] as number) + units;
  out[place] = own;
  back[twin] = own;
  back[place] = other;
  out[twin] = other;
  if (network.cuts.byNumber.size > 0) noteMoved(network, place, twin, -units, units);
}

function noteMoved(network: CreditNetwork, place: number, twin: number, own: number, other: number): void {
  const { targets } = network;
  const [node, target] = [targets[twin] as number, targets[place] as number];
  noteCapacity(network, node, target, own);
  noteCapacity(network, target, node, other);
}

/** Adds to what each direction of a link has left: what `place`'s node can pay, and what its other end can. */
export function adjust(
  network: CreditNetwork,
  place: number,
  twin: number,
  own: number,
  other: number,
): void {
  const { out, back } = network;
  out[place]! += own;
  back[twin]! += own;
  back[place]! += other;
  out[twin]! += other;
  if (network.cuts.byNumber.size > 0) noteMoved(network, place, twin, own, other);
}

/** Lets all links of an account recover: what one looks at before adding them up. */
export function settleRow(network: CreditNetwork, node: number): void {
  if (network.policy.recovery === null) return;
  const end = network.ends[node] as number;
  for (let at = network.starts[node] as number; at < end; at += 1) settleLink(network, node, at);
}
