/**
 * Cuts that a search has run into, remembered: a set of accounts, and what the links that leave it (or enter it) can still pay. Whoever
 * is refused for a cut would be refused again, after a search as large as the set; a crawler with many accounts could keep a server busy
 * with refusals. Capacities follow every change of a link, so a remembered cut refuses exactly what a search would refuse.
 */

import type { CreditNetwork } from './network.ts';
import { settleLink } from './recovery.ts';

export interface Cut {
  /** `out`: what leaves the set is bounded; `in`: what enters it is. */
  readonly side: 'out' | 'in';
  /** Units that the links over the cut can pay in that direction. */
  capacity: number;
  /** Recovery changes capacities without being asked for: the cut holds for this period. */
  readonly period: number;
}

export interface Cuts {
  /** By account: the number of the cut that it lies behind; 0: of none. */
  of: Uint32Array;
  readonly byNumber: Map<number, Cut>;
  next: number;
}

export const createCuts = (nodes: number): Cuts => ({
  of: new Uint32Array(nodes),
  byNumber: new Map(),
  next: 1,
});

export function growCuts(cuts: Cuts, nodes: number): void {
  const larger = new Uint32Array(nodes);
  larger.set(cuts.of);
  cuts.of = larger;
}

/** Sets smaller than this are searched again as fast as they are remembered. */
const MEMBERS_MIN = 64;
/** Cuts at a time; one for each direction is what a crawl makes. */
const CUTS_MAX = 64;

/** Whether a remembered cut between the two cannot pay so much. */
export function isCutOff(network: CreditNetwork, from: number, to: number, amount: number): boolean {
  const { cuts } = network;
  if (cuts.byNumber.size === 0) return false;
  const [a, b] = [cuts.of[from] as number, cuts.of[to] as number];
  return a !== b && (isBelow(network, a, 'out', amount) || isBelow(network, b, 'in', amount));
}

function isBelow(
  { cuts, period }: CreditNetwork,
  number: number,
  side: Cut['side'],
  amount: number,
): boolean {
  const cut = cuts.byNumber.get(number);
  return cut !== undefined && cut.side === side && cut.period === period && cut.capacity < amount;
}

/** Remembers the set that the last search reached before it ran dry, unless it is small. Nothing of the payment may be left. */
export function rememberCut(network: CreditNetwork): void {
  const { search, cuts, period } = network;
  if (search.dry !== 'from' && search.dry !== 'to') return;
  const isOut = search.dry === 'from';
  const members = isOut
    ? search.ahead.subarray(0, search.aheadTail)
    : search.behind.subarray(0, search.behindTail);
  if (members.length < MEMBERS_MIN) return;
  if (cuts.byNumber.size === CUTS_MAX) forgetCuts(cuts);
  const number = cuts.next;
  cuts.next += 1;
  for (const node of members) {
    // A set that lost a member has other links over its cut.
    cuts.byNumber.delete(cuts.of[node] as number);
    cuts.of[node] = number;
  }
  const capacity = capacityOf(network, members, number, isOut);
  cuts.byNumber.set(number, { side: isOut ? 'out' : 'in', capacity, period });
}

function capacityOf(network: CreditNetwork, members: Uint32Array, number: number, isOut: boolean): number {
  const { cuts, starts, ends, targets } = network;
  const units = isOut ? network.out : network.back;
  let capacity = 0;
  for (const node of members)
    for (let at = starts[node] as number; at < (ends[node] as number); at += 1) {
      if (cuts.of[targets[at] as number] === number) continue;
      settleLink(network, node, at);
      capacity += units[at] as number;
    }
  return capacity;
}

export function forgetCuts(cuts: Cuts): void {
  cuts.byNumber.clear();
  cuts.of.fill(0);
}

/** Takes note that `from` can pay so many more units (negative: fewer) to `to` than before. */
export function noteCapacity({ cuts }: CreditNetwork, from: number, to: number, more: number): void {
  const [a, b] = [cuts.of[from] as number, cuts.of[to] as number];
  if (a === b) return;
  const out = cuts.byNumber.get(a);
  if (out?.side === 'out') out.capacity += more;
  const into = cuts.byNumber.get(b);
  if (into?.side === 'in') into.capacity += more;
}
